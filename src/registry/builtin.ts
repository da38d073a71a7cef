// The registry of everything that ships with the package.

import { localExecutor } from '../sweep/executors/local.ts';
import { gridSearch } from '../sweep/space.ts';
import { Registry } from './registry.ts';

/** A new registry each time: the plugins of one spec are added to its own. */
export function builtinRegistry(): Registry {
  return new Registry([gridSearch, localExecutor]);
}

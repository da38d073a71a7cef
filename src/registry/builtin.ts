// The registry of everything that ships with the package.

import { local } from '../engine/builder.ts';
import { Registry } from './registry.ts';

/** A new registry each time: the plugins of one spec are added to its own. */
export function builtinRegistry(): Registry {
  return new Registry([local]);
}

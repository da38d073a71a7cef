// What a command line gives as a spec file would: fields, and plugins.

import type { Registry } from '../registry/registry.ts';
import type { JsonObject } from '../util/json.ts';
import { COMMAND_LINE } from './diagnostics.ts';
import { loadPlugins } from './plugins.ts';
import { type MappingNode, placeAt } from './tree.ts';
import type { SpecDocument } from './types.ts';

/** Registers the builders of plugins. @throws SpecError for one that cannot be loaded */
export async function addPlugins(files: readonly string[], registry: Registry, cwd: string): Promise<void> {
  await loadPlugins(documentOf(emptyMapping(cwd), { plugins: [...files] }), registry);
}

export function emptyMapping(cwd: string): MappingNode {
  return { kind: 'mapping', entries: new Map(), place: { file: COMMAND_LINE, line: 0, column: 0, directory: cwd } };
}

export function documentOf(root: MappingNode, value: JsonObject): SpecDocument {
  return {
    value,
    template: value,
    placeOf: (path, part = 'value') => placeAt(root, path, part),
    file: COMMAND_LINE,
  };
}

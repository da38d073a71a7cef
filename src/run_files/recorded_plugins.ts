// The plugins that a run's record names: whoever reads the run again needs the builders that it was made with.

import type { Registry } from '../registry/registry.ts';
import type { SpecDocument } from '../spec/types.ts';
import { shortPath } from '../util/files.ts';
import type { JsonObject } from '../util/json.ts';

/**
 * Adds the builders of the plugins that the spec of a run names; as with `run`, naming them is what allows their code.
 * @throws SpecError for one that cannot be loaded
 */
export async function loadRecordedPlugins(directory: string, spec: JsonObject, registry: Registry): Promise<void> {
  if (!Array.isArray(spec.plugins) || spec.plugins.length === 0) return;
  const { loadPlugins } = await import('../spec/plugins.ts');
  await loadPlugins(documentOf(directory, spec), registry);
}

/** A resolved spec as a document: errors in it have no better place than the record. */
function documentOf(directory: string, spec: JsonObject): SpecDocument {
  const place = { file: `${shortPath(directory)}/run.json`, line: 1, column: 1, directory };
  return { value: spec, template: spec, placeOf: () => place, file: place.file };
}

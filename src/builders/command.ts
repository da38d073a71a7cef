// cookbook builders: what a spec can name, and what each of them takes.

import type { Registry } from '../registry/registry.ts';
import { type LoadOptions, loadDocument } from '../spec/load.ts';
import { loadPlugins } from '../spec/plugins.ts';
import { type CatalogEntry, catalog, formatCatalog, formatEntry } from './catalog.ts';

export interface BuildersOptions extends Omit<LoadOptions, 'overrides'> {
  /** Only the builder of this name, with its parameters; or the slot of this name. */
  name: string | undefined;
  /** Only builders of this slot. */
  slot: string | undefined;
  /** A spec whose plugins count too. */
  spec: string | undefined;
  /** Columns of the terminal. */
  width: number;
}

export async function buildersCommand(
  { name, slot, spec, width, cwd, env }: BuildersOptions,
  registry: Registry,
): Promise<{ builders: CatalogEntry[]; text: string }> {
  if (spec !== undefined) await loadPlugins(await loadDocument(spec, { overrides: [], cwd, env }), registry);
  const builders = catalog(registry, { slot, name });
  const isList = builders.every((builder) => builder.name !== name);
  if (isList) return { builders, text: formatCatalog(builders, width) };
  return { builders, text: builders.map((builder) => formatEntry(builder, width)).join('\n\n') };
}

// A user's own builders: modules that a spec names are imported, and what they export is registered before the spec is read.

import { existsSync } from 'node:fs';
import { Kind } from '@sinclair/typebox';
import type { AnyBuilder } from '../registry/builder.ts';
import type { Registry } from '../registry/registry.ts';
import { type Diagnostic, messageOf, SpecError } from '../util/errors.ts';
import { definitionProblems } from './definitions.ts';
import { diagnosticAt } from './diagnostics.ts';
import { absolutePath } from './location.ts';
import type { SpecDocument, SpecPath } from './types.ts';

/**
 * Imports the `plugins` of a document, TypeScript or JavaScript, in their order. What is no list of texts is left to
 * resolving, which says so.
 * @throws SpecError at the line that names a plugin which cannot be loaded or used.
 */
export async function loadPlugins(document: SpecDocument, registry: Registry): Promise<void> {
  const { plugins } = document.value;
  if (!Array.isArray(plugins) || plugins.length === 0) return;
  const load = await createLoader();
  const diagnostics: Diagnostic[] = [];
  for (const [index, plugin] of plugins.entries()) {
    if (typeof plugin !== 'string' || plugin.trim() === '') continue;
    const path: SpecPath = ['plugins', index];
    const place = document.placeOf(path);
    for (const problem of await registerPlugin(absolutePath(plugin, place.directory), load, registry)) {
      diagnostics.push(diagnosticAt(place, path, `${plugin}: ${problem}`));
    }
  }
  if (diagnostics.length > 0) throw new SpecError(diagnostics);
}

type Loader = (path: string) => Promise<unknown>;

/** The plugin's import of `tinker-cookbook` is this very instance of it: its errors are known here as such. */
async function createLoader(): Promise<Loader> {
  const [{ createJiti }, ourselves] = await Promise.all([import('jiti'), import('../index.ts')]);
  const jiti = createJiti(import.meta.url, { virtualModules: { 'tinker-cookbook': ourselves }, interopDefault: false });
  return (path) => jiti.import(path);
}

/** What is wrong with a plugin; empty if its builders are registered. */
async function registerPlugin(path: string, load: Loader, registry: Registry): Promise<string[]> {
  if (!existsSync(path)) return [`there is no such file: ${path}`];
  let exported: unknown;
  try {
    exported = await load(path);
  } catch (error) {
    return [`cannot be loaded: ${failure(error)}`];
  }
  const values: unknown[] = typeof exported === 'object' && exported !== null ? Object.values(exported) : [];
  const builders = values.filter(isBuilder);
  if (builders.length === 0) return ['exports no builder; export what defineBuilder returns'];
  const taken = builders.flatMap((builder) => {
    try {
      registry.add(builder);
      return [];
    } catch (error) {
      return [messageOf(error)];
    }
  });
  return [...taken, ...builders.flatMap((builder) => definitionProblems(builder, registry))];
}

function isBuilder(value: unknown): value is AnyBuilder {
  if (typeof value !== 'object' || value === null) return false;
  const { slot, name, version, doc, params, definition }: Partial<Record<keyof AnyBuilder, unknown>> = value;
  return (
    [slot, name, doc].every((text) => typeof text === 'string') &&
    typeof version === 'number' &&
    typeof definition === 'object' &&
    typeof params === 'object' &&
    params !== null &&
    Kind in params
  );
}

/** The message on one line, and the line of the user's code that it comes from. */
function failure(error: unknown): string {
  const message = (messageOf(error).split('\nRequire stack:')[0] ?? '').replace(/\s+/g, ' ').trim();
  const stack = error instanceof Error ? (error.stack ?? '') : '';
  const frame = /^ *at (?!.*(?:node:|node_modules)).*?(\/[^()]*:\d+):\d+\)?$/m.exec(stack)?.[1];
  return frame === undefined ? message : `${message} (${frame})`;
}

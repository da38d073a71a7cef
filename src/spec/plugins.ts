// A user's own builders: modules that a spec names are imported, and what they export is registered before the spec is read.

import { type Stats, statSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { Kind } from '@sinclair/typebox';
import type { AnyBuilder } from '../registry/builder.ts';
import type { Registry } from '../registry/registry.ts';
import { type Diagnostic, messageOf, SpecError } from '../util/errors.ts';
import { definitionProblems } from './definitions.ts';
import { diagnosticAt } from './diagnostics.ts';
import { absolutePath } from './location.ts';
import { nearPathsHint } from './near_files.ts';
import { describeFailure } from './plugin_failure.ts';
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

/**
 * The plugin's import of `tinker-cookbook` is this very instance of it: its errors are known here as such. It is the whole
 * package, which lies above this floor, so it is asked for by its name.
 */
async function createLoader(): Promise<Loader> {
  const [{ createJiti }, ourselves] = await Promise.all([import('jiti'), import('tinker-cookbook')]);
  const jiti = createJiti(import.meta.url, { virtualModules: { 'tinker-cookbook': ourselves }, interopDefault: false });
  return (path) => jiti.import(path);
}

/** What is wrong with a plugin; empty if its builders are registered. */
async function registerPlugin(path: string, load: Loader, registry: Registry): Promise<string[]> {
  const problem = fileProblem(path);
  if (problem !== null) return [problem];
  let exported: unknown;
  try {
    exported = await guarded(() => load(path));
  } catch (error) {
    return [`cannot be loaded: ${describeFailure(error)}`];
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

/** Longer than any import of code takes. */
const LOAD_SECONDS = 60;

/** A megabyte of code is no plugin but something else, by mistake. */
const MAX_BYTES = 4_000_000;

function fileProblem(path: string): string | null {
  if (path.includes('\0')) return 'a path cannot hold the character NUL';
  const stats: Stats | undefined = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return `there is no such file: ${path}${nearPathsHint(path, '/')}`;
  if (stats.isDirectory()) return 'this is a directory; name the file that exports the builders';
  if (!stats.isFile()) return 'this is no regular file';
  return stats.size > MAX_BYTES ? 'the file has more than 4 MB. Is it code?' : null;
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

/** While it loads a module may do anything; what it does to this process is why it cannot be loaded. */
async function guarded<T>(load: () => Promise<T>): Promise<T> {
  const { exit } = process;
  let stopListening = (): void => undefined;
  let timer: NodeJS.Timeout | undefined;
  const failed = new Promise<never>((_, fail) => {
    const starve = () => fail(new Error('it waits for what never comes'));
    // The loader may try a module twice, so this stays until it is done; thrown later, it is an uncaught exception.
    process.exit = (code) => {
      throw new Error(`it calls process.exit(${code ?? ''})`);
    };
    const tooLong = () => fail(new Error(`it is not loaded after ${LOAD_SECONDS} s`));
    timer = setTimeout(tooLong, LOAD_SECONDS * 1000).unref();
    process.on('uncaughtException', fail).on('unhandledRejection', fail).on('beforeExit', starve);
    stopListening = () => {
      process.off('uncaughtException', fail).off('unhandledRejection', fail).off('beforeExit', starve);
    };
  });
  try {
    const loaded = await Promise.race([load(), failed]);
    // A promise that nobody awaits is told of when the microtasks are done.
    await Promise.race([setImmediate(), failed]);
    return loaded;
  } finally {
    process.exit = exit;
    clearTimeout(timer);
    stopListening();
  }
}

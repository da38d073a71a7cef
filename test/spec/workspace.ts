// Spec files in a temporary directory, and what loading and resolving them says.

import { mkdir, mkdtemp, realpath, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Registry } from '../../src/registry/registry.ts';
import { loadDocument } from '../../src/spec/load.ts';
import { loadPlugins } from '../../src/spec/plugins.ts';
import { resolveRunSpec } from '../../src/spec/resolve.ts';
import type { RunSpec } from '../../src/spec/types.ts';
import { messageOf, SpecError } from '../../src/util/errors.ts';
import { toyRegistry } from './toys.ts';

export type Files = Readonly<Record<string, string | Uint8Array>>;

export interface Given {
  overrides?: readonly string[];
  env?: Readonly<Record<string, string>>;
  registry?: Registry;
}

/** A spec that cannot run, and what the user is told of it: the whole of it, to the letter. */
export interface Malformed {
  name: string;
  /** The text of run.yaml; absent where there is to be no such file. */
  yaml?: string | Uint8Array;
  files?: Readonly<Record<string, string | Uint8Array>>;
  overrides?: readonly string[];
  env?: Readonly<Record<string, string>>;
  message: string;
}

export async function workspace(files: Files): Promise<string> {
  const directory = await realpath(await mkdtemp(join(tmpdir(), 'cookbook-spec-')));
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(directory, name)), { recursive: true });
    await writeFile(join(directory, name), content);
  }
  return directory;
}

/** The run spec that `run.yaml` in the directory stands for. */
export async function resolved(
  directory: string,
  { overrides = [], env = {}, registry }: Given = {},
): Promise<RunSpec> {
  const builders = registry ?? toyRegistry();
  const document = await loadDocument('run.yaml', { overrides, cwd: directory, env });
  await loadPlugins(document, builders);
  return resolveRunSpec(document, builders, directory);
}

/** What is wrong with `run.yaml`, as the user sees it, with the directory written `DIR`. */
export async function complaints(directory: string, given: Given = {}): Promise<string> {
  try {
    await resolved(directory, given);
  } catch (error) {
    if (!(error instanceof SpecError)) throw error;
    return messageOf(error).replaceAll(directory, 'DIR');
  }
  return 'nothing is wrong';
}

/** The smallest valid spec, four lines long, and lines after it. */
export function spec(...lines: string[]): string {
  return [
    'trainer: supervised',
    'log_path: runs/one',
    'model_name: a-hub/model',
    'dataset: {builder: conversation_file, file_path: data.jsonl, batch_size: 2}',
    ...lines,
    '',
  ].join('\n');
}

export const DATA: Files = { 'data.jsonl': '{"messages": []}\n' };

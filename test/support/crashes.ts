// What runs that were killed are held against, and how they are killed.

import type { ChildProcess } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { supportFile } from '../run/support/processes.ts';

/** An `onLine` of `cookbook` that kills the process with SIGKILL after a number of lines of progress. */
export function killAfterLines(lines: number): (number: number, child: ChildProcess) => void {
  return (number, child) => {
    if (number > lines) child.kill('SIGKILL');
  };
}

/** The environment of a process that is killed right before a call that changes a file whose path begins with `below`; 0 = never. */
export function killBeforeCall(call: number, below: string): Record<string, string> {
  return {
    NODE_OPTIONS: `--import ${supportFile('fault.mjs')}`,
    FAULT: `SIGKILL:${call}`,
    FAULT_DIRECTORY: below,
  };
}

/** How many such calls a process has made that was not killed. */
export function callsOf({ stderr }: { stderr: string }): number {
  return Number(/(\d+) calls/.exec(stderr)?.[1]);
}

/** The rows of metrics.jsonl without what a clock decides. */
export async function timelessRows(directory: string): Promise<unknown[]> {
  const text = await readFile(join(directory, 'metrics.jsonl'), 'utf8');
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line, (key, value) => (key.startsWith('time/') ? undefined : value)));
}

export async function finalWeights(directory: string): Promise<string> {
  return await readFile(join(directory, 'checkpoints/weights/final/adapter_model.safetensors'), 'base64');
}

/** Files that tell of attempts and times, or of where the run lies. */
const OF_ATTEMPTS = new Set(['config.json', 'logs.log', 'run.json', 'status.json', 'timing_spans.jsonl']);

/** Every file of a run by its name, byte for byte but for what a clock decides. */
export async function timelessFiles(directory: string): Promise<Record<string, unknown>> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const names = entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => relative(directory, join(parentPath, name)));
  const files = await Promise.all(
    names.sort().map(async (name): Promise<[string, unknown]> => [name, await timeless(directory, name)]),
  );
  return Object.fromEntries(files);
}

async function timeless(directory: string, name: string): Promise<unknown> {
  if (OF_ATTEMPTS.has(name)) return 'of attempts';
  if (name === 'metrics.jsonl') return await timelessRows(directory);
  const text = await readFile(join(directory, name), 'latin1');
  // Checkpoints have a digest of the rows before them, with their times.
  return name === 'checkpoints.jsonl' ? text.replaceAll(/"metrics":"[0-9a-f]+"/g, '') : text;
}

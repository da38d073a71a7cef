// What runs that were killed are held against, and how they are killed.

import type { ChildProcess } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** An `onLine` of `cookbook` that kills the process with SIGKILL after a number of lines of progress. */
export function killAfterLines(lines: number): (number: number, child: ChildProcess) => void {
  return (number, child) => {
    if (number > lines) child.kill('SIGKILL');
  };
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

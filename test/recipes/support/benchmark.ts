// Benchmarks built from rows, what they ask, and what they make of a reply.

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { builtinRegistry } from '../../../src/builtin.ts';
import {
  type Benchmark,
  type BenchmarkContext,
  type BenchmarkExample,
  benchmarkSlot,
} from '../../../src/evaluation/types.ts';
import { tokensOf } from '../../../src/tinker/types.ts';
import { plainRenderer } from '../../rl/support/renderer.ts';
import { temporaryDirectory } from '../../support/temporary_directory.ts';

export const renderer = plainRenderer();
export const context = { tokenizer: renderer.tokenizer, renderer, seed: 0, warn: () => undefined };

export async function benchmark(
  builder: string,
  params: object = {},
  rows?: readonly object[],
  within: BenchmarkContext = context,
): Promise<Benchmark> {
  if (rows === undefined) return await builtinRegistry().build(benchmarkSlot, { builder, ...params }, within);
  const file_path = join(await temporaryDirectory(), 'rows.jsonl');
  await writeFile(file_path, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  return await builtinRegistry().build(benchmarkSlot, { builder, file_path, ...params }, within);
}

export async function promptOf({ makeEnv }: BenchmarkExample): Promise<string> {
  const first = await (await makeEnv()).initialObservation();
  return 'overflow' in first ? '' : renderer.tokenizer.decode(tokensOf(first.observation));
}

export async function judged({ makeEnv }: BenchmarkExample, reply: string) {
  const env = await makeEnv();
  await env.initialObservation();
  const tokens = renderer.tokenizer.encode(` ${reply}\n\nUser:`);
  const { reward, logs } = await env.step({ tokens, logprobs: tokens.map(() => 0), stop_reason: 'stop' });
  return [reward, logs?.extracted];
}

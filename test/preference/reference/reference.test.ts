// Log-probs under the reference: each sequence scored once, whatever lies in the file, and shared by the runs of a sweep.

import { appendFile, copyFile, mkdir, mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { builtinRegistry } from '../../../src/builtin.ts';
import { openLocalService } from '../../../src/engine/engine.ts';
import { ReferenceLogprobs } from '../../../src/preference/reference/reference.ts';
import type { RunEvent } from '../../../src/run/events.ts';
import { runFile } from '../../../src/run/run_spec.ts';
import { datumFromModelInputWeights } from '../../../src/supervised/common.ts';
import { modelInputFromTokens } from '../../../src/tinker/types.ts';
import { writeChatModel } from '../../support/chat_model.ts';
import { temporaryDirectory } from '../../support/temporary_directory.ts';

let directory: string;

const SPEC = `
trainer: dpo
model_name: ./model
service: {builder: local, threads: 1}
dataset: {builder: comparison_file, file_path: pairs.jsonl, batch_size: 4, test_size: 2}
learning_rate: 0.01
lora_rank: 2
eval_every: 4
save_every: 0
`;

/** Every second row has the chosen reply of the one before it. */
const ROWS = Array.from({ length: 10 }, (_, i) => ({
  prompt: `hello ${Math.floor(i / 2)}?`,
  chosen: 'or',
  rejected: `he world ${i}`,
}));
const SEQUENCES = 15;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cookbook-reference-'));
  await writeChatModel(join(directory, 'model'));
  await writeChatModel(join(directory, 'short'), 24);
  await writeFile(join(directory, 'pairs.jsonl'), ROWS.map((row) => `${JSON.stringify(row)}\n`).join(''));
  await writeFile(join(directory, 'spec.yaml'), SPEC);
});

/** Runs the spec in a directory below; what it warns of. */
async function run(name: string, ...overrides: string[]): Promise<string[]> {
  const warnings: string[] = [];
  const { status } = await runFile(join(directory, 'spec.yaml'), {
    registry: builtinRegistry(),
    overrides: [`log_path=${join(directory, name)}`, ...overrides],
    cwd: directory,
    env: {},
    argv: [],
    ask: null,
    onEvent: (event: RunEvent) => event.type === 'warning' && warnings.push(event.message),
    signal: new AbortController().signal,
  });
  if (status.state !== 'done') throw new Error(`${status.state}: ${status.error?.message}`);
  return warnings.map((message) => message.replaceAll(`${directory}/`, ''));
}

const read = (...names: string[]) => readFile(join(directory, ...names), 'utf8');

/** All that a run has come to: its rows without what a clock decides, its weights, and what it knows of the reference. */
async function results(name: string): Promise<unknown> {
  const metrics = await read(name, 'metrics.jsonl');
  return {
    rows: metrics
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line, (key, value) => (key.startsWith('time/') ? undefined : value))),
    weights: await readFile(join(directory, name, 'checkpoints/weights/final/adapter_model.safetensors'), 'base64'),
    reference: await read(name, 'reference_logprobs.jsonl'),
  };
}

describe('in a run', () => {
  it('scores a completion once that stands in several pairs', async () => {
    await run('plain');
    const lines = (await read('plain/reference_logprobs.jsonl')).trimEnd().split('\n');
    expect(lines).toHaveLength(SEQUENCES);
    expect(new Set(lines.map((line) => JSON.parse(line).sequence)).size).toBe(SEQUENCES);
  });

  it('goes on from lines that were damaged, or are of another reference, as if they had been whole', async () => {
    await run('other', 'model_name=./short', 'max_steps=1');
    await run('damaged', 'max_steps=1');
    const path = join(directory, 'damaged/reference_logprobs.jsonl');
    const [first, second = '', ...others] = (await readFile(path, 'utf8')).trimEnd().split('\n');
    const changed = second.replace(/"logprob":-(\d)/, (_, digit) => `"logprob":-${(Number(digit) + 1) % 10}`);
    expect(changed).not.toBe(second);
    const foreign = (await read('other/reference_logprobs.jsonl')).split('\n')[0];
    const changedLines = [first, changed, '\0\0\0', '{"sequence":1}', foreign, ...others];
    await writeFile(path, `${changedLines.join('\n')}\n{"seq`);
    const warnings = await run('damaged', 'if_exists=resume');
    expect(warnings).toEqual([
      expect.stringMatching(
        /^damaged\/reference_logprobs\.jsonl: 4 of \d+ lines are damaged or of another reference \(2, 3, 4, 5\): their completions are scored again$/,
      ),
    ]);
    const linesOf = async (name: string) => (await read(name, 'reference_logprobs.jsonl')).split('\n').sort();
    expect(await linesOf('damaged')).toEqual(await linesOf('plain'));
  });

  it('scores completions that fill the whole context of the model', async () => {
    const long = { prompt: 'hi', chosen: 'or '.repeat(20), rejected: 'he '.repeat(20) };
    await writeFile(join(directory, 'long.jsonl'), `${JSON.stringify(long)}\n`.repeat(2));
    const overrides = ['model_name=./short', 'dataset.file_path=long.jsonl', 'dataset.test_size=0'];
    expect(await run('long', ...overrides)).toEqual([
      expect.stringContaining('2 of 2 comparisons cut to max_length 24'),
    ]);
    expect((await read('long/reference_logprobs.jsonl')).trimEnd().split('\n')).toHaveLength(2);
  });
});

describe('in a sweep', () => {
  const sweep = async (name: string) => {
    await mkdir(join(directory, name));
    await writeFile(join(directory, name, 'sweep.json'), '{}');
  };
  const shared = async (name: string) => {
    const [place] = await readdir(join(directory, name, 'reference_logprobs'));
    return join(directory, name, 'reference_logprobs', place ?? '', 'lines.jsonl');
  };

  it('is computed once, and every run ends with the bytes that it has alone', async () => {
    await sweep('sweep');
    await run('alone', 'seed=1', 'dpo_beta=0.5');
    await Promise.all([run('sweep/a'), run('sweep/b', 'seed=1', 'dpo_beta=0.5')]);
    expect(await results('sweep/a')).toEqual(await results('plain'));
    expect(await results('sweep/b')).toEqual(await results('alone'));
    expect((await readFile(await shared('sweep'), 'utf8')).trimEnd().split('\n')).toHaveLength(SEQUENCES);
  });

  it('is not even opened by a run that comes later', async () => {
    const lines = await readFile(await shared('sweep'), 'utf8');
    // Other numbers, rightly signed, would be taken for those of the reference: the run does not look for itself.
    await run('sweep/c', 'seed=2');
    expect(await readFile(await shared('sweep'), 'utf8')).toBe(lines);
    expect(await readdir(join(directory, 'sweep/reference_logprobs'))).toHaveLength(1);
  });

  it('is kept apart for another reference', async () => {
    await run('sweep/d', `reference_model={run: ${join(directory, 'plain')}, checkpoint: final}`, 'max_steps=1');
    expect(await readdir(join(directory, 'sweep/reference_logprobs'))).toHaveLength(2);
  });

  it('is scored again where what is shared is damaged', async () => {
    await sweep('broken');
    await run('broken/a');
    const path = await shared('broken');
    await copyFile(join(directory, 'pairs.jsonl'), path);
    await appendFile(path, 'half a li');
    expect(await run('broken/b')).toEqual([
      expect.stringMatching(/lines\.jsonl: lines are damaged \(10\): their completions are scored again$/),
    ]);
    expect(await results('broken/b')).toEqual(await results('plain'));
  });
});

it('keeps nothing once another process has taken the directory over', async () => {
  const logPath = await temporaryDirectory();
  const service = openLocalService({
    checkpoints: join(logPath, 'checkpoints'),
    threads: 1,
    microbatchTokens: 256,
    seed: 0,
    notify: () => undefined,
  });
  const lost = new AbortController();
  const reference = await ReferenceLogprobs.open({
    logPath,
    lost: lost.signal,
    identity: 'model',
    open: () => service.createSamplingClient({ base_model: join(directory, 'model') }),
    shared: null,
    warn: () => undefined,
  });
  const ask = (token: number) => {
    const chosen = datumFromModelInputWeights(modelInputFromTokens([5, 6, token]), [0, 0, 1], { reduction: 'none' });
    return reference.of([{ chosen, rejected: null, tie: false }], new AbortController().signal);
  };
  await ask(7);
  const kept = await readFile(join(logPath, 'reference_logprobs.jsonl'), 'utf8');
  lost.abort(new Error('the lease is lost'));
  await expect(ask(8)).rejects.toThrow('the lease is lost');
  expect(await readFile(join(logPath, 'reference_logprobs.jsonl'), 'utf8')).toBe(kept);
  await reference.close();
  await service.close();
});

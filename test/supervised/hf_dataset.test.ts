// Conversations of a data set of the hub, by its name: which rows, in which order, and what of them is trained on.

import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { builtinRegistry } from '../../src/builtin.ts';
import { Registry } from '../../src/registry/registry.ts';
import type { RunEvent } from '../../src/run/events.ts';
import { runFile } from '../../src/run/run_spec.ts';
import { readRunRecord } from '../../src/run_files/directory.ts';
import { datasetBuilders } from '../../src/supervised/builders.ts';
import { datasetSlot, type SupervisedDataset } from '../../src/supervised/types.ts';
import { CookbookError } from '../../src/util/errors.ts';
import type { JsonObject } from '../../src/util/json.ts';
import { writeChatModel } from '../support/chat_model.ts';
import { DATASET, hubWith, jsonlOf, parquetOf, SHA } from '../support/hub_data.ts';
import { roleColon, textsOf, tokenizer } from './support/conversations.ts';

afterEach(() => vi.unstubAllEnvs());

const build = (params: JsonObject = {}, seed = 0) =>
  buildRef({ builder: 'hf_dataset', path: DATASET, batch_size: 4, ...params }, seed);

async function buildRef(ref: JsonObject & { builder: string }, seed = 0) {
  const [warnings, notices]: string[][] = [[], []];
  const context = {
    tokenizer,
    renderer: roleColon,
    maxContextLength: 1000,
    seed,
    warn: (message: string) => warnings.push(message),
    notify: (message: string) => notices.push(message),
  };
  return { ...(await new Registry(datasetBuilders).build(datasetSlot, ref, context)), warnings, notices };
}

async function refusal(params: JsonObject = {}): Promise<string> {
  const error: unknown = await build(params).catch((thrown: unknown) => thrown);
  if (!(error instanceof CookbookError)) return 'accepted';
  return [error.message, error.hint ?? ''].join(' | ');
}

async function numbersOf(dataset: SupervisedDataset | null): Promise<number[]> {
  return (await textsOf(dataset)).map((text) => Number(/answer (\d+)/.exec(text)?.[1]));
}

const upTo = (length: number) => Array.from({ length }, (_, index) => index);
const sorted = (numbers: readonly number[]) => numbers.toSorted((a, b) => a - b);

describe('a run on a data set of the hub', () => {
  async function spec(max_steps: number) {
    const directory = await mkdtemp(join(tmpdir(), 'cookbook-hub-run-'));
    await writeChatModel(join(directory, 'model'));
    await writeFile(
      join(directory, 'spec.yaml'),
      `
trainer: supervised
log_path: run
model_name: ./model
service: { builder: local, threads: 1 }
dataset: { builder: hf_dataset, path: ${DATASET}, batch_size: 4, test_size: 4 }
lora_rank: 4
max_steps: ${max_steps}
num_epochs: 3
eval_every: 2
save_every: 2
`,
    );
    const run = (overrides: string[] = [], { signal = new AbortController().signal, onEvent = noEvent } = {}) =>
      runFile(join(directory, 'spec.yaml'), {
        registry: builtinRegistry(),
        overrides,
        cwd: directory,
        env: process.env,
        argv: [],
        ask: null,
        onEvent,
        signal,
      });
    return { directory, run };
  }
  const noEvent = (_: RunEvent): void => undefined;

  /** Of metrics.jsonl, what no clock decides. */
  async function losses(directory: string): Promise<unknown[][]> {
    const text = await readFile(join(directory, 'metrics.jsonl'), 'utf8');
    const rows = text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    return rows.map((row) => [row.step, row.num_sequences, row.train_mean_nll, row['test/nll']]);
  }

  it('trains, is known by the commit, and is the same run when main has not moved', async () => {
    const { hub } = await hubWith({ 'data/train-00000-of-00001.parquet': await parquetOf(0, 20) });
    const { directory, run } = await spec(3);
    const { status } = await run();
    expect(status).toMatchObject({ state: 'done', step: 3 });
    const record = await readRunRecord(join(directory, 'run'));
    expect(record.spec.dataset).toMatchObject({ revision: SHA });
    expect(record.identity.config.dataset).toEqual({
      builder: 'hf_dataset',
      version: 1,
      path: DATASET,
      revision: SHA,
      batch_size: 4,
      test_size: 4,
    });
    const steps = (await losses(join(directory, 'run'))).slice(0, 3);
    expect(steps.map(([step, sequences]) => [step, sequences])).toEqual([
      [0, 4],
      [1, 4],
      [2, 4],
    ]);

    // The commit that it has, named, is the same run, with no network at all.
    await hub.stop();
    vi.stubEnv('HF_HUB_OFFLINE', '1');
    expect((await run([`dataset.revision=${SHA}`])).record.identity.hash).toBe(record.identity.hash);
    expect((await run()).record.identity.hash).toBe(record.identity.hash);
  });

  it('goes on at the very row where it was stopped, in whichever epoch', async () => {
    await hubWith({ 'data/train-00000-of-00001.parquet': await parquetOf(0, 20) });
    const { directory, run } = await spec(9);
    await run(['log_path=whole']);
    for (const last of [1, 5]) {
      const stop = new AbortController();
      const onEvent = (event: RunEvent) => {
        if (event.type === 'step' && event.step >= last) stop.abort();
      };
      expect((await run([], { signal: stop.signal, onEvent })).status.state).toBe('interrupted');
    }
    expect((await run()).status.state).toBe('done');
    expect(await losses(join(directory, 'run'))).toEqual(await losses(join(directory, 'whole')));
  });
});

describe('the rows of a split', () => {
  it('are those of all its files, each once an epoch, in an order of the seeds', async () => {
    await hubWith({
      'data/train-00000-of-00002.parquet': await parquetOf(0, 25),
      'data/train-00001-of-00002.parquet': await parquetOf(25, 40),
      'data/test-00000-of-00001.parquet': await parquetOf(100, 103),
    });
    const { train } = await build();
    expect(train.length).toBe(10);
    const first = await numbersOf(train);
    expect(sorted(first)).toEqual(upTo(40));
    expect(first).not.toEqual(upTo(40));
    train.setEpoch(1);
    const second = await numbersOf(train);
    expect(sorted(second)).toEqual(upTo(40));
    expect(second).not.toEqual(first);
    train.setEpoch(0);
    expect(await numbersOf(train)).toEqual(first);
    expect(await numbersOf((await build({}, 1)).train)).not.toEqual(first);
    expect(await numbersOf((await build({ shuffle_seed: null })).train)).toEqual(upTo(40));
  });

  it('can be read from any step on', async () => {
    await hubWith({ 'train.parquet': await parquetOf(0, 5000, 2048) });
    const { train } = await build();
    const whole = await numbersOf(train);
    const { train: resumed } = await build();
    const texts = await textsOf({ ...resumed, length: 1, getBatch: () => resumed.getBatch(800) });
    expect(texts.map((text) => Number(/answer (\d+)/.exec(text)?.[1]))).toEqual(whole.slice(3200, 3204));
  });
});

describe('a revision', () => {
  it('that is a branch leads to the commit of the branch', async () => {
    const branch = { sha: SHA.replaceAll('0', 'f'), files: new Map([['train.jsonl', jsonlOf(50, 54)]]) };
    await hubWith({ 'train.jsonl': jsonlOf(0, 4) }, { branches: new Map([['refs/convert/parquet', branch]]) });
    expect(sorted(await numbersOf((await build()).train))).toEqual(upTo(4));
    expect(sorted(await numbersOf((await build({ revision: 'refs/convert/parquet' })).train))).toEqual([
      50, 51, 52, 53,
    ]);
    expect(await refusal({ revision: 'v9' })).toContain(`has no data set ${DATASET}, or no revision v9 of it`);
  });
});

describe('held-out rows', () => {
  it('are of the split by its seed alone, and none of them is trained on', async () => {
    await hubWith({ 'train.parquet': await parquetOf(0, 30) });
    const { train, test } = await build({ test_size: 5 });
    const held = await numbersOf(test);
    expect(held).toHaveLength(5);
    expect(sorted([...held, ...(await numbersOf(train))])).toEqual(upTo(30));
    expect(await numbersOf((await build({ test_size: 5 }, 7)).test)).toEqual(held);
    expect(await numbersOf((await build({ test_size: 5, shuffle_seed: 3 })).test)).not.toEqual(held);
    expect(await refusal({ test_size: 30 })).toContain('test_size 30 leaves none of its 30 rows');
  });

  it('can be those of another split, or some of them', async () => {
    await hubWith({ 'train.jsonl': jsonlOf(0, 6), 'validation.jsonl': jsonlOf(6, 12) });
    const whole = await build({ test_split: 'validation' });
    expect(sorted(await numbersOf(whole.test))).toEqual([6, 7, 8, 9, 10, 11]);
    expect(sorted(await numbersOf(whole.train))).toEqual(upTo(6));
    expect(await numbersOf((await build({ test_split: 'validation', test_size: 2 })).test)).toHaveLength(2);
    expect(await refusal({ test_split: 'train' })).toContain('split and test_split are both train');
  });
});

describe('formats of files', () => {
  it('JSON Lines, packed ones, arrays and csv are read like Parquet', async () => {
    const rows = jsonlOf(0, 3);
    const list = `[${rows.toString().trim().split('\n').join(',')}]`;
    const csv = 'prompt,completion\n"question, 0",answer 0\nquestion 1,"answer 1"\n"question 2","answer 2 ""so"""\n';
    const files = {
      'train.jsonl': rows,
      'train.jsonl.gz': gzipSync(rows),
      'train.json': Buffer.from(list),
      'train.csv': csv,
    };
    for (const [path, content] of Object.entries(files)) {
      const { hub } = await hubWith({ [path]: content });
      expect(sorted(await numbersOf((await build()).train)), path).toEqual([0, 1, 2]);
      await hub.stop();
    }
  });

  it('a column that goes by another name is named as for a file', async () => {
    await hubWith({ 'train.csv': 'q,a\nquestion 0,answer 0\n' });
    expect(await refusal()).toContain('the row is of no format that is known here: it has "q", "a"');
    const { train } = await build({ columns: { prompt: 'q', completion: 'a' } });
    expect(await numbersOf(train)).toEqual([0]);
  });
});

describe('rows that cannot be trained on', () => {
  const bad = { messages: [{ role: 'user', content: 'nobody answers' }] };
  const withBad = Buffer.concat([
    jsonlOf(0, 3),
    Buffer.from(`${JSON.stringify(bad)}\n{"messages": 5}\n`),
    jsonlOf(3, 6),
  ]);

  it('stop a run where it meets them, and are named', async () => {
    await hubWith({ 'train.jsonl': withBad });
    const { train, warnings } = await build({ shuffle_seed: null, batch_size: 3 });
    expect(await train.getBatch(0)).toHaveLength(3);
    await expect(train.getBatch(1)).rejects.toThrow(
      'hf://datasets/acme/chats@0123456789ab/train.jsonl: row 5: messages: must be a list of at least one message',
    );
    expect(warnings).toEqual([
      'hf://datasets/acme/chats@0123456789ab/train.jsonl: row 4 is left out, with nothing to train on by train_on_what: all_assistant_messages',
    ]);
  });

  it('are passed over where that is wanted, and the next row stands in their place', async () => {
    await hubWith({ 'train.jsonl': withBad });
    const { train } = await build({ shuffle_seed: null, batch_size: 4, on_bad_row: 'skip' });
    expect(await numbersOf(train)).toEqual([0, 1, 2, 3, 3, 3, 4, 5]);
  });

  it('that are all there is are an error', async () => {
    await hubWith({ 'train.jsonl': `${JSON.stringify(bad)}\n` });
    const { train } = await build();
    await expect(train.getBatch(0)).rejects.toThrow('none of 1 rows that follow one another can be trained on');
  });
});

describe('what there is not', () => {
  it('is told with what there is', async () => {
    await hubWith({
      'main/train.jsonl': jsonlOf(0, 2),
      'main/test.jsonl': jsonlOf(2, 3),
      'socratic/train.jsonl': jsonlOf(3, 4),
    });
    expect(await refusal()).toBe(
      `the data set ${DATASET} has several configurations, and none is its default | Set name to one of main, socratic.`,
    );
    expect(await refusal({ name: 'sokratic' })).toBe(
      `the data set ${DATASET} has no configuration "sokratic"; did you mean "socratic"? | It has main, socratic.`,
    );
    expect(await refusal({ name: 'main', split: 'tset' })).toBe(
      `the data set ${DATASET} has no split "tset"; did you mean "test"? | It has test, train.`,
    );
    expect(await refusal({ path: 'acme/nothing' })).toContain(
      'has no data set acme/nothing, or not for you (status 401)',
    );
  });
});

it('is one of the datasets of a mixture, which goes by its name', async () => {
  await hubWith({ 'train.jsonl': jsonlOf(0, 4) });
  const file_path = join(await mkdtemp(join(tmpdir(), 'mixture-')), 'local.jsonl');
  await writeFile(file_path, jsonlOf(100, 104));
  const { train } = await buildRef({
    builder: 'interleave',
    datasets: [
      { builder: 'hf_dataset', path: DATASET, batch_size: 2 },
      { builder: 'conversation_file', file_path, batch_size: 2 },
    ],
  });
  expect(sorted(await numbersOf(train))).toEqual([0, 1, 2, 3, 100, 101, 102, 103]);
  expect(train.sourcesOf?.(0)).toEqual({ chats: 1, local: 1 });
});

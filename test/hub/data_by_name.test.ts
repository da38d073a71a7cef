// Data of the hub in the loops that read rows: comparisons, prompts, problems; and what a spec that names them is.

import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { builtinRegistry } from '../../src/builtin.ts';
import { preferenceDatasetSlot } from '../../src/preference/types.ts';
import { rlDatasetSlot } from '../../src/rl/types.ts';
import { planRun, planSweep } from '../../src/sweep/plan.ts';
import { validateCommand } from '../../src/validate/command.ts';
import { testRenderer } from '../rl/support/scripted_policy.ts';
import { DATASET, hubWith, jsonlOf, parquetOf, SHA } from '../support/hub_data.ts';

afterEach(() => vi.unstubAllEnvs());

const lines = (...rows: object[]) => rows.map((row) => `${JSON.stringify(row)}\n`).join('');
const comparison = (name: string) => ({ prompt: `Say ${name}`, chosen: `yes ${name}`, rejected: `no ${name}` });

function context() {
  const renderer = testRenderer();
  return {
    tokenizer: renderer.tokenizer,
    renderer,
    maxContextLength: 200,
    maxTokens: 10,
    seed: 0,
    warn: () => undefined,
    notify: () => undefined,
  };
}

describe('a data set of the hub', () => {
  it('is compared, with the split that is held out', async () => {
    await hubWith({
      'train.jsonl': lines(comparison('a'), comparison('b'), comparison('c')),
      'test.jsonl': lines(comparison('d')),
    });
    const ref = { builder: 'hf_dataset', path: DATASET, test_split: 'test', batch_size: 1 };
    const { train, test } = await builtinRegistry().build(preferenceDatasetSlot, ref, context());
    expect([train.length, test?.length]).toEqual([3, 1]);
  });

  it('gives prompts, of several files as of one', async () => {
    await hubWith({
      'train-00000-of-00002.parquet': await parquetOf(0, 3),
      'train-00001-of-00002.parquet': await parquetOf(3, 5),
    });
    const ref = { builder: 'hf_dataset', path: DATASET, groups_per_batch: 2, group_size: 1 };
    const { train } = await builtinRegistry().build(rlDatasetSlot, ref, context());
    expect(train.length).toBe(3);
  });

  it('in several files that cannot be made one says what to do', async () => {
    await hubWith({ 'train-a.jsonl': jsonlOf(0, 1), 'train-b.jsonl': jsonlOf(1, 2) });
    const ref = { builder: 'hf_dataset', path: DATASET };
    await expect(builtinRegistry().build(rlDatasetSlot, ref, context())).rejects.toThrow(
      `the split train of ${DATASET} lies in 2 files, and not all of them are Parquet`,
    );
  });

  it('has files for a field that names a file', async () => {
    const problem = { question: 'What is 1 + 1?', answer: 'It is two.\n#### 2' };
    const { hub } = await hubWith({
      'main/train.jsonl': lines(problem),
      'main/test.jsonl': lines({ ...problem, question: 'What is 2?' }),
    });
    const file = (split: string) => `hf://datasets/${DATASET}/main/${split}.jsonl`;
    const ref = {
      builder: 'gsm8k',
      batch_size: 1,
      group_size: 1,
      file_path: file('train'),
      test_file_path: file('test'),
    };
    const { train, test } = await builtinRegistry().build(rlDatasetSlot, ref, context());
    expect([train.length, test?.length]).toEqual([1, 1]);
    const compared = { builder: 'comparison_file', file_path: file('nowhere'), batch_size: 1 };
    await expect(builtinRegistry().build(preferenceDatasetSlot, compared, context())).rejects.toThrow(
      'there is no such file in the data set',
    );
    await hub.stop();
  });
});

describe('a spec that names data of the hub', () => {
  async function specs() {
    const directory = await mkdtemp(join(tmpdir(), 'cookbook-hub-specs-'));
    const write = (name: string, dataset: string) =>
      writeFile(
        join(directory, name),
        `trainer: supervised\nlog_path: run\nmodel_name: acme/model\ndataset: ${dataset}\n`,
      );
    await write(
      'file.yaml',
      `{ builder: conversation_file, file_path: 'hf://datasets/${DATASET}/train.jsonl', batch_size: 1 }`,
    );
    await write('name.yaml', `{ builder: hf_dataset, path: ${DATASET}, batch_size: 1 }`);
    await writeFile(
      join(directory, 'sweep.yaml'),
      `base: name.yaml\nlog_path: sweep\ngrid: { dataset.path: [${DATASET}, acme/other] }\n`,
    );
    return directory;
  }

  const options = (cwd: string, ...overrides: string[]) => ({ cwd, overrides, env: process.env });

  it('is known by the commit that its revision leads to', async () => {
    const { hub } = await hubWith({ 'train.jsonl': jsonlOf(0, 2) });
    const cwd = await specs();
    const hashOf = async (file: string, ...overrides: string[]) => {
      const { runs } = await planRun(file, options(cwd, ...overrides), builtinRegistry());
      return runs.map(({ hash }) => hash)[0];
    };
    expect(await hashOf('name.yaml')).toBe(await hashOf('name.yaml', `dataset.revision=${SHA}`));
    const pinned = `dataset.file_path=hf://datasets/${DATASET}@${SHA}/train.jsonl`;
    expect(await hashOf('file.yaml')).toBe(await hashOf('file.yaml', pinned));
    const before = [await hashOf('name.yaml'), await hashOf('file.yaml')];

    // Another process, after main has moved.
    hub.repositories[0].sha = SHA.replaceAll('0', 'a');
    vi.stubEnv('HF_TOKEN', 'hf_another_process');
    expect(await hashOf('name.yaml')).not.toBe(before[0]);
    expect(await hashOf('file.yaml')).not.toBe(before[1]);
    expect([await hashOf('name.yaml', `dataset.revision=${SHA}`), await hashOf('file.yaml', pinned)]).toEqual(before);
  });

  it('is each point of a sweep by the commit of its own data set', async () => {
    const { hub } = await hubWith({ 'train.jsonl': jsonlOf(0, 2) });
    const other = SHA.replaceAll('0', 'b');
    hub.repositories.push({ name: 'acme/other', type: 'datasets', sha: other, files: new Map() });
    const plan = await planSweep('sweep.yaml', options(await specs()), builtinRegistry());
    expect(plan.runs.map((run) => plan.specOf(run).dataset)).toMatchObject([
      { path: DATASET, revision: SHA },
      { path: 'acme/other', revision: other },
    ]);
    expect(hub.requests.filter((line) => line.includes('/revision/'))).toHaveLength(2);
  });

  it('is validated without a word to the hub', async () => {
    const { hub } = await hubWith({ 'train.jsonl': jsonlOf(0, 2) });
    const cwd = await specs();
    const said = async (...argv: string[]) => {
      const { diagnostics } = await validateCommand(argv, builtinRegistry, { cwd, env: process.env });
      return diagnostics.map(({ path, message }) => `${path}: ${message}`);
    };
    expect(await said('file.yaml', 'name.yaml', 'sweep.yaml')).toEqual([]);
    expect(await said('file.yaml', 'dataset.file_path=hf://datasets/chats')).toEqual([
      expect.stringContaining('dataset/file_path: hf://datasets/chats: is no file of a data set'),
    ]);
    expect(await said('name.yaml', 'dataset.path=chats')).toEqual([expect.stringContaining('dataset/path: ')]);
    expect(hub.requests).toEqual([]);
  });
});

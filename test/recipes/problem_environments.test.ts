// GSM8K and MATH as environments, from files in the fields of the public ones.

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { builtinRegistry } from '../../src/builtin.ts';
import { type EnvGroupBuilder, rlDatasetSlot } from '../../src/rl/types.ts';
import { tokensOf } from '../../src/tinker/types.ts';
import { plainRenderer } from '../rl/support/renderer.ts';
import { cookbook } from '../support/cli.ts';
import { temporaryDirectory } from '../support/temporary_directory.ts';

const renderer = plainRenderer();

const GSM8K = [
  { question: 'How many legs have 2 cats?', answer: '2*4=<<2*4=8>>8\n#### 8' },
  { question: 'How much do 3 cars of $1,500 cost?', answer: '3*1500=4500\n#### 4,500' },
  { question: 'And 5 cats?', answer: '5*4=20\n#### 20' },
];

const MATH = [
  { problem: 'What is half of 3?', solution: 'It is $\\boxed{\\frac{3}{2}}$.', level: 'Level 1', type: 'Prealgebra' },
  { problem: 'Solve $x^2=4$, $x>0$.', solution: 'So $x=\\boxed{2}$.', level: 'Level 2', type: 'Algebra' },
];
const MATH_500 = [{ problem: 'Solve $x^2=4$, $x>0$.', solution: 'unread', answer: '2', unique_id: 'test/1' }];

const lines = (rows: readonly object[]) => rows.map((row) => `${JSON.stringify(row)}\n`).join('');

async function files(written: Record<string, readonly object[]>): Promise<string> {
  const directory = await temporaryDirectory();
  for (const [name, rows] of Object.entries(written)) await writeFile(join(directory, name), lines(rows));
  return directory;
}

async function datasets(builder: string, params: object, seed = 0) {
  const notices: string[] = [];
  const context = {
    tokenizer: renderer.tokenizer,
    renderer,
    maxContextLength: 4096,
    maxTokens: 64,
    seed,
    warn: (message: string) => notices.push(message),
    notify: (message: string) => notices.push(message),
  };
  const ref = { builder, batch_size: 2, group_size: 3, convo_prefix: null, shuffle_seed: null, ...params };
  return { ...(await builtinRegistry().build(rlDatasetSlot, ref, context)), notices };
}

async function promptOf(builder: EnvGroupBuilder): Promise<string> {
  const [env] = await builder.makeEnvs();
  const first = await env.initialObservation();
  return 'overflow' in first ? '' : renderer.tokenizer.decode(tokensOf(first.observation));
}

async function graded(builder: EnvGroupBuilder, reply: string) {
  const [env] = await builder.makeEnvs();
  await env.initialObservation();
  const tokens = renderer.tokenizer.encode(` ${reply}\n\nUser:`);
  const { reward, metrics, logs } = await env.step({ tokens, logprobs: tokens.map(() => 0), stop_reason: 'stop' });
  return { reward: Number(reward.toFixed(6)), ...metrics, extracted: logs?.extracted };
}

describe('gsm8k', () => {
  it('asks for a number without units in a box, behind an example of it', async () => {
    const directory = await files({ 'train.jsonl': GSM8K });
    const { train } = await datasets('gsm8k', { file_path: join(directory, 'train.jsonl'), convo_prefix: 'standard' });
    expect(await promptOf(train.getBatch(0)[0])).toMatchInlineSnapshot(`
      "<BOS>User: How many times does the letter r occur in the word strawberry? Give the final answer as a number without units, in \\boxed{}.

      Assistant: Letter by letter: s, t, r, a, w, b, e, r, r, y. The 3rd, the 8th and the 9th of them are an r. The answer is \\boxed{3}.

      User: How many legs have 2 cats? Give the final answer as a number without units, in \\boxed{}.

      Assistant:"
    `);
    expect([train.length, train.getBatch(0).length, train.getBatch(1).length]).toEqual([2, 2, 1]);
    expect(await train.getBatch(0)[0].makeEnvs()).toHaveLength(3);
    expect(train.getBatch(0)[0].loggingTags?.()).toEqual(['gsm8k']);
  });

  it('judges what is in the box, and charges for a reply without one', async () => {
    const directory = await files({ 'train.jsonl': GSM8K });
    const { train } = await datasets('gsm8k', { file_path: join(directory, 'train.jsonl') });
    const [eight, cars] = train.getBatch(0);
    expect(await graded(eight, 'First \\boxed{2}, so \\boxed{8}.')).toEqual({
      reward: 1,
      format: 1,
      correct: 1,
      extracted: '8',
    });
    expect(await graded(cars, '\\boxed{4,500}')).toMatchObject({ reward: 1 });
    expect(await graded(eight, '\\boxed{9}')).toMatchObject({ reward: 0, format: 1, correct: 0 });
    expect(await graded(eight, 'The answer is 8.')).toEqual({
      reward: -0.1,
      format: 0,
      correct: 0,
      extracted: undefined,
    });
  });

  it('a stray brace costs a reply its answer only where the reference is followed to the letter', async () => {
    const directory = await files({ 'train.jsonl': GSM8K });
    const rewardWith = async (params: object) => {
      const { train } = await datasets('gsm8k', { file_path: join(directory, 'train.jsonl'), ...params });
      return (await graded(train.getBatch(0)[0], '} \\boxed{8}')).reward;
    };
    expect(await rewardWith({})).toBe(1);
    expect(await rewardWith({ strict_reference: true })).toBe(-0.1);
  });

  it.each([
    [{ question: 'And 3?' }, /train\.jsonl:2: the row has no "answer"; it has "question"/],
    [{ question: 'And 3?', answer: 'twelve' }, /train\.jsonl:2: answer: the text has no answer behind "####"/],
    [
      { question: 'And 3?', answer: '#### twelve' },
      /train\.jsonl:2: answer: behind "####" must be a number, not "twelve"/,
    ],
    [{ question: ' ', answer: '#### 12' }, /train\.jsonl:2: question: is empty/],
    [{ question: 3, answer: '#### 12' }, /train\.jsonl:2: question: must be text, not the number 3/],
  ])('%j is an error at its line', async (row, message) => {
    const directory = await files({ 'train.jsonl': [GSM8K[0], row] });
    const file_path = join(directory, 'train.jsonl');
    await expect(datasets('gsm8k', { file_path })).rejects.toThrow(message);
    const { train, notices } = await datasets('gsm8k', { file_path, on_bad_row: 'skip' });
    expect(train.getBatch(0)).toHaveLength(1);
    expect(notices.join()).toContain('skipped 1 of 2 rows: line 2');
  });

  it('is shuffled by its seed and that of the run, or as it lies in the file', async () => {
    const rows = Array.from({ length: 30 }, (_, i) => ({ question: `How much is ${i}?`, answer: `#### ${i}` }));
    const directory = await files({ 'train.jsonl': rows });
    const order = async (params: object, seed = 0) => {
      const { train } = await datasets('gsm8k', { file_path: join(directory, 'train.jsonl'), ...params }, seed);
      return await Promise.all(
        Array.from({ length: train.length }, (_, i) => train.getBatch(i))
          .flat()
          .map(promptOf),
      );
    };
    const shuffled = await order({ shuffle_seed: 0 });
    expect(await order({ shuffle_seed: 0 })).toEqual(shuffled);
    expect(await order({ shuffle_seed: 0 }, 1)).not.toEqual(shuffled);
    expect(await order({ shuffle_seed: 1 })).not.toEqual(shuffled);
    expect((await order({ shuffle_seed: null }))[7]).toContain('How much is 7?');
    expect(shuffled.toSorted()).toEqual((await order({ shuffle_seed: null })).toSorted());
  });
});

describe('math', () => {
  it('takes answers from solutions or as they are given, and trains on no problem that is held out', async () => {
    const directory = await files({ 'train.jsonl': MATH, 'test.jsonl': MATH_500 });
    const { train, test, notices } = await datasets('math', {
      file_path: join(directory, 'train.jsonl'),
      test_file_path: join(directory, 'test.jsonl'),
    });
    expect(train.getBatch(0)).toHaveLength(1);
    expect(await promptOf(train.getBatch(0)[0])).toContain(
      'User: What is half of 3? Put the final answer into \\boxed{}.',
    );
    expect(await graded(train.getBatch(0)[0], '\\boxed{1.5}')).toMatchObject({ correct: 1, extracted: '1.5' });
    expect(await graded(train.getBatch(0)[0], '\\boxed{3}')).toMatchObject({ correct: 0 });
    expect(await test?.getBatch(0)[0].makeEnvs()).toHaveLength(1);
    expect(notices.join()).toMatch(/1 problem left out that .*test\.jsonl holds too/);
  });

  it('says so when nothing is left to train on, or a solution has no answer', async () => {
    const directory = await files({ 'test.jsonl': MATH_500, 'train.jsonl': [{ problem: 'What?', solution: 'Six.' }] });
    const test_file_path = join(directory, 'test.jsonl');
    await expect(datasets('math', { file_path: test_file_path, test_file_path })).rejects.toThrow(
      /no problem is left to train on/,
    );
    await expect(datasets('math', { file_path: join(directory, 'train.jsonl') })).rejects.toThrow(
      /train\.jsonl:1: solution: the text has no boxed answer/,
    );
  });
});

it('validate looks at the first rows of the files', async () => {
  const directory = await files({ 'train.jsonl': [GSM8K[0], { question: 'And 3?' }], 'test.jsonl': [] });
  await writeFile(
    join(directory, 'spec.yaml'),
    'trainer: rl\nlog_path: run\nmodel_name: acme/model\nmax_tokens: 8\ndataset:\n  builder: gsm8k\n  file_path: train.jsonl\n  test_file_path: test.jsonl\n  batch_size: 2\n  group_size: 2\n',
  );
  const { code, stderr } = await cookbook(['validate', 'spec.yaml'], { cwd: directory });
  expect(stderr).toMatchInlineSnapshot(`
    "spec.yaml:7:14 dataset/file_path: train.jsonl:2: the row has no "answer"; it has "question"
    spec.yaml:8:19 dataset/test_file_path: test.jsonl: the file is empty"
  `);
  expect(code).toBe(2);
});

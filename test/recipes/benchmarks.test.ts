// The benchmarks that ship: what they ask, and what they take for an answer.

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { builtinRegistry } from '../../src/builtin.ts';
import { rlDatasetSlot } from '../../src/rl/types.ts';
import { tokensOf } from '../../src/tinker/types.ts';
import { cookbook } from '../support/cli.ts';
import { temporaryDirectory } from '../support/temporary_directory.ts';
import { benchmark, context, judged, promptOf, renderer } from './support/benchmark.ts';

const GSM8K = [
  { question: 'How many legs have 2 cats?', answer: '2*4=8\n#### 8' },
  { question: 'How much do 3 cars of $1,500 cost?', answer: '3*1500=4500\n#### 4,500' },
];

describe('gsm8k', () => {
  it('asks as the file does, behind a system prompt', async () => {
    const { examples } = await benchmark('gsm8k', {}, GSM8K);
    expect(await promptOf(examples[0])).toMatchInlineSnapshot(`
      "<BOS>System: Solve the problem step by step, and put the final answer into \\boxed{}.

      User: How many legs have 2 cats?

      Assistant:"
    `);
    const [plain] = (await benchmark('gsm8k', { system_prompt: null, num_examples: 1 }, GSM8K)).examples;
    expect(await promptOf(plain)).toBe('<BOS>User: How many legs have 2 cats?\n\nAssistant:');
  });

  it.each([
    ['\\boxed{4500}', 1, '4500'],
    ['First \\boxed{1500}, then \\boxed{\\$4,500}.', 1, '4500'],
    ['so\n#### 4,500', 1, '4500'],
    ['The answer is $4,500.00.', 1, '4500.00'],
    ['1500 and 1500 and 1500 make 4500', 1, '4500'],
    ['\\boxed{4501} #### 4500', 0, '4501'],
    ['I do not know.', 0, undefined],
  ])('takes %j for %j', async (reply, reward, extracted) => {
    const { examples } = await benchmark('gsm8k', {}, GSM8K);
    expect(await judged(examples[1], reply)).toEqual([reward, extracted]);
  });
});

it('math judges the last box as a formula', async () => {
  const rows = [
    { problem: 'Half of 3?', solution: '$\\boxed{\\frac{3}{2}}$' },
    { problem: 'Roots?', answer: '1,2' },
  ];
  const { examples, grader } = await benchmark('math', {}, rows);
  expect(await judged(examples[0], 'Not \\boxed{3} but \\boxed{1.5}')).toEqual([1, '1.5']);
  expect(await judged(examples[0], 'It is 1.5')).toEqual([0, undefined]);
  expect(await judged(examples[1], '\\boxed{1,2}')).toEqual([1, '1,2']);
  const strict = await benchmark('math', { strict_reference: true }, rows);
  expect(strict.grader).not.toBe(grader);
});

it('arithmetic asks the sums that its environment holds out', async () => {
  const { examples } = await benchmark('arithmetic', { num_examples: 20, max_operand: 9, system_prompt: 'Be brief.' });
  expect(await promptOf(examples[0])).toMatchInlineSnapshot(`
    "<BOS>System: Be brief.

    User: What is 4 + 5?

    Assistant: 9

    User: What is 0 + 8?

    Assistant:"
  `);
  expect(await judged(examples[0], '1 + 1 is 2')).toEqual([0, '2']);
  const environment = { builder: 'arithmetic', max_operand: 9, test_size: 20 };
  const { test } = await builtinRegistry().build(rlDatasetSlot, environment, {
    ...context,
    maxContextLength: 512,
    maxTokens: 8,
  });
  const held = await Promise.all(
    (test?.getBatch(0) ?? []).map(async (group) => {
      const first = await (await group.makeEnvs())[0].initialObservation();
      return 'overflow' in first ? '' : renderer.tokenizer.decode(tokensOf(first.observation));
    }),
  );
  expect(examples.map(({ input }) => held.some((prompt) => prompt.includes(input)))).toEqual(new Array(20).fill(true));
});

describe('examples', () => {
  const ids = async (params: object, rows: readonly object[]) =>
    (await benchmark('gsm8k', params, rows)).examples.map(({ example_id }) => example_id);

  it('are known by what is asked and expected, not by where they stand', async () => {
    const [cats, cars] = await ids({}, GSM8K);
    expect(cats).toMatch(/^gsm8k_[0-9a-f]{16}$/);
    expect(await ids({}, GSM8K.toReversed())).toEqual([cars, cats]);
    expect(await ids({ system_prompt: 'Be brief.' }, GSM8K)).not.toContain(cats);
    expect(await ids({}, [{ ...GSM8K[0], answer: '#### 9' }])).not.toEqual([cats]);
  });

  it('that are copies of one another are told apart', async () => {
    const [first, second, third] = await ids({}, [GSM8K[0], GSM8K[0], GSM8K[0]]);
    expect([second, third]).toEqual([`${first}_2`, `${first}_3`]);
  });
});

it('validate looks at the file of a benchmark that an evaluator holds', async () => {
  const directory = await temporaryDirectory();
  await writeFile(join(directory, 'test.jsonl'), '{"problem": "What?", "solution": "Six."}\n');
  await writeFile(
    join(directory, 'spec.yaml'),
    `trainer: rl
log_path: run
model_name: acme/model
max_tokens: 8
dataset: arithmetic
evaluators:
  - builder: benchmark
    benchmark:
      builder: math
      file_path: test.jsonl
`,
  );
  const { code, stderr } = await cookbook(['validate', 'spec.yaml'], { cwd: directory });
  expect({ code, stderr }).toEqual({
    code: 2,
    stderr:
      'spec.yaml:10:18 evaluators/0/benchmark/file_path: test.jsonl:1: solution: the text has no boxed answer. It is written \\boxed{42}.',
  });
});

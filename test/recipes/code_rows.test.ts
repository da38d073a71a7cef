// Rows of the public data sets of programming, in the fields that they are published with, and judged as they say.

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { builtinRegistry } from '../../src/builtin.ts';
import { pickledText } from '../../src/recipes/code_rl/pickled_text.ts';
import { readCodeRow } from '../../src/recipes/code_rl/row.ts';
import { runTests } from '../../src/recipes/code_rl/run_tests.ts';
import { rlDatasetSlot } from '../../src/rl/types.ts';
import { bubblewrapSandbox } from '../../src/sandbox/bubblewrap/sandbox.ts';
import { END, play, testRenderer } from '../rl/support/scripted_policy.ts';
import { problem } from '../sandbox/bubblewrap_support.ts';
import { charTokenizer } from '../support/char_tokenizer.ts';
import { temporaryDirectory } from '../support/temporary_directory.ts';

const OPTIONS = { language: 'python', visible_tests: 1 };

const DEEPCODER = {
  problem: 'Add two numbers.',
  solutions: ['…'],
  tests: JSON.stringify([
    { type: 'stdin_stdout', input: '1 2\n', output: '3\n' },
    { type: 'stdin_stdout', input: '5 6\n', output: '11\n' },
  ]),
};

const TACO = {
  problem: 'Add two numbers.',
  tests: JSON.stringify({
    fn_name: 'add',
    inputs: [
      [1, 2],
      [5, 6],
    ],
    outputs: [[3], [11]],
  }),
};

const APPS = {
  question: 'Add two numbers.',
  starter_code: '',
  input_output: JSON.stringify({ inputs: ['1 2\n', ['5 6', '']], outputs: ['3\n', ['11']] }),
};

/** As `base64(zlib(pickle(text)))`, protocol 4. */
function pickled(text: string): string {
  const bytes = Buffer.from(text, 'utf8');
  const length = Buffer.alloc(4);
  length.writeUInt32LE(bytes.length);
  const head = Buffer.from([0x80, 4, 0x95, 0, 0, 0, 0, 0, 0, 0, 0, 0x58]);
  return deflateSync(Buffer.concat([head, length, bytes, Buffer.from([0x94, 0x2e])])).toString('base64');
}

const LIVECODEBENCH = {
  question_title: 'Add',
  question_content: 'Add two numbers.',
  platform: 'leetcode',
  starter_code: 'class Solution:\n    def add(self, a: int, b: int) -> int:\n        ',
  public_test_cases: JSON.stringify([{ input: '1\n2', output: '3', testtype: 'functional' }]),
  private_test_cases: pickled(JSON.stringify([{ input: '5\n6', output: '11', testtype: 'functional' }])),
  metadata: JSON.stringify({ func_name: 'add' }),
};

describe('a row', () => {
  it.each([
    ['DeepCoder', DEEPCODER],
    ['APPS', APPS],
  ])('of %s asks for a program', (_, row) => {
    const { visible, hidden } = readCodeRow(row, OPTIONS);
    expect(visible.kind).toBe('stdin_stdout');
    expect(visible.tests).toEqual([{ stdin: '1 2\n', stdout: '3\n' }]);
    expect(hidden.tests).toMatchObject([
      { stdin: expect.stringMatching(/^5 6/), stdout: expect.stringMatching(/^11/) },
    ]);
  });

  it.each([
    ['TACO', TACO],
    ['LiveCodeBench', LIVECODEBENCH],
  ])('of %s asks for a function', (_, row) => {
    const { visible, hidden } = readCodeRow(row, OPTIONS);
    expect(visible).toEqual({ kind: 'functional', fn_name: 'add', tests: [{ args: [1, 2], returns: 3 }] });
    expect(hidden).toEqual({ kind: 'functional', fn_name: 'add', tests: [{ args: [5, 6], returns: 11 }] });
  });

  it('says how to answer, and shows the visible tests only', () => {
    const task = readCodeRow(LIVECODEBENCH, OPTIONS);
    expect(`${task.question}${task.examples}`).toMatchInlineSnapshot(`
      "Write the function add in Python. Put all of it into one fenced code block.

      Add two numbers.

      Begin with this code:
      \`\`\`python
      class Solution:
          def add(self, a: int, b: int) -> int:
      \`\`\`

      Example:
      add(1, 2) returns 3"
    `);
    expect(readCodeRow(DEEPCODER, { ...OPTIONS, visible_tests: 9 }).hidden.tests).toHaveLength(1);
  });

  it('is refused with what is wrong with it', () => {
    const problems: [object, string][] = [
      [{ ...DEEPCODER, tests: '[' }, 'tests: is no JSON'],
      [{ ...DEEPCODER, tests: '[]' }, 'it has no tests'],
      [{ ...DEEPCODER, tests: '[{"input": "1"}]' }, 'tests[0]: must have "input" and "output"'],
      [
        { ...DEEPCODER, tests: '{"inputs": ["1"], "outputs": []}' },
        '"inputs" and "outputs" must be two lists of one length',
      ],
      [{ ...TACO, tests: '{"fn_name": "a;b", "inputs": [[1]], "outputs": [1]}' }, 'no function can be called "a;b"'],
      [{ ...TACO, tests: '{"fn_name": "add", "inputs": ["x"], "outputs": [1]}' }, 'is no JSON: "x"'],
      [{ ...LIVECODEBENCH, metadata: '{}' }, 'its tests call a function that has no name'],
      [{ ...LIVECODEBENCH, private_test_cases: 'AAAA' }, 'private_test_cases: is neither JSON nor compressed JSON'],
      [{ tests: '[]' }, 'the row has none of "question"'],
      [{ question: 'x' }, 'the row has none of "tests"'],
    ];
    for (const [row, message] of problems) {
      expect(() => readCodeRow({ ...row }, OPTIONS)).toThrow(message);
    }
  });
});

it('a pickle is read where it is a text, and run never', () => {
  expect(pickledText(pickled('[1, "ü"]'))).toBe('[1, "ü"]');
  const harmful = deflateSync(Buffer.from("cos\nsystem\n(S'true'\ntR.")).toString('base64');
  expect(() => pickledText(harmful)).toThrow('is a pickle of something else than a text');
  expect(() => pickledText(deflateSync(Buffer.from([0x80, 4, 0x58, 255, 0])).toString('base64'))).toThrow('is cut');
  expect(() => pickledText(deflateSync(Buffer.from([0x58, 255, 255, 255, 0, 65])).toString('base64'))).toThrow(
    'is cut',
  );
});

describe.skipIf(problem !== null)('in Python', () => {
  const sandbox = bubblewrapSandbox({ concurrency: 2, python: null, read_only_paths: [] });
  const limits = { seconds: 5, memory_mb: 128, output_bytes: 10_000, processes: 8 };
  const passes = async (row: object, code: string) => {
    const { hidden } = readCodeRow({ ...row }, OPTIONS);
    const { outcomes } = await runTests({ code, language: 'python' }, hidden, { sandbox, limits });
    return outcomes.every(({ passed }) => passed);
  };

  it('programs and functions are judged, tuples as lists', async () => {
    for (const row of [DEEPCODER, APPS]) {
      expect(await passes(row, 'a, b = map(int, input().split())\nprint(a + b)')).toBe(true);
      expect(await passes(row, "if __name__ == '__main__':\n    print(sum(map(int, input().split())))")).toBe(true);
      expect(await passes(row, 'print(11)\nprint(11)')).toBe(false);
      expect(await passes(row, 'print(11)\nraise SystemExit(1)')).toBe(false);
    }
    expect(
      await passes(
        LIVECODEBENCH,
        'class Solution:\n    def add(self, a: int, b: int) -> Optional[int]:\n        return a + b',
      ),
    ).toBe(true);
    expect(await passes(TACO, 'def add(a, b):\n    print(a)\n    return a + b')).toBe(true);
    expect(await passes(TACO, 'def add(a, b):\n    return (a, b)')).toBe(false);
    const pairs = {
      problem: 'x',
      tests: JSON.stringify({
        fn_name: 'p',
        inputs: [[1], [2]],
        outputs: [
          [1, 1],
          [2, 2],
        ],
      }),
    };
    expect(await passes(pairs, 'def p(x):\n    return x, x')).toBe(true);
  });

  it('what judges a function is no matter of the function', async () => {
    const tricks = [
      'class Same(int):\n    def __eq__(self, other): return True\ndef add(a, b): return Same(3)',
      'import json\njson.dumps = lambda value: "[11]"\ndef add(a, b): return 0',
      'import sys\nsys.stdout.write = lambda text: None\ndef add(a, b): return 0',
      'import os\nos._exit(0)',
      'def add(a, b): raise SystemExit(0)',
    ];
    for (const code of tricks) expect({ code, passes: await passes(TACO, code) }).toEqual({ code, passes: false });
  });

  it('a file of rows is an environment', async () => {
    const directory = await temporaryDirectory();
    await writeFile(
      join(directory, 'train.jsonl'),
      [DEEPCODER, { ...TACO, problem: 'Held.' }].map((row) => `${JSON.stringify(row)}\n`).join(''),
    );
    await writeFile(join(directory, 'test.jsonl'), `${JSON.stringify({ ...TACO, problem: 'Held.' })}\n`);
    const renderer = testRenderer();
    const context = {
      tokenizer: charTokenizer(),
      renderer,
      maxContextLength: 99_999,
      maxTokens: 999,
      seed: 0,
      warn: () => undefined,
    };
    const ref = {
      builder: 'code_rl',
      file_path: join(directory, 'train.jsonl'),
      test_file_path: join(directory, 'test.jsonl'),
      batch_size: 4,
    };
    const { train, test } = await builtinRegistry().build(rlDatasetSlot, ref, context);
    expect([train.length, train.getBatch(0).length, test?.getBatch(0).length]).toEqual([1, 1, 1]);
    const [env] = (await train.getBatch(0)[0]?.makeEnvs()) ?? [];
    if (env === undefined) throw new Error('no environment was made');
    const { rewards } = await play(env, [`\`\`\`python\nprint(sum(map(int, input().split())))\n\`\`\`${END}`]);
    expect(rewards).toEqual([1]);
    const other = { ...ref, language: 'javascript', sandbox: { builder: 'quickjs' } };
    await expect(
      builtinRegistry().build(rlDatasetSlot, { ...ref, sandbox: { builder: 'quickjs' } }, context),
    ).rejects.toThrow('the sandbox quickjs runs javascript, not python');
    await builtinRegistry().build(rlDatasetSlot, other, context);
  });
});

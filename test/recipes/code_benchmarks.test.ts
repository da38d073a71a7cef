// HumanEval and MBPP from rows in their published form, answered by scripts and judged in bubblewrap.

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { builtinRegistry } from '../../src/builtin.ts';
import { benchmarkSlot } from '../../src/evaluation/types.ts';
import { readHumanEvalRow, readMbppRow } from '../../src/recipes/code_benchmarks/rows.ts';
import { END, play, testRenderer } from '../rl/support/scripted_policy.ts';
import { problem } from '../sandbox/bubblewrap_support.ts';
import { charTokenizer } from '../support/char_tokenizer.ts';
import { temporaryDirectory } from '../support/temporary_directory.ts';

const renderer = testRenderer();

const HUMAN_EVAL = {
  task_id: 'HumanEval/900',
  prompt:
    'from typing import List\n\n\ndef halves(values: List[int]) -> List[float]:\n    """Half of each value.\n    >>> halves([2])\n    [1.0]\n    """\n',
  entry_point: 'halves',
  canonical_solution: '    return [value / 2 for value in values]\n',
  test: 'def check(candidate):\n    assert candidate([2, 5]) == [1.0, 2.5]\n    assert candidate([]) == []\n',
};

const MBPP = {
  task_id: 901,
  text: 'Write a function to find the larger of two numbers.',
  code: 'def larger(a, b):\n    return max(a, b)',
  test_list: ['assert larger(1, 2) == 2', 'assert larger(-1, -2) == -1'],
  test_setup_code: '',
  challenge_test_list: [],
};

const SANITIZED = {
  source_file: 'x',
  task_id: 902,
  prompt: 'Write a function to find the square root.',
  code: 'def root(x):\n    return math.sqrt(x)',
  test_imports: ['import math'],
  test_list: ['assert math.isclose(root(4), 2)'],
};

async function scores(builder: string, row: object, replies: readonly string[]): Promise<number[]> {
  const file = join(await temporaryDirectory(), 'rows.jsonl');
  await writeFile(file, `${JSON.stringify(row)}\n`);
  const context = { tokenizer: charTokenizer(), renderer, seed: 0, warn: () => undefined };
  const benchmark = await builtinRegistry().build(benchmarkSlot, { builder, file_path: file }, context);
  const scored: number[] = [];
  for (const reply of replies) {
    const env = await benchmark.examples[0]?.makeEnv();
    if (env === undefined) throw new Error('there is no example');
    scored.push((await play(env, [`${reply}${END}`])).rewards[0] ?? Number.NaN);
  }
  return scored;
}

const fenced = (code: string) => `Here it is:\n\`\`\`python\n${code}\n\`\`\`\n`;

describe.skipIf(problem !== null)('an answer', () => {
  it('to HumanEval goes on where the prompt ends, or is the whole function', async () => {
    const replies = [
      HUMAN_EVAL.canonical_solution,
      fenced('def halves(values):\n    return [value / 2 for value in values]'),
      fenced(`${HUMAN_EVAL.prompt}${HUMAN_EVAL.canonical_solution}`),
      fenced('def halves(values):\n    return values'),
      'I cannot.',
      '',
    ];
    expect(await scores('human_eval', HUMAN_EVAL, replies)).toEqual([1, 1, 1, 0, 0, 0]);
  });

  it('to MBPP passes the tests, with what they import', async () => {
    expect(await scores('mbpp', MBPP, [fenced(MBPP.code), fenced('def larger(a, b): return b')])).toEqual([1, 0]);
    expect(await scores('mbpp', SANITIZED, [fenced(SANITIZED.code), fenced('')])).toEqual([1, 0]);
  });

  it('that ends before the tests has passed none of them', async () => {
    const endings = [
      'raise SystemExit(0)',
      'import os; os._exit(0)',
      'exit()',
      'while True: pass',
      'print("passed-1")',
    ];
    expect(await scores('mbpp', { ...MBPP }, endings.map(fenced))).toEqual([0, 0, 0, 0, 0]);
  }, 60_000);
});

describe('a row', () => {
  it('is asked as it is published', () => {
    expect(readHumanEvalRow(HUMAN_EVAL).question).toMatchInlineSnapshot(`
      "Complete this function in Python. Put all of it into one fenced code block.

      \`\`\`python
      from typing import List


      def halves(values: List[int]) -> List[float]:
          """Half of each value.
          >>> halves([2])
          [1.0]
          """
      \`\`\`"
    `);
    expect(readMbppRow(MBPP).question).toMatchInlineSnapshot(`
      "Write a function to find the larger of two numbers. Your code should pass these tests:

      assert larger(1, 2) == 2
      assert larger(-1, -2) == -1

      Write Python. Put the whole program into one fenced code block."
    `);
  });

  it('is refused where it lacks what it should have', () => {
    expect(() => readHumanEvalRow({ ...HUMAN_EVAL, entry_point: 'a b; import os' })).toThrow(
      'entry_point: must be the name of a function',
    );
    expect(() => readMbppRow({ ...MBPP, test_list: [] })).toThrow('test_list: is empty');
    expect(() => readMbppRow({ ...MBPP, test_list: 'assert' })).toThrow('test_list: must be a list of texts');
    expect(() => readMbppRow({ task_id: 1 })).toThrow('the row has no "text"');
  });
});

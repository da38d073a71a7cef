// AIME and MATH-500: rows as they are published, and what of a reply is taken for its answer.

import { describe, expect, it } from 'vitest';
import { aimeAnswer } from '../../src/recipes/aime/row.ts';
import { benchmark, judged } from './support/benchmark.ts';

const AIME = [
  { ID: '2024-I-1', Problem: 'How many?', Solution: '…', Answer: 204 },
  { id: 60, problem: 'How few?', answer: '025', year: '2024' },
  { question: 'Which angle?', answer: '336^\\circ' },
];

describe('aime', () => {
  it('reads the rows of several files', async () => {
    const { examples } = await benchmark('aime', {}, AIME);
    expect(examples.map(({ input, expected }) => [input, expected])).toEqual([
      ['How many?', '204'],
      ['How few?', '25'],
      ['Which angle?', '336'],
    ]);
    expect(await judged(examples[1], '\\boxed{025}')).toEqual([1, '25']);
    expect(await judged(examples[1], '\\boxed{26} or 25')).toEqual([0, '26']);
  });

  it.each([
    ['\\boxed{7}', 7],
    ['\\boxed{007}', 7],
    ['\\boxed{1} … \\boxed{\\text{42}}', 42],
    ['\\boxed{x = 42}', 42],
    ['\\boxed{90^\\circ}', 90],
    ['\\boxed{$12$}', 12],
    ['\\boxed{12.0}', 12],
    ['\\boxed{12.5}', null],
    ['\\boxed{1000}', null],
    ['\\boxed{-3}', null],
    ['\\boxed{\\frac{1}{2}}', null],
    ['The answer is 113.', 113],
    ['so **55**', 55],
    ['I give up.', null],
  ])('%s is %s', (reply, number) => expect(aimeAnswer(reply)).toBe(number));

  it.each([
    [{ problem: 'P', answer: '1000' }, 'answer: must be a whole number from 0 to 999, not the string "1000"'],
    [{ problem: 'P', answer: -1 }, 'answer: must be a whole number from 0 to 999, not the number -1'],
    [{ problem: 'P', answer: [] }, 'answer: must be a whole number from 0 to 999, not an empty list'],
    [{ answer: 1 }, 'the row has no "problem"'],
    [{ problem: 'P' }, 'the row has no "answer"'],
  ])('refuses %j', async (row, message) => {
    await expect(benchmark('aime', {}, [row])).rejects.toThrow(message);
  });
});

it('math500 scores by subject and level', async () => {
  const rows = [
    { problem: 'Half of 3?', answer: '\\frac{3}{2}', subject: 'Algebra', level: 2, unique_id: 'a' },
    { problem: 'Roots?', solution: '\\boxed{1}', type: 'Geometry', level: 'Level 4' },
    { problem: 'One?', answer: '1' },
  ];
  const { examples, name } = await benchmark('math500', {}, rows);
  expect(name).toBe('math500');
  const told = await Promise.all(examples.map(({ text }) => text?.judge('\\boxed{1.5}', true)));
  expect(told.map((each) => each?.metrics)).toEqual([
    { format: 1, correct: 1, 'subject/Algebra': 1, 'level/2': 1 },
    { format: 1, correct: 0, 'subject/Geometry': 0, 'level/4': 0 },
    { format: 1, correct: 0 },
  ]);
});

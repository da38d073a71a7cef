// Multiple-choice benchmarks: rows as they are published, choices in an order of their own, and replies in all their forms.

import { describe, expect, it } from 'vitest';
import { benchmarkResult } from '../../src/evaluation/benchmark_result.ts';
import { chosenPlace } from '../../src/recipes/mmlu/chosen_letter.ts';
import { benchmark, context, judged, promptOf } from './support/benchmark.ts';

const MMLU = [
  { question: 'Which is a fruit?', choices: ['Chair', 'Apple', 'Stone', 'Cloud'], answer: 1, subject: 'botany' },
  { question: 'Which is odd?', choices: ['2', '3', '4', '6'], answer: 'B', subject: 'algebra' },
  {
    question: 'Which is even?',
    choices: ['2', '4', 'Both A and B', 'None of the above'],
    answer: '2',
    subject: 'algebra',
  },
  { question: 'Largest?', A: '1', B: '2', C: '3', D: '4', answer: 'D' },
];
const MMLU_PRO = [
  { question_id: 7, question: 'Pick f.', options: [...'abcdefghij'], answer: 'F', answer_index: 5, category: 'law' },
  { question: 'Pick b.', options: ['a', 'b', 'N/A'], answer: 'B', category: 'law' },
];
const GPQA = [
  {
    Question: 'What is it?',
    'Correct Answer': 'this\n',
    'Incorrect Answer 1': 'that',
    'Incorrect Answer 2': 'those',
    'Incorrect Answer 3': 'these',
    'High-level domain': 'Physics',
  },
];

describe('what is asked', () => {
  it('is the question with its choices, in an order that the seed and the question decide', async () => {
    const { examples } = await benchmark('mmlu', {}, MMLU);
    expect(await promptOf(examples[0])).toMatchInlineSnapshot(`
      "<BOS>System: Think step by step, and end with "Answer: X", where X is the letter of the right choice.

      User: Which is a fruit?

      A. Chair
      B. Cloud
      C. Stone
      D. Apple

      Assistant:"
    `);
    expect(examples.map(({ expected }) => expected)).toMatchInlineSnapshot(`
      [
        "D",
        "A",
        "C",
        "B",
      ]
    `);
    const again = await benchmark('mmlu', {}, [...MMLU].reverse());
    expect(again.examples.map(({ example_id }) => example_id).sort()).toEqual(
      examples.map(({ example_id }) => example_id).sort(),
    );
  });

  it('puts the right choice at every place about equally often, and another one with another seed', async () => {
    const rows = Array.from({ length: 400 }, (_, i) => ({
      question: `Which ${i}?`,
      choices: ['a', 'b', 'c', 'd'],
      answer: 0,
    }));
    const { examples } = await benchmark('mmlu', {}, rows);
    const count = (letter: string) => examples.filter(({ expected }) => expected === letter).length;
    for (const letter of 'ABCD') expect(count(letter)).toBeGreaterThan(70);
    const other = await benchmark('mmlu', {}, rows, { ...context, seed: 1 });
    expect(other.examples.map(({ expected }) => expected)).not.toEqual(examples.map(({ expected }) => expected));
  });

  it('leaves choices that speak of others, and all with shuffle_choices: false, as they are', async () => {
    const { examples } = await benchmark('mmlu', {}, MMLU);
    expect(examples[2].input).toBe('Which is even?\n\nA. 2\nB. 4\nC. Both A and B\nD. None of the above');
    expect(examples[2].expected).toBe('C');
    const plain = await benchmark('mmlu', { shuffle_choices: false }, MMLU);
    expect(plain.examples.map(({ expected }) => expected)).toEqual(['B', 'B', 'C', 'D']);
  });

  it('comes from rows of MMLU-Pro and GPQA too', async () => {
    const pro = await benchmark('mmlu_pro', { shuffle_choices: false }, MMLU_PRO);
    expect(pro.examples.map(({ input, expected }) => [input.split('\n').length, expected])).toEqual([
      [12, 'F'],
      [4, 'B'],
    ]);
    const gpqa = await benchmark('gpqa', { shuffle_choices: false, system_prompt: null }, GPQA);
    expect(gpqa.examples[0].input).toBe('What is it?\n\nA. this\nB. that\nC. those\nD. these');
  });

  it.each([
    ['mmlu', { question: 'Q', choices: ['a'], answer: 0 }, 'choices: must hold 2 to 26 choices, not 1'],
    ['mmlu', { question: 'Q', choices: ['a', 1], answer: 0 }, 'choices[1]: must be text, not the number 1'],
    [
      'mmlu',
      { question: 'Q', choices: ['a', 'b'], answer: 2 },
      'answer: must be the place of one of the 2 choices or its letter, not the number 2',
    ],
    [
      'mmlu',
      { question: 'Q', choices: ['a', 'b'] },
      'answer: must be the place of one of the 2 choices or its letter, not absent',
    ],
    [
      'mmlu_pro',
      { question: 'Q', options: ['a', 'b'], answer: 'Z' },
      'answer: must be the place of one of the 2 choices or its letter, not the string "Z"',
    ],
    [
      'gpqa',
      { Question: 'Q', 'Correct Answer': 'a' },
      'the row has no "Incorrect Answer 1"; it has "Question", "Correct Answer"',
    ],
  ])('%s says what is wrong with %j', async (name, row, message) => {
    await expect(benchmark(name, {}, [row])).rejects.toThrow(message);
  });
});

const CHOICES = ['Paris', 'Rome', 'Oslo', 'Bern'];

describe('the letter of a reply', () => {
  it.each([
    ['B', 'B'],
    ['(B)', 'B'],
    ['B.', 'B'],
    ['B) Rome', 'B'],
    ['B. Rome', 'B'],
    ['**B**', 'B'],
    ['\\boxed{B}', 'B'],
    ['First \\boxed{A}, no: \\boxed{\\text{C}}', 'C'],
    ['\\boxed{Oslo}', 'C'],
    ['\\boxed{none}', null],
    ['The length is \\boxed{42}. Answer: C', 'C'],
    ['Answer: C', 'C'],
    ['answer: c', null],
    ['The answer is (D).', 'D'],
    ['The answer is **D**', 'D'],
    ['**Answer:** D', 'D'],
    ['The correct answer is option B, because', 'B'],
    ['Answer: A\nWait. Answer: B', 'B'],
    ['The answer is a city.\nSo it must be (C)', 'C'],
    ['I think it is B', 'B'],
    ['A, B and C are wrong, so only D.', 'D'],
    ['Rome', 'B'],
    ['Let me think.\nRome.', 'B'],
    ['A city in Italy.', null],
    ['Answer: E', null],
    ['', null],
    ['Is it A? A is nice. It is a capital', null],
    ["The answer is D'Artagnan", null],
  ])('%j is %s', (reply, letter) => {
    const place = chosenPlace(reply, CHOICES);
    expect(place === null ? null : 'ABCD'.charAt(place)).toBe(letter);
  });

  it('is judged, and scored by subject', async () => {
    const { examples, name } = await benchmark('mmlu', { shuffle_choices: false }, MMLU);
    expect(await judged(examples[0], 'Answer: B')).toEqual([1, 'B']);
    expect(await judged(examples[0], 'Answer: A')).toEqual([0, 'A']);
    expect(await judged(examples[0], 'No idea')).toEqual([0, undefined]);
    const replies = ['B', 'B', 'A', 'who knows'];
    const samples = await Promise.all(
      examples.map(async ({ text }, i) => {
        const { reward, metrics } = (await text?.judge(replies[i], true)) ?? { reward: 0, metrics: {} };
        return [{ reward, metrics, error: null, time_seconds: 0, turns: 1, ac_tokens: 1, ob_tokens: 1 }];
      }),
    );
    expect(benchmarkResult({ name }, samples).metrics).toMatchObject({
      'subject/botany': 1,
      'subject/algebra': 0.5,
      answered: 0.75,
    });
  });
});

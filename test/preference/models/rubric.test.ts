// A judge with a rubric: what is read from its answers, and what becomes of those that cannot be read.

import { expect, it } from 'vitest';
import type { MessageCompleter } from '../../../src/completers/completers.ts';
import { type RubricOptions, rubricModel, rubricProblems } from '../../../src/preference/models/rubric_model.ts';

const OPTIONS: RubricOptions = {
  rubric: 'Short replies are good.',
  mode: 'score',
  instruction: null,
  pattern: null,
  min_score: 0,
  max_score: 10,
  temperature: 1,
  retries: 0,
};

/** A judge that answers by what it is asked and how often it was, and what it was asked. */
function judgeOf(answer: (content: string, attempt: number) => string) {
  const asked: { content: string; seed: number | undefined }[] = [];
  const judge: MessageCompleter = {
    async complete(messages, { seed } = {}) {
      const content = String(messages[0]?.content);
      const attempt = asked.filter((each) => each.content === content).length;
      asked.push({ content, seed });
      const message = { role: 'assistant', content: answer(content, attempt) };
      return { message, termination: 'stop_sequence', stop_reason: 'stop' };
    },
  };
  return { judge, asked };
}

const reply = (content: string) => [{ role: 'assistant', content }];
const comparison = {
  prompt_conversation: [
    { role: 'user', content: 'hello?' },
    { role: 'assistant', content: 'Aye.' },
    { role: 'user', content: 'Where?' },
  ],
  completion_A: reply('long'),
  completion_B: reply('brief'),
};

function modelOf(options: Partial<RubricOptions>, answer: (content: string, attempt: number) => string) {
  const warnings: string[] = [];
  const { judge, asked } = judgeOf(answer);
  const model = rubricModel({ ...OPTIONS, ...options }, { judge, seed: 3, warn: (message) => warnings.push(message) });
  return { compare: () => model.compare(comparison), asked, warnings };
}

/** What the judge says of the reply `brief`, and of the other. */
const scores = (brief: string, long: string) => (content: string) => (content.includes('brief') ? brief : long);

it('each reply is scored by itself, in its conversation and by the rubric', async () => {
  const { compare, asked } = modelOf({}, scores('Well. <score> 8 </score>', '<score>3.5</score>'));
  expect(await compare()).toBeCloseTo(0.45, 12);
  expect(asked).toHaveLength(2);
  expect(asked[0]?.content).toMatchInlineSnapshot(`
    "Judge by the rubric how an assistant goes on with this conversation.

    <conversation>
    user: hello?
    assistant: Aye.
    user: Where?
    </conversation>

    <reply>
    long
    </reply>

    <rubric>
    Short replies are good.
    </rubric>

    How well does the reply meet the rubric? Answer with a number from 0 to 10, as <score>NUMBER</score>."
  `);
});

it.each([
  ['<score>1e9</score>', '<score>-4</score>', 1],
  ['<score>2</score> no: <score>6</score>', '<score>6</score>', 0],
  ['A <score> of 9 is rare. <score>6</score>', '<score>6</score>', 0],
])('scores are held to their range, and the last one counts: %s against %s', async (brief, long, verdict) => {
  expect(await modelOf({}, scores(brief, long)).compare()).toBe(verdict);
});

it.each([
  '',
  'eight',
  '<score>eight</score>',
  '<score>0x8</score>',
  '<score>Infinity</score>',
  '<score></score>',
  '<score>8',
])('an answer that cannot be read is no score: %s', async (answer) => {
  const { compare, warnings } = modelOf({}, scores(answer, '<score>5</score>'));
  expect(await compare()).toBeNull();
  expect(await compare()).toBeNull();
  expect(warnings).toHaveLength(1);
  expect(warnings[0]).toContain('gave no score that can be read, and what it was asked does not count');
});

it('is asked again as often as may be, each time with another seed', async () => {
  const answer = (_: string, attempt: number) => (attempt < 2 ? 'hm' : '<score>5</score>');
  const patient = modelOf({ retries: 2 }, answer);
  expect(await patient.compare()).toBe(0);
  expect(new Set(patient.asked.map(({ seed }) => seed)).size).toBe(6);
  expect(patient.warnings).toEqual([]);
  const again = modelOf({ retries: 2 }, answer);
  await again.compare();
  expect(again.asked).toEqual(patient.asked);
  expect(await modelOf({ retries: 1 }, answer).compare()).toBeNull();
});

it.each([
  ['<preference>B</preference>', 1],
  ['<preference>a</preference>', -1],
  ['<preference>Tie</preference>', 0],
  ['<preference>neither</preference>', null],
])('two replies side by side: %s', async (answer, verdict) => {
  expect(await modelOf({ mode: 'compare' }, () => answer).compare()).toBe(verdict);
});

it('a pattern of one’s own', async () => {
  const pattern = 'Score: (\\d+)';
  expect(await modelOf({ pattern }, scores('Score: 10', 'Score: 0')).compare()).toBe(1);
});

it.each([
  [{ min_score: 2, max_score: 2 }, 'max_score', 'must be above min_score, 2'],
  [{ retries: 1, temperature: 0 }, 'retries', 'at temperature 0 another answer is the same one'],
  [{ pattern: 'Score: \\d+' }, 'pattern', 'has no group'],
  [{ pattern: '(' }, 'pattern', 'Unterminated group'],
])('%j is refused', (options, field, message) => {
  expect(rubricProblems({ ...OPTIONS, ...options })).toEqual([{ field, message: expect.stringContaining(message) }]);
  expect(() => modelOf(options, () => '')).toThrow(`${field}: `);
});

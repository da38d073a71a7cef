// Episodes on a terminal: few lines, none longer than the screen is wide, and nothing in them that would steer it.

import { stripVTControlCharacters } from 'node:util';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { episodesText } from '../../src/rl/show_episodes.ts';
import { displayWidth } from '../../src/util/display_width.ts';
import { rolledOut, tokenizer, trajectory } from './support/groups.ts';

const once = (ob: string, ac: string, reward: number) => trajectory([{ ob, ac, reward }]);
const text = (...groups: Parameters<typeof rolledOut>[1][]) =>
  episodesText(
    groups.map((group, p) => rolledOut(p, group)),
    tokenizer,
  );

it('shows two groups, of each the best, the worst and two between them', () => {
  const group = [0, 3, -1, 2, 1, 5, 4].map((reward) => once('What is it?\nA:', `it is ${reward};`, reward));
  const one = [once('One episode?', 'yes', 1)];
  expect(stripVTControlCharacters(text(group, one, group))).toBe(
    [
      'What is it? A:',
      '   5  it is 5;',
      '   3  it is 3;',
      '   1  it is 1;',
      '  -1  it is -1;',
      'One episode?',
      '  1  yes',
    ].join('\n'),
  );
});

it('is green above the mean of the group, red below it, yellow where there is no difference', () => {
  const colors = (...rewards: number[]) =>
    text(rewards.map((reward) => once('?', 'a', reward)))
      .split('\n')
      .slice(1)
      .map((line) => line.slice(1, 5));
  expect(colors(1, 0.5, 0)).toEqual(['[32m', '[33m', '[31m']);
  expect(colors(0.1, 0.1, 0.1)).toEqual(['[33m', '[33m', '[33m']);
});

it('shows the last action of an episode, and the end of a long prompt', () => {
  const turns = [
    { ob: 'x'.repeat(100), ac: 'first', reward: 0 },
    { ob: 'y', ac: 'last', reward: 1 },
  ];
  expect(stripVTControlCharacters(text([trajectory(turns)]))).toBe(`…${'x'.repeat(79)}\n  1  (turn 2) last`);
});

it('begins with the question, without the markup of a chat around it', () => {
  const question = `What is ${'12 + '.repeat(30)}7?`;
  const chat = (asked: string) =>
    `<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\n${asked}<|im_end|>\n<|im_start|>assistant\n`;
  const shown = (asked: string) => stripVTControlCharacters(text([once(chat(asked), 'x', 0)])).split('\n')[0];
  expect(shown('What is 1 + 1?')).toBe('What is 1 + 1?');
  expect(shown(question)).toBe(`${question.slice(0, 79)}…`);
});

it('fits the screen, whatever is said', () => {
  const anything = fc.string({
    unit: fc.oneof(fc.constantFrom('日', '🚀', '\u001b[2J', '\n', ' '), fc.string()),
    maxLength: 300,
  });
  fc.assert(
    fc.property(
      fc.array(fc.tuple(anything, fc.double({ noNaN: true, min: -1e9, max: 1e9 })), { minLength: 1, maxLength: 9 }),
      (said) => {
        const group = said.map(([each, reward]) => once(`${each}?`, each, reward));
        const lines = stripVTControlCharacters(text(group, group, group)).split('\n');
        expect(lines.length).toBeLessThanOrEqual(10);
        for (const line of lines) {
          expect(displayWidth(line)).toBeLessThanOrEqual(80);
          expect(line).not.toMatch(/\p{Cc}/u);
        }
      },
    ),
  );
});

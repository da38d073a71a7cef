// The judge of two renderings: what is excused is excused where it is, and nowhere else.

import { describe, expect, test } from 'vitest';
import { type Excuses, judge, type Rendered, unitsOf } from './excused.ts';

/** Tokens between bars; each has the id of its text. */
function rendered(text: string): Rendered {
  const units = text.split('|').map((part) => {
    const id = [...part].reduce((sum, character) => sum * 31 + character.charCodeAt(0), 0);
    return { text: part, tokens: [id] };
  });
  return { text: text.replaceAll('|', ''), units };
}

const verdict = (ours: string, theirs: string, excuses?: Excuses) => judge(rendered(ours), rendered(theirs), excuses);
const FINE = { problem: null, isDivided: false };

test('the same is the same', () => {
  expect(verdict('ab|c', 'ab|c')).toEqual(FINE);
  expect(verdict('', '')).toEqual(FINE);
});

describe('text', () => {
  test('that differs is told with its place', () => {
    expect(verdict('ab|c', 'ab|d').problem).toBe('at character 2: ours is "abc", and not "abd"');
    expect(verdict('ab', 'ab|c').problem).toBe('at character 2: ours is "ab", and not "abc"');
  });

  test('that the other side lacks on purpose is put there, and the rest compared', () => {
    const excuses = { insertions: [{ at: 2, text: '\n' }] };
    expect(verdict('ab|\n|c', 'ab|c', excuses)).toEqual(FINE);
    expect(verdict('ab|\n|c', 'ab|d', excuses).problem).toMatch(/^at character 3/);
    expect(verdict('ab|c', 'ab|c', excuses).problem).toMatch(/^at character 2/);
  });

  test('several times', () => {
    const insertions = [
      { at: 1, text: 'x' },
      { at: 2, text: 'yy' },
    ];
    expect(verdict('a|x|b|yy|c', 'a|b|c', { insertions })).toEqual(FINE);
  });
});

describe('tokens', () => {
  test('of the same text must be the same', () => {
    expect(verdict('a|bc|d', 'a|b|c|d').problem).toBe('other tokens for "bc"');
  });

  test('may be divided otherwise around a place, and only there', () => {
    expect(verdict('a|bc|d', 'a|b|c|d', { divisions: [2] })).toEqual({ problem: null, isDivided: true });
    expect(verdict('a|b|c|d', 'ab|c|d', { divisions: [1] })).toEqual({ problem: null, isDivided: true });
    expect(verdict('a|bc|d|ef', 'a|b|c|d|e|f', { divisions: [2] }).problem).toBe('other tokens for "ef"');
    expect(verdict('ab|c', 'ab|c', { divisions: [1] })).toEqual(FINE);
  });

  test('that touch what was put in may be other ones, and no further ones', () => {
    const excuses = { insertions: [{ at: 1, text: '\n' }] };
    expect(verdict('a\n|b|c', 'a|b|c', excuses)).toEqual(FINE);
    expect(verdict('a\n|bc', 'a|b|c', excuses)).toEqual(FINE);
    expect(verdict('a\n|b|cd', 'a|b|c|d', excuses).problem).toBe('other tokens for "cd"');
  });
});

test('a character whose bytes are several tokens is one unit', () => {
  const bytes = [...Buffer.from('aé日')];
  const decode = (tokens: number[]) => new TextDecoder().decode(Uint8Array.from(tokens));
  expect(unitsOf(bytes, decode).map(({ text, tokens }) => [text, tokens.length])).toEqual([
    ['a', 1],
    ['é', 2],
    ['日', 3],
  ]);
});

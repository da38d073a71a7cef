// Where the boxed answer is, and where there is none.

import { describe, expect, it } from 'vitest';
import { DataValidationError, extractBoxed } from '../../../src/index.ts';
import { firstBoxed } from '../../../src/recipes/math/boxed.ts';

describe('extractBoxed', () => {
  it.each([
    ['\\boxed{42}', '42'],
    ['first \\boxed{1}, then \\boxed{2}.', '2'],
    ['\\boxed{1} and {2}', '1'],
    ['\\boxed{a}{b}', 'a'],
    ['\\boxed{\\boxed{3}}', '\\boxed{3}'],
    ['\\boxed{\\frac{1}{2}}', '\\frac{1}{2}'],
    ['\\boxed{x \\{1,2\\}}', 'x \\{1,2\\}'],
    ['\\boxed{}', ''],
    ['{ \\boxed{5}', '5'],
    ['\\boxed 3.5', '3'],
    ['\\boxed 1 \\boxed 2', '1'],
    ['\\boxed{one} \\boxed 2', 'one'],
  ])('reads %j as %j', (text, answer) => {
    expect(extractBoxed(text)).toBe(answer);
  });

  it.each(['', '42', 'a } then \\boxed{5}', '\\boxed {5}', '\\boxed{\\text{A}', '\\fbox{5}', '\\boxed{5}}'])(
    'finds nothing in %j, and says so',
    (text) => {
      expect(() => extractBoxed(text)).toThrow(DataValidationError);
    },
  );

  it('says what is wrong', () => {
    expect(() => extractBoxed('It is 5.')).toThrowErrorMatchingInlineSnapshot(
      `[DataValidationError: the text has no boxed answer]`,
    );
    expect(() => extractBoxed('} \\boxed{5}')).toThrowErrorMatchingInlineSnapshot(
      `[DataValidationError: no boxed answer can be read: a "}" closes no "{"]`,
    );
  });
});

describe('firstBoxed', () => {
  it.each([
    ['\\boxed{1} \\boxed{2}', '1'],
    ['} \\boxed{5}', '5'],
    ['\\boxed {5}', '5'],
    ['\\boxed{\\boxed{3}}', '\\boxed{3}'],
    ['\\boxed{\\text{A} or \\boxed{5}', '5'],
    ['\\boxed 5', null],
    ['{5}', null],
  ])('reads %j as %j', (text, answer) => {
    expect(firstBoxed(text)).toBe(answer);
  });
});

// What is wrong with regular expressions of specs.

import { expect, it } from 'vitest';
import { expressionProblem, groupProblem } from '../../src/util/expressions.ts';

it.each(['a|b', '', '(?<year>\\d+)'])('%j is an expression', (pattern) => {
  expect(expressionProblem(pattern)).toBeNull();
});

it.each([
  ['(', 'Unterminated group'],
  ['[b-a]', 'out of order'],
])('%j is none: %s', (pattern, message) => {
  expect(expressionProblem(pattern)).toContain(message);
  expect(groupProblem(pattern)).toContain(message);
});

it.each(['(a)|b', 'a|(b)', '(?<year>\\d+)'])('%j has a group', (pattern) => {
  expect(groupProblem(pattern)).toBeNull();
});

it.each(['(?:a)', 'a', '\\(a\\)'])('%j has none', (pattern) => {
  expect(groupProblem(pattern)).toContain('has no group');
});

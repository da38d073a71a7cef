// Benchmarks of plugins that are no TypeScript: what is wrong is named.

import { expect, it } from 'vitest';
import { checkedBenchmark } from '../../src/evaluation/checked_benchmark.ts';

const example = { example_id: 'a', input: 'b', expected: null, makeEnv: () => undefined };

it('that is as it should be is taken as it is', () => {
  const benchmark = { name: 'mine', grader: '1', examples: [example] };
  expect(checkedBenchmark(benchmark, 'mine')).toEqual(benchmark);
});

it.each<[string, unknown]>([
  ['nothing', null],
  ['no name', { grader: '1', examples: [example] }],
  ['no grader', { name: 'mine', examples: [example] }],
  ['a text for examples', { name: 'mine', grader: '1', examples: 'abc' }],
  ['no examples', { name: 'mine', grader: '1', examples: [] }],
  ['a hole', { name: 'mine', grader: '1', examples: [example, null] }],
  ['a number for an id', { name: 'mine', grader: '1', examples: [{ ...example, example_id: 5 }] }],
  ['nothing expected', { name: 'mine', grader: '1', examples: [{ ...example, expected: undefined }] }],
])('is refused by what is wrong with it: %s', (_, given) => {
  expect(() => checkedBenchmark(given, 'mine')).toThrowErrorMatchingSnapshot();
});

import { expect, test } from 'vitest';
import { askedOnce } from '../../src/util/asked_once.ts';

test('a question is asked once, by however many', async () => {
  let asked = 0;
  const answer = askedOnce(async () => ++asked);
  expect(await Promise.all([answer(), answer()])).toEqual([1, 1]);
  expect(await answer()).toBe(1);
});

test('one that failed is asked again', async () => {
  let asked = 0;
  const answer = askedOnce(async () => {
    asked += 1;
    if (asked === 1) throw new Error('no answer yet');
    return asked;
  });
  const both = await Promise.allSettled([answer(), answer()]);
  expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  expect(await answer()).toBe(2);
  expect(await answer()).toBe(2);
});

// Sums of one- and two-digit numbers: how they are asked and answered, and which of them the corpus shows.

import { isHeldOutSum } from './held_out.ts';
import type { Random } from './random.ts';

export const MAX_OPERAND = 99;

/** Wordings of a sum, each with the wording of its answer. */
const WORDINGS: readonly { ask(a: number, b: number): string; answer(a: number, b: number, sum: number): string }[] = [
  { ask: (a, b) => `What is ${a} + ${b}?`, answer: (_a, _b, sum) => `${sum}` },
  { ask: (a, b) => `${a} + ${b} =`, answer: (_a, _b, sum) => `${sum}` },
  { ask: (a, b) => `${a} + ${b}`, answer: (_a, _b, sum) => `${sum}` },
  { ask: (a, b) => `What is ${a} plus ${b}?`, answer: (_a, _b, sum) => `${sum}` },
  { ask: (a, b) => `How much is ${a} + ${b}?`, answer: (a, b, sum) => `${a} + ${b} = ${sum}.` },
  { ask: (a, b) => `Add ${a} and ${b}.`, answer: (a, b, sum) => `${a} + ${b} = ${sum}.` },
  { ask: (a, b) => `Please add ${a} and ${b}.`, answer: (a, b, sum) => `${a} + ${b} = ${sum}.` },
  { ask: (a, b) => `What do you get when you add ${a} and ${b}?`, answer: (_a, _b, sum) => `The answer is ${sum}.` },
];

/** Whether any column of the sum is more than 9. */
export function carries(a: number, b: number): boolean {
  return (a % 10) + (b % 10) > 9 || a + b > 99;
}

/** A sum that the corpus may show; `carryPercent` of them carry. */
export function drawTrainingSum(random: Random, carryPercent: number): [a: number, b: number] {
  const wantsCarry = random.chance(carryPercent);
  for (;;) {
    const a = random.integer(0, MAX_OPERAND);
    const b = random.integer(0, MAX_OPERAND);
    if (carries(a, b) === wantsCarry && !isHeldOutSum(a, b)) return [a, b];
  }
}

export function askSum(random: Random, a: number, b: number): { prompt: string; answer: string } {
  const { ask, answer } = random.pick(WORDINGS);
  return { prompt: ask(a, b), answer: answer(a, b, a + b) };
}

/** Whether the last number of a reply is the sum. */
export function saysSum(reply: string, sum: number): boolean {
  return reply.match(/\d+/g)?.at(-1) === String(sum);
}

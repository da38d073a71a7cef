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

/** Whether any column of the sum adds up to more than 9, with what the column before it carries. */
export function carries(a: number, b: number): boolean {
  return (a % 10) + (b % 10) > 9 || a + b > 99;
}

/**
 * Whether both columns add up to 11 at most: half of all sums, and all but a few of those in the corpus. The digits of the
 * other columns are hardly ever seen together, so however long a model trains it knows about half of all sums and has
 * only a notion of the rest: room for reinforcement learning, which can reward nothing that never happens.
 */
export function isFamiliar(a: number, b: number): boolean {
  return (a % 10) + (b % 10) <= 11 && Math.floor(a / 10) + Math.floor(b / 10) <= 11;
}

/** A sum that the corpus may show; `unfamiliarPercent` of them are not familiar. */
export function drawTrainingSum(random: Random, unfamiliarPercent: number): [a: number, b: number] {
  const familiar = !random.chance(unfamiliarPercent);
  for (;;) {
    const a = drawOperand(random);
    const b = drawOperand(random);
    if (isFamiliar(a, b) === familiar && !isHeldOutSum(a, b)) return [a, b];
  }
}

/** One digit more often than a tenth of the time, which is their share among numbers up to 99. */
function drawOperand(random: Random): number {
  return random.integer(0, random.chance(20) ? 9 : MAX_OPERAND);
}

export function askSum(random: Random, a: number, b: number): { prompt: string; answer: string } {
  const { ask, answer } = random.pick(WORDINGS);
  return { prompt: ask(a, b), answer: answer(a, b, a + b) };
}

/** Whether the last number of a reply is the sum. */
export function saysSum(reply: string, sum: number): boolean {
  return reply.match(/\d+/g)?.at(-1) === String(sum);
}

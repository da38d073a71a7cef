// Sums of three numbers that are worked out in steps, some with a step between that has nothing to do with them.

import type { RandomGenerator } from 'pure-rand/types/RandomGenerator';
import type { Message } from '../../renderers/types.ts';
import { permutation } from '../../util/permutation.ts';
import { nextBelow, nextUniform } from '../../util/random.ts';

export interface StepSum {
  a: number;
  b: number;
  c: number;
}

/** All sums of numbers up to this, those that are held out in front; the order is the same for every seed, so that runs compare. */
export function stepSums(max_operand: number): { length: number; at(index: number): StepSum } {
  const operands = max_operand + 1;
  const order = permutation(operands ** 3, [0]);
  return {
    length: order.length,
    at(index) {
      const each = order[index];
      return { a: Math.floor(each / operands ** 2), b: Math.floor(each / operands) % operands, c: each % operands };
    },
  };
}

export const question = ({ a, b, c }: StepSum): string => `What is ${a} + ${b} + ${c}?`;
export const answerOf = ({ a, b, c }: StepSum): number => a + b + c;

const THINGS = ['birds', 'boats', 'apples', 'sheep', 'friends', 'trains'];

/** What says nothing of the sum: it begins with "Also", so that it can be told from the others. */
const filler = (random: RandomGenerator): string =>
  `Also, ${nextBelow(random, 50)} ${THINGS[nextBelow(random, THINGS.length)]} are there.\n`;

export interface StepSumStyle {
  /** Share of places before, between and behind the steps that hold one with nothing to do with them. */
  filler: number;
  /** Share of worked sums that break off behind a step and say the answer early: a model that has seen none would not know how to. */
  early_exit: number;
}

/** A worked sum; what is broken off still says the right answer. */
export function workedSum(
  sum: StepSum,
  { filler: share, early_exit }: StepSumStyle,
  random: RandomGenerator,
): Message[] {
  const maybe = () => (nextUniform(random) < share ? [filler(random)] : []);
  const { a, b, c } = sum;
  const steps = [
    ...maybe(),
    `First, ${a} + ${b} = ${a + b}.\n`,
    ...maybe(),
    `Then, ${a + b} + ${c} = ${answerOf(sum)}.\n`,
    ...maybe(),
  ];
  const kept = nextUniform(random) < early_exit ? 1 + nextBelow(random, steps.length - 1) : steps.length;
  return [
    { role: 'user', content: question(sum) },
    { role: 'assistant', content: `${steps.slice(0, kept).join('')}Answer: ${answerOf(sum)}` },
  ];
}

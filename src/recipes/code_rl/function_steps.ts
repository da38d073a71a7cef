// What generated functions are made of: steps that each do one thing to a number or to a list of numbers, said in words, written in
// JavaScript, and done here.

import type { RandomGenerator } from 'pure-rand/types/RandomGenerator';
import { nextBelow } from '../../util/random.ts';

/** An expression in JavaScript, and how tightly it holds together. */
export interface Expression {
  text: string;
  /** 0: a name or a call; 1: a product; 2: a sum. */
  level: 0 | 1 | 2;
}

export interface Step<In, Out> {
  words: string;
  write(value: Expression): Expression;
  apply(value: In): Out;
}

export type NumberStep = Step<number, number>;
export type ListStep = Step<readonly number[], readonly number[]>;
export type SummaryStep = Step<readonly number[], number>;

const sum = (text: string): Expression => ({ text, level: 2 });
const product = (text: string): Expression => ({ text, level: 1 });
const call = (text: string): Expression => ({ text, level: 0 });

/** In parentheses where it would fall apart. */
const held = ({ text, level }: Expression, most: 0 | 1): string => (level <= most ? text : `(${text})`);

/** Few, so that a small model meets each of them often with each step. */
const CONSTANTS = [2, 3, 4, 5];

/** What may be done to a number. */
export const OPERATIONS = ['add', 'subtract', 'multiply', 'square', 'at_least', 'at_most'] as const;
export type Operation = (typeof OPERATIONS)[number];

const numberSteps: Record<Operation, (k: number) => NumberStep> = {
  add: (k) => ({ words: `add ${k}`, write: (x) => sum(`${x.text} + ${k}`), apply: (x) => x + k }),
  subtract: (k) => ({ words: `subtract ${k}`, write: (x) => sum(`${x.text} - ${k}`), apply: (x) => x - k }),
  multiply: (k) => ({ words: `multiply by ${k}`, write: (x) => product(`${held(x, 1)} * ${k}`), apply: (x) => x * k }),
  square: () => ({ words: 'square it', write: (x) => product(`${held(x, 0)} ** 2`), apply: (x) => x ** 2 }),
  at_least: (k) => ({
    words: `make it at least ${k}`,
    write: (x) => call(`Math.max(${x.text}, ${k})`),
    apply: (x) => Math.max(x, k),
  }),
  at_most: (k) => ({
    words: `make it at most ${k}`,
    write: (x) => call(`Math.min(${x.text}, ${k})`),
    apply: (x) => Math.min(x, k),
  }),
};

const conditions: ((k: number) => { words: string; text: string; holds(x: number): boolean })[] = [
  (k) => ({ words: `above ${k}`, text: `x > ${k}`, holds: (x) => x > k }),
  (k) => ({ words: `below ${k}`, text: `x < ${k}`, holds: (x) => x < k }),
  () => ({ words: 'that are even', text: 'x % 2 == 0', holds: (x) => x % 2 === 0 }),
];

const X: Expression = { text: 'x', level: 0 };

const summarySteps: SummaryStep[] = [
  {
    words: 'sum them',
    write: (a) => call(`${a.text}.reduce((s, x) => s + x, 0)`),
    apply: (a) => a.reduce((s, x) => s + x, 0),
  },
  { words: 'count them', write: (a) => call(`${a.text}.length`), apply: (a) => a.length },
];

const chosen = <T>(random: RandomGenerator, items: readonly T[]): T => items[nextBelow(random, items.length)];
const constant = (random: RandomGenerator) => chosen(random, CONSTANTS);

export function numberStep(random: RandomGenerator, operations: readonly Operation[]): NumberStep {
  return numberSteps[chosen(random, operations)](constant(random));
}

/** Does something to each number, or leaves some of them out. */
export function listStep(random: RandomGenerator, operations: readonly Operation[]): ListStep {
  if (nextBelow(random, 2) === 0) {
    const { words, write, apply } = numberStep(random, operations);
    return {
      words: `for each, ${words}`,
      write: (a) => call(`${a.text}.map(x => ${write(X).text})`),
      apply: (a) => a.map(apply),
    };
  }
  const { words, text, holds } = chosen(random, conditions)(constant(random));
  return {
    words: `keep those ${words}`,
    write: (a) => call(`${a.text}.filter(x => ${text})`),
    apply: (a) => a.filter(holds),
  };
}

export function summaryStep(random: RandomGenerator): SummaryStep {
  return chosen(random, summarySteps);
}

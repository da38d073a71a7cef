// Sums of two numbers as problems, and which of them are held out.

import type { Message } from '../../renderers/types.ts';
import type { Problem } from '../../rl/problem_env.ts';
import { permutation } from '../../util/permutation.ts';
import { extractLastInteger } from '../math/extract.ts';
import { numberWords } from './number_words.ts';

export interface SumOptions {
  /** Largest number to add. */
  max_operand: number;
  in_words: boolean;
  /** Whether a worked sum stands in front of every question. */
  example: boolean;
}

/**
 * Pairs of numbers to add, each as one number; those that are held out stand in front. The order is the same for every seed,
 * so that runs compare.
 */
export function pairsOf({ max_operand }: SumOptions): number[] {
  return permutation((max_operand + 1) ** 2, [0]);
}

export function sumOf(pair: number, options: SumOptions): Problem {
  const operands = options.max_operand + 1;
  const [a, b] = [Math.floor(pair / operands), pair % operands];
  return {
    question: ask(a, b, options),
    reference_answer: String(a + b),
    checkAnswer: (reply) => extractLastInteger(reply) === a + b,
    extractAnswer: (reply) => extractLastInteger(reply)?.toString() ?? null,
  };
}

export function sumPrefix(options: SumOptions): Message[] {
  if (!options.example) return [];
  return [
    { role: 'user', content: ask(4, 5, options) },
    { role: 'assistant', content: options.in_words ? '4 + 5 = 9' : '9' },
  ];
}

function ask(a: number, b: number, { in_words }: SumOptions): string {
  return in_words ? `What is ${numberWords(a)} plus ${numberWords(b)}?` : `What is ${a} + ${b}?`;
}

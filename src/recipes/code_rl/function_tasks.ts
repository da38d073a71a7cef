// Functions to write, made up by seed: a number or a list goes through a few steps that are told in words, and the answer is
// JavaScript. Tests are made by doing the steps.

import { createHash } from 'node:crypto';
import type { RandomGenerator } from 'pure-rand/types/RandomGenerator';
import { ConfigurationError } from '../../util/errors.ts';
import type { JsonValue } from '../../util/json.ts';
import { nextBelow, randomFor } from '../../util/random.ts';
import { type Expression, listStep, numberStep, type Operation, type Step, summaryStep } from './function_steps.ts';
import type { CallTest, CodeTask } from './task.ts';

export const ARGUMENTS = ['number', 'list', 'any'] as const;

/** What functions are made up. */
export interface FunctionKind {
  argument: (typeof ARGUMENTS)[number];
  /** Steps of a function, at most; of a list at least two, of which the last makes a number of it. */
  max_steps: number;
  /** What steps do to a number, or to each number of a list. */
  operations: readonly Operation[];
}

export interface FunctionTaskOptions {
  visible_tests: number;
  hidden_tests: number;
}

/** A function in words, the program that it is, and what it does. */
export interface MadeFunction {
  words: string;
  code: string;
  takesList: boolean;
  /** Of a list, without the one that makes a number of it. */
  steps: number;
  apply(argument: JsonValue): JsonValue;
}

const FUNCTION_NAME = 'f';

/** One in so many of the longest functions is never trained on; what they are made of is. */
const ONE_HELD_OUT = 8;

/** Where so many functions have none of those that are wanted, the kind has too few. */
const MOST_ATTEMPTS = 10_000;

/**
 * Of a seed and a number: a function of the kind that is asked for.
 * @throws ConfigurationError for a kind that has none
 */
export function functionOf(purpose: 'train' | 'test', seed: number, index: number, kind: FunctionKind): MadeFunction {
  const make = (attempt: number) => madeFunction(randomFor(seed, 'function', purpose, index, attempt), kind);
  return firstOf(make, (made) => isHeldOut(made, kind) === (purpose === 'test'));
}

/**
 * The first function that is wanted.
 * @throws ConfigurationError where there is none
 */
export function firstOf(
  make: (attempt: number) => MadeFunction,
  isWanted: (made: MadeFunction) => boolean,
): MadeFunction {
  for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
    const made = make(attempt);
    if (isWanted(made)) return made;
  }
  throw new ConfigurationError('there are too few functions to train on some and hold others out', {
    hint: 'Set max_steps higher, or name more operations.',
  });
}

/** By what it does alone, so that it is held out of the runs of every seed. */
export function isHeldOut({ code, takesList, steps }: MadeFunction, { max_steps }: FunctionKind): boolean {
  const isLongest = steps === (takesList ? longestOfLists(max_steps) : max_steps);
  return isLongest && createHash('sha256').update(code).digest().readUInt32LE(0) % ONE_HELD_OUT === 0;
}

/** Before the step that makes a number of a list. */
const longestOfLists = (max_steps: number): number => Math.max(1, max_steps - 1);

export function madeFunction(random: RandomGenerator, { argument, max_steps, operations }: FunctionKind): MadeFunction {
  const takesList = argument === 'any' ? nextBelow(random, 2) === 1 : argument === 'list';
  if (!takesList) {
    const count = 1 + nextBelow(random, max_steps);
    const steps = Array.from({ length: count }, () => numberStep(random, operations));
    return {
      ...put('x', steps),
      takesList: false,
      steps: count,
      apply: (value) => steps.reduce((x, { apply }) => apply(x), Number(value)),
    };
  }
  const count = 1 + nextBelow(random, longestOfLists(max_steps));
  const steps = Array.from({ length: count }, () => listStep(random, operations));
  const last = summaryStep(random);
  return {
    ...put('a', [...steps, last]),
    takesList: true,
    steps: count,
    apply: (value) => {
      const list: readonly number[] = Array.isArray(value) ? value.map(Number) : [];
      return last.apply(steps.reduce((a, { apply }) => apply(a), list));
    },
  };
}

function put(
  name: string,
  steps: readonly Pick<Step<never, unknown>, 'words' | 'write'>[],
): Pick<MadeFunction, 'words' | 'code'> {
  const start: Expression = { text: name, level: 0 };
  const { text } = steps.reduce((expression, { write }) => write(expression), start);
  return { words: steps.map(({ words }) => words).join(', then '), code: `${name} => ${text}` };
}

/** The function as a task. Its tests are of its own: the same for everybody who is given the function. */
export function functionTask(made: MadeFunction, { visible_tests, hidden_tests }: FunctionTaskOptions): CodeTask {
  const tests = testsOf(made, visible_tests + hidden_tests);
  const visible = tests.slice(0, visible_tests);
  const examples = visible.map(
    ({ args, returns }) => ` ${FUNCTION_NAME}(${JSON.stringify(args[0])}) is ${JSON.stringify(returns)}.`,
  );
  const subject = made.takesList ? 'a list of numbers' : 'a number';
  const set = (tests: CallTest[]) => ({ kind: 'functional' as const, fn_name: FUNCTION_NAME, tests });
  return {
    question: `Write a function of ${subject}: ${made.words}.`,
    examples: examples.join(''),
    language: 'javascript',
    visible: set(visible),
    hidden: set(tests.slice(visible_tests)),
  };
}

function testsOf(made: MadeFunction, count: number): CallTest[] {
  const random = randomFor(0, 'tests', made.code);
  const number = () => nextBelow(random, 41) - 20;
  return Array.from({ length: count }, () => {
    const argument = made.takesList ? Array.from({ length: 2 + nextBelow(random, 5) }, number) : number();
    return { args: [argument], returns: made.apply(argument) };
  });
}

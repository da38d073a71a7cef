// Answers of somebody who knows how functions are written, and now and then writes another one than was asked for.

import type { RandomGenerator } from 'pure-rand/types/RandomGenerator';
import type { Message } from '../../renderers/types.ts';
import { nextUniform } from '../../util/random.ts';
import {
  type FunctionKind,
  type FunctionTaskOptions,
  firstOf,
  functionTask,
  isHeldOut,
  type MadeFunction,
  madeFunction,
} from './function_tasks.ts';

/** @param noise share of the answers that are any function of the kind */
export function demonstration(
  { noise, ...options }: FunctionKind & FunctionTaskOptions & { noise: number },
  random: RandomGenerator,
): Message[] {
  const asked = trainedFunction(options, random);
  const { question, examples } = functionTask(asked, options);
  const isWrong = nextUniform(random) < noise;
  const answer = isWrong ? trainedFunction(options, random, asked.takesList) : asked;
  return [
    { role: 'user', content: `${question}${examples}` },
    { role: 'assistant', content: answer.code },
  ];
}

/** Of numbers where a function of numbers is asked for, and of lists where one of lists is. */
function trainedFunction(options: FunctionKind, random: RandomGenerator, takesList?: boolean): MadeFunction {
  return firstOf(
    () => madeFunction(random, options),
    (made) => !isHeldOut(made, options) && (takesList === undefined || made.takesList === takesList),
  );
}

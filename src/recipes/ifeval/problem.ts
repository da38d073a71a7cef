// Prompts with instructions that a program can verify, as problems: a reply is right that follows all of them to the letter.

import type { ScoredSample } from '../../evaluation/types.ts';
import type { Problem } from '../../rl/problem_env.ts';
import { field, kindOf } from '../../supervised/data/fields.ts';
import { DataValidationError } from '../../util/errors.ts';
import { canonicalJson, isJsonObject, type JsonObject } from '../../util/json.ts';
import { inField, textIn } from '../math/problem_file.ts';
import { type Follows, instructionOf } from './instructions.ts';

export interface InstructedPrompt {
  prompt: string;
  instructions: { id: string; kwargs: JsonObject; follows: Follows }[];
}

/** `{"prompt", "instruction_id_list", "kwargs"}`; arguments that are null are absent. */
export function readIfevalRow(row: JsonObject): InstructedPrompt {
  const prompt = textIn(row, 'prompt');
  const [ids, kwargs] = [field(row, 'instruction_id_list'), field(row, 'kwargs')];
  if (!Array.isArray(ids) || ids.length === 0) {
    throw new DataValidationError(`instruction_id_list: must be a list of ids, not ${kindOf(ids)}`);
  }
  if (!Array.isArray(kwargs) || kwargs.length !== ids.length) {
    throw new DataValidationError(`kwargs: must be a list as long as instruction_id_list, not ${kindOf(kwargs)}`);
  }
  const instructions = ids.map((id, i) => {
    const given = kwargs[i];
    if (typeof id !== 'string')
      throw new DataValidationError(`instruction_id_list[${i}]: must be text, not ${kindOf(id)}`);
    if (!isJsonObject(given)) throw new DataValidationError(`kwargs[${i}]: must be an object, not ${kindOf(given)}`);
    const present = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== null));
    return { id, kwargs: present, follows: inField(`kwargs[${i}]`, () => instructionOf(id, present)) };
  });
  return { prompt, instructions };
}

export function instructedProblem({ prompt, instructions }: InstructedPrompt): Problem {
  const strictly = (reply: string) => instructions.map(({ follows }) => reply.trim() !== '' && follows(reply));
  const loosely = (reply: string) => {
    const variants = looseVariants(reply);
    return instructions.map(({ follows }) => variants.some((variant) => follows(variant)));
  };
  const all = (followed: readonly boolean[]) => Number(followed.every(Boolean));
  const count = (followed: readonly boolean[]) => followed.filter(Boolean).length;
  return {
    question: prompt,
    reference_answer: instructions.map(({ id }) => id).join(', '),
    judged_by: canonicalJson(instructions.map(({ id, kwargs }) => [id, kwargs])),
    checkAnswer: (reply) => strictly(reply).every(Boolean),
    extractAnswer: (reply) => {
      const strict = strictly(reply);
      return instructions.map(({ id }, i) => `${id} ${strict[i] === true ? 'followed' : 'not followed'}`).join(', ');
    },
    measure(reply) {
      const [strict, loose] = [strictly(reply), loosely(reply)];
      return {
        prompt_strict: all(strict),
        prompt_loose: all(loose),
        instructions: instructions.length,
        followed_strict: count(strict),
        followed_loose: count(loose),
        ...Object.fromEntries(instructions.map(({ id }, i) => [`strict/${id}`, Number(strict[i])])),
      };
    },
  };
}

/** As the paper has it: without asterisks, and without the first line, the last line or both, which often only lead in or out. */
export function looseVariants(reply: string): string[] {
  const lines = reply.split('\n');
  const cut = [lines, lines.slice(1), lines.slice(0, -1), lines.slice(1, -1)].map((each) => each.join('\n').trim());
  const variants = [reply, ...cut].flatMap((text) => [text, text.replaceAll('*', '')]);
  return [...new Set(variants)].filter((text) => text.trim() !== '');
}

/** Of all instructions together, whichever prompts they stand in. Answers that failed have none. */
export function instructionLevel(samples: readonly ScoredSample[]): Record<string, number> {
  const total = (name: string) => samples.reduce((sum, { metrics }) => sum + (metrics[name] ?? 0), 0);
  const instructions = total('instructions');
  if (instructions === 0) return {};
  return {
    instruction_strict: total('followed_strict') / instructions,
    instruction_loose: total('followed_loose') / instructions,
  };
}

// Preference models: what says which of two completions is better, and how many comparisons are asked for at once.

import { defineSlot } from '../../registry/slot.ts';
import type { Message } from '../../renderers/types.ts';
import { RolloutFailure } from '../../rl/rollout_failure.ts';
import type { StepOptions } from '../../rl/types.ts';
import type { OtherModels } from '../../training/other_models.ts';
import { shown } from '../../util/shown.ts';
import type { Comparison } from '../types.ts';

type OrPromise<T> = T | Promise<T>;

/** Says which of two completions is better. */
export interface PreferenceModel {
  /**
   * −1 where A is, 1 where B is, 0 where neither is, or anything between where it is not sure. Null where it cannot tell, such as
   * where the reply of a judge could not be read: the comparison is left out, and counted.
   */
  compare(comparison: Comparison, options?: StepOptions): OrPromise<number | null>;
  /** Of weights, or of other files that its parameters only name: tells them from all others. Absent where it has none. */
  identity?(): OrPromise<string>;
}

/** Says what a completion is worth by itself, from 0 to 1; null where it cannot tell. */
export type Score = (completion: Completion, options?: StepOptions) => OrPromise<number | null>;

export interface Completion {
  prompt_conversation: readonly Message[];
  completion: readonly Message[];
}

/** Compares by scores. Each completion of a group is scored once, however often it is compared. */
export interface ScoringModel extends PreferenceModel {
  score: Score;
}

export function scoringModel(score: Score): ScoringModel {
  return {
    score,
    async compare({ prompt_conversation, completion_A, completion_B }, options) {
      const scores = [completion_A, completion_B].map((completion) =>
        score({ prompt_conversation, completion }, options),
      );
      const [a, b] = await Promise.all(scores);
      return difference(a, b);
    },
  };
}

export interface PreferenceModelContext {
  seed: number;
  /** Opens the models that judge; absent where nothing runs. */
  models?: OtherModels;
  warn(message: string): void;
  notify?(message: string): void;
  signal?: AbortSignal;
}

export const preferenceModelSlot = defineSlot<PreferenceModelContext, PreferenceModel>({
  name: 'preference_model',
  doc: 'Says which of two replies is better.',
});

/** One verdict. Completions that are the same are equally good, which takes no model to tell. */
async function compared(model: PreferenceModel, comparison: Comparison, options?: StepOptions): Promise<number | null> {
  if (keyOf(comparison.completion_A) === keyOf(comparison.completion_B)) return 0;
  return checkedVerdict(await model.compare(comparison, options));
}

/** Verdicts on pairs of completions of one prompt, all asked for at once. */
export async function comparedPairs(
  model: PreferenceModel,
  prompt: readonly Message[],
  completions: readonly (readonly Message[])[],
  pairs: readonly (readonly [number, number])[],
  options?: StepOptions,
): Promise<(number | null)[]> {
  if (isScoring(model)) return await comparedByScore(model.score, prompt, completions, pairs, options);
  return await Promise.all(
    pairs.map(([a, b]) => {
      const [completion_A, completion_B] = [[...completions[a]], [...completions[b]]];
      return compared(model, { prompt_conversation: [...prompt], completion_A, completion_B }, options);
    }),
  );
}

async function comparedByScore(
  score: Score,
  prompt: readonly Message[],
  completions: readonly (readonly Message[])[],
  pairs: readonly (readonly [number, number])[],
  options: StepOptions | undefined,
): Promise<(number | null)[]> {
  const keys = completions.map(keyOf);
  const distinct = new Map(completions.map((completion, i) => [keys[i], completion]));
  const scored = await Promise.all(
    [...distinct].map(async ([key, completion]): Promise<[string, number | null]> => {
      return [key, checkedScore(await score({ prompt_conversation: prompt, completion }, options))];
    }),
  );
  const scores = new Map(scored);
  const scoreOf = (index: number) => scores.get(keys[index]) ?? null;
  return pairs.map(([a, b]) => difference(scoreOf(a), scoreOf(b)));
}

const difference = (a: number | null, b: number | null) => (a === null || b === null ? null : b - a);

const keyOf = (completion: readonly Message[]) => JSON.stringify(completion);

const isScoring = (model: PreferenceModel): model is ScoringModel =>
  'score' in model && typeof model.score === 'function';

/** A preference model is a user's code, and maybe no TypeScript. */
function checkedVerdict(given: unknown): number | null {
  if (given === null || (typeof given === 'number' && given >= -1 && given <= 1)) return given;
  throw new RolloutFailure(
    'invalid_comparison',
    `the preference model gave ${shown(given)}, not a number from -1 to 1`,
  );
}

function checkedScore(given: unknown): number | null {
  if (given === null || (typeof given === 'number' && given >= 0 && given <= 1)) return given;
  throw new RolloutFailure(
    'invalid_comparison',
    `the preference model gave the score ${shown(given)}, not a number from 0 to 1`,
  );
}

// Replies of a policy against the completions of a dataset, judged by one judge or several (ComparisonEvaluator of
// tinker_cookbook/preference, which is told to judge one way or both and always does both).

import type { Make } from '../../registry/slot.ts';
import type { Message } from '../../renderers/types.ts';
import type { StepOptions } from '../../rl/types.ts';
import type { Metrics } from '../../training/types.ts';
import { ConfigurationError } from '../../util/errors.ts';
import { comparedPairs, type PreferenceModel, type PreferenceModelContext } from '../models/preference_model.ts';
import type { JudgeConfig } from './judge_fields.ts';

export interface Judge {
  name: string;
  model: PreferenceModel;
}

export async function buildJudges(
  configs: readonly JudgeConfig[],
  context: PreferenceModelContext,
  make: Make,
): Promise<Judge[]> {
  const twice = configs.find(({ name }, i) => configs.findIndex((other) => other.name === name) < i);
  if (twice !== undefined) throw new ConfigurationError(`two judges are called ${twice.name}: give one another name`);
  return await Promise.all(
    configs.map(async ({ name, preference_model }) => ({ name, model: await make(preference_model, context) })),
  );
}

export interface Judgement {
  prompt_conversation: readonly Message[];
  reply: readonly Message[];
  completion: readonly Message[];
}

/**
 * How much of a win the reply is: 1 for one, 0 for a defeat, ½ for neither; both ways, (r₀ − r₁ + 2) / 4, where r₀ is the
 * verdict with the reply second and r₁ the one with it first. Null where either cannot be told.
 */
export async function winScore(
  { prompt_conversation, reply, completion }: Judgement,
  { model, bothWays }: { model: PreferenceModel; bothWays: boolean },
  options: StepOptions,
): Promise<number | null> {
  const orders = [
    [0, 1],
    [1, 0],
  ] as const;
  const pairs = orders.slice(0, bothWays ? 2 : 1);
  const [second, first] = await comparedPairs(model, prompt_conversation, [completion, reply], pairs, options);
  if (second === null || first === null) return null;
  return bothWays ? (second - first + 2) / 4 : (second + 1) / 2;
}

/** Scores of replies by each judge, in the order of the judges. */
export type Scores = readonly (number | null)[];

/**
 * Of each judge `win_rate`, its `stderr`, the number `n` of replies that it judged and the share `unjudged` that it did not; and
 * how much higher the first one's rate is than that of each other, over the replies that both have judged. Rates of no reply
 * are left out.
 */
export function winMetrics(names: readonly string[], scores_N: readonly Scores[]): Metrics {
  const entries = names.flatMap((name, j): [string, number][] => {
    const judged = scores_N.flatMap((scores) => scores[j] ?? []);
    const rates: [string, number][] = [
      [`${name}/win_rate`, mean(judged)],
      [`${name}/stderr`, standardError(judged)],
    ];
    return [
      ...(judged.length === 0 ? [] : rates),
      [`${name}/n`, judged.length],
      [`${name}/unjudged`, scores_N.length === 0 ? 0 : 1 - judged.length / scores_N.length],
    ];
  });
  const gaps = names.slice(1).flatMap((name, i): [string, number][] => {
    const differences = scores_N.flatMap((scores) => {
      const [own, other] = [scores[0], scores[i + 1]];
      return own === null || other === null ? [] : [own - other];
    });
    return differences.length === 0 ? [] : [[`${names[0]}_minus_${name}`, mean(differences)]];
  });
  return Object.fromEntries([...entries, ...gaps]);
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

/** Of the mean; NaN of fewer than two. */
function standardError(values: readonly number[]): number {
  const centre = mean(values);
  const variance = values.reduce((sum, value) => sum + (value - centre) ** 2, 0) / (values.length - 1);
  return Math.sqrt(variance / values.length);
}

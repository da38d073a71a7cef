// What a run will have computed, told before it runs: the parts that trainers have in common.

import { positionsOf } from '../tinker/types.ts';
import { CookbookError } from '../util/errors.ts';
import type { EvaluationEstimate, Evaluator, HeldOut } from './evaluator.ts';
import type { TokenEstimate } from './types.ts';

/** Only running tells what a run takes. The message says why. */
export class UnknownCostError extends CookbookError {
  override readonly code = 'UNKNOWN_COST';
}

type Estimated = Pick<Evaluator, 'name' | 'estimate'>;

interface Schedule {
  eval_every: number;
  infrequent_eval_every: number;
  early_stopping: object | null;
}

/** All evaluations of a run: one before every so many steps, and one after the last. */
export async function estimateEvaluations(
  model: string,
  { evaluators, infrequentEvaluators }: Record<'evaluators' | 'infrequentEvaluators', readonly Estimated[]>,
  { eval_every, infrequent_eval_every, early_stopping }: Schedule,
  totalSteps: number,
): Promise<TokenEstimate> {
  const estimate: TokenEstimate = { spent: [], atMost: early_stopping !== null, without: [] };
  for (const [measured, every] of [
    [evaluators, eval_every],
    [infrequentEvaluators, infrequent_eval_every],
  ] as const) {
    const times = every === 0 ? 0 : Math.ceil(totalSteps / every) + 1;
    for (const evaluator of times === 0 ? [] : measured) {
      const once = await evaluator.estimate?.();
      if (once === undefined) {
        estimate.without.push(evaluator.name === undefined ? 'evaluators' : `the evaluator ${evaluator.name}`);
        continue;
      }
      const tokens = Object.fromEntries(Object.entries(once.tokens).map(([kind, count]) => [kind, times * count]));
      estimate.spent.push({ model, tokens });
      estimate.atMost ||= once.atMost;
    }
  }
  return estimate;
}

/** A forward pass over held-out examples. */
export async function estimateReading(test: HeldOut): Promise<EvaluationEstimate> {
  let prefill = 0;
  for (let index = 0; index < test.length; index++) prefill += positionsOf(await test.getBatch(index));
  return { tokens: { prefill }, atMost: false };
}

export function sumOfEstimates(...parts: readonly TokenEstimate[]): TokenEstimate {
  return {
    spent: parts.flatMap(({ spent }) => spent),
    atMost: parts.some(({ atMost }) => atMost),
    without: [...new Set(parts.flatMap(({ without }) => without))],
  };
}

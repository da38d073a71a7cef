// Log-probs of targets under a model that is only read.

import type { SamplingClient } from '../tinker/clients.ts';
import { type Datum, type ModelInput, modelInputFromTokens, tokensOf } from '../tinker/types.ts';

export interface ScoredTargets {
  /** Log-prob of each target, in nats; from the first that counts on. */
  logprobs_T: number[];
  /** What was read for them. */
  input: ModelInput;
}

/** One a datum. Targets before the first that counts, by the mask or the weights of the datum, are not asked about. */
export async function scoreTargets(
  client: SamplingClient,
  data_D: readonly Datum[],
  signal?: AbortSignal,
): Promise<ScoredTargets[]> {
  return await Promise.all(
    data_D.map(async (datum) => {
      const input = wholeSequence(datum);
      const first = firstThatCounts(datum);
      const last_n = Math.max(1, datum.loss_fn_inputs.target_tokens.data.length - first);
      const [, ...logprobs_T] = await client.computeLogprobs(input, { last_n, signal });
      return { logprobs_T: logprobs_T.map((logprob, t) => (t < first ? Number.NaN : Number(logprob))), input };
    }),
  );
}

function firstThatCounts({ loss_fn_inputs: { mask, weights, target_tokens } }: Datum): number {
  const counts = mask ?? weights;
  if (counts === undefined) return 0;
  const first = counts.data.findIndex((weight) => weight !== 0);
  return first === -1 ? target_tokens.data.length : first;
}

/** The input of a datum and its last target: all that the targets are predicted from. */
function wholeSequence({ model_input, loss_fn_inputs: { target_tokens } }: Datum): ModelInput {
  return modelInputFromTokens([...tokensOf(model_input), target_tokens.data[target_tokens.data.length - 1]]);
}

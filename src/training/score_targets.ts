// Log-probs of targets under a model that is only read.

import type { SamplingClient } from '../tinker/clients.ts';
import { type Datum, type ModelInput, modelInputFromTokens, tokensOf } from '../tinker/types.ts';

export interface ScoredTargets {
  /** Log-prob of each target, in nats. */
  logprobs_T: number[];
  /** What was read for them. */
  input: ModelInput;
}

/** One a datum. */
export async function scoreTargets(
  client: SamplingClient,
  data_D: readonly Datum[],
  signal?: AbortSignal,
): Promise<ScoredTargets[]> {
  return await Promise.all(
    data_D.map(async (datum) => {
      const input = wholeSequence(datum);
      const [, ...logprobs_T] = await client.computeLogprobs(input, { signal });
      return { logprobs_T: logprobs_T.map(Number), input };
    }),
  );
}

/** The input of a datum and its last target: all that the targets are predicted from. */
function wholeSequence({ model_input, loss_fn_inputs: { target_tokens } }: Datum): ModelInput {
  return modelInputFromTokens([...tokensOf(model_input), target_tokens.data[target_tokens.data.length - 1]]);
}

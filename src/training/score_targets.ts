// Log-probs of targets under a model that is only read.

import type { SamplingClient } from '../tinker/clients.ts';
import { type Datum, type ModelInput, modelInputFromTokens, type SampleResponse, tokensOf } from '../tinker/types.ts';
import { RequestError } from '../util/errors.ts';

export interface ScoredTargets {
  /** Log-prob of each target, in nats. */
  logprobs_T: number[];
  /** What was read for them, and how the service answered. */
  input: ModelInput;
  response: SampleResponse;
}

/** One a datum. Services give log-probs of a prompt with a token that is sampled behind it, which nobody needs. */
export async function scoreTargets(
  client: SamplingClient,
  data_D: readonly Datum[],
  signal?: AbortSignal,
): Promise<ScoredTargets[]> {
  return await Promise.all(
    data_D.map(async (datum) => {
      const input = wholeSequence(datum);
      const params = { max_tokens: 1, temperature: 0 };
      const response = await client.sample(input, 1, params, { include_prompt_logprobs: true, signal });
      return { logprobs_T: targetLogprobs(response), input, response };
    }),
  );
}

/** The input of a datum and its last target: all that the targets are predicted from. */
export function wholeSequence({ model_input, loss_fn_inputs: { target_tokens } }: Datum): ModelInput {
  return modelInputFromTokens([...tokensOf(model_input), target_tokens.data[target_tokens.data.length - 1]]);
}

function targetLogprobs({ prompt_logprobs }: SampleResponse): number[] {
  if (prompt_logprobs === undefined) throw new RequestError('the service gave no log-probs of the prompt');
  return prompt_logprobs.slice(1).map((logprob) => logprob ?? 0);
}

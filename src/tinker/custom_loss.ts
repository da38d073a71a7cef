// Custom losses on any training client: score the data, let the caller differentiate, send its gradient as weights.

import { RequestError } from '../util/errors.ts';
import type { APIFuture, CustomLossFn, TrainingClient } from './clients.ts';
import type { Datum, ForwardBackwardOutput } from './types.ts';

/** The slope of −Σ w·lp is −w, so weights of −dL/dlp make cross-entropy's gradient that of the custom loss. */
export async function forwardBackwardCustom(
  client: Pick<TrainingClient, 'forward' | 'forwardBackward'>,
  data: Datum[],
  lossFn: CustomLossFn,
  options: { logprobs?: 'all' | 'trained' } = {},
): Promise<APIFuture<ForwardBackwardOutput>> {
  const scored = await (await client.forward(data.map(scorable), 'cross_entropy', undefined, options)).result();
  const logprobs_D_T = scored.loss_fn_outputs.map(({ logprobs }) => Float32Array.from(logprobs.data));
  const { loss, grads_D_T, metrics = {} } = lossFn(data, logprobs_D_T);
  const weighted = data.map((datum, d): Datum => {
    const { target_tokens } = datum.loss_fn_inputs;
    const grads_T = grads_D_T[d];
    if (grads_T?.length !== logprobs_D_T[d].length) {
      throw new RequestError(
        `the custom loss gave ${grads_T?.length ?? 'no'} gradients for the ${logprobs_D_T[d].length} log-probs of datum ${d}`,
      );
    }
    const weights = { data: grads_T.map((grad) => -grad), dtype: 'float32' as const, shape: target_tokens.shape };
    return { ...datum, loss_fn_inputs: { target_tokens, weights } };
  });
  const submitted = await client.forwardBackward(weighted, 'cross_entropy', undefined, { logprobs: 'trained' });
  return {
    async result() {
      const output = await submitted.result();
      return { ...scored, metrics: { ...output.metrics, 'loss:sum': loss, ...metrics } };
    },
  };
}

/** Without what only the custom loss reads. */
function scorable({ loss_fn_inputs: { target_tokens, weights }, ...datum }: Datum): Datum {
  return { ...datum, loss_fn_inputs: { target_tokens, ...(weights !== undefined && { weights }) } };
}

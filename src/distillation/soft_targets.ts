// A teacher's distribution at each position of a sequence as targets: K tokens, and how probable it finds each.

import type { SamplingClient } from '../tinker/clients.ts';
import { type Datum, type ModelInput, modelInputFromTokens, tokensOf } from '../tinker/types.ts';
import { RequestError } from '../util/errors.ts';

/** The most likely tokens of one position with their log-probs in nats, likeliest first. */
export interface TopTokens {
  tokens: number[];
  logprobs: number[];
}

/** One a target of a datum; null where nothing is learned. */
export type TeacherTargets = readonly (TopTokens | null)[];

/** log Σ exp of the values. */
export function logSumExp(values: ArrayLike<number>): number {
  const all = Array.from(values);
  const most = Math.max(...all);
  return most + Math.log(all.reduce((sum, value) => sum + Math.exp(value - most), 0));
}

/**
 * What a teacher says of the targets of a datum that have weight. Services tell it of a prompt, with a token that is sampled
 * behind it and that nobody needs.
 */
export async function teacherTargets(
  client: SamplingClient,
  datum: Datum,
  { K, signal }: { K: number; signal?: AbortSignal },
): Promise<TeacherTargets> {
  const { target_tokens, weights } = datum.loss_fn_inputs;
  const last = target_tokens.data[target_tokens.data.length - 1];
  const sequence = modelInputFromTokens([...tokensOf(datum.model_input), last]);
  const top = await topTokens(client, sequence, { K, signal });
  return Array.from(weights.data, (weight, t) => (weight === 0 ? null : requireTop(top[t + 1], t + 1)));
}

/** Of each token of a sequence what a model expects in its place; null of the first, which nothing comes before. */
export async function topTokens(
  client: SamplingClient,
  sequence: ModelInput,
  { K, signal }: { K: number; signal?: AbortSignal },
): Promise<(TopTokens | null)[]> {
  const params = { max_tokens: 1, temperature: 0 };
  const { topk_prompt_logprobs: top } = await client.sample(sequence, 1, params, { topk_prompt_logprobs: K, signal });
  if (top === undefined) throw new RequestError('the service of the teacher gave no topk_prompt_logprobs');
  return top.map((pairs) => {
    // What is impossible is no target.
    const possible = (pairs ?? []).filter(([, logprob]) => Number.isFinite(logprob)).slice(0, K);
    return possible.length === 0
      ? null
      : { tokens: possible.map(([token]) => token), logprobs: possible.map(([, logprob]) => logprob) };
  });
}

/** @throws RequestError where the teacher has said nothing: a target without its say would teach something else */
export function requireTop(top: TopTokens | null | undefined, position: number): TopTokens {
  if (top !== null && top !== undefined) return top;
  throw new RequestError(`the teacher has no likely tokens at position ${position} of a sequence`);
}

/** The log-probs of the tokens made to sum to 1 over them. */
export function renormalized({ logprobs }: TopTokens): number[] {
  const total = logSumExp(logprobs);
  return logprobs.map((logprob) => Math.exp(logprob - total));
}

/** `weigh` gives the weights of a target's tokens. Where it gives fewer than K, the rest are copies of the first that weigh nothing. */
export function softDatum(
  { model_input, loss_fn_inputs: { target_tokens } }: Datum,
  targets: TeacherTargets,
  { K, weigh }: { K: number; weigh(top: TopTokens, t: number): readonly number[] },
): Datum {
  const N = targets.length;
  const tokens = new Array<number>(N * K);
  const weights = new Float32Array(N * K);
  for (const [t, top] of targets.entries()) {
    tokens.fill(top?.tokens[0] ?? target_tokens.data[t], t * K, (t + 1) * K);
    if (top === null) continue;
    for (const [k, weight] of weigh(top, t).entries()) {
      tokens[t * K + k] = top.tokens[k];
      weights[t * K + k] = weight;
    }
  }
  const shape = [N, K];
  return {
    model_input,
    loss_fn_inputs: {
      target_tokens: { data: tokens, dtype: 'int64', shape },
      weights: { data: weights, dtype: 'float32', shape },
    },
  };
}

/** Targets of cross-entropy: the teacher's distribution over its K most likely tokens, by the weights of the datum. */
export function crossEntropyTargets(datum: Datum, targets: TeacherTargets, K: number): Datum {
  const { data: weights_T } = datum.loss_fn_inputs.weights;
  return softDatum(datum, targets, { K, weigh: (top, t) => renormalized(top).map((p) => p * weights_T[t]) });
}

// Whether sampler and trainer agree: tokens are sampled, and the same tokens are scored by the trainer and by the sampler
// (tinker_cookbook/recipes/rl_numerics_check, without its task).

import type { SamplingClient, TrainingClient } from '../tinker/clients.ts';
import { type Datum, type ModelInput, modelInputFromTokens, type TensorData, tokensOf } from '../tinker/types.ts';
import { RequestError } from '../util/errors.ts';
import { seedFor } from '../util/random.ts';

/** One token that was sampled, and its log-prob by each of those who know it, in nats. */
export interface TokenScores {
  /** Tokens before it. */
  position: number;
  /** As it was drawn. */
  sampled: number;
  /** By the sampler, of the finished text. */
  rescored: number;
  /** By the trainer, which a loss is computed from. */
  trained: number;
}

export interface SampledText {
  tokens: number[];
  /** Log-probs of what was sampled, by position. */
  sampled: Map<number, number>;
}

export interface SamplingPlan {
  prompts: readonly ModelInput[];
  num_samples: number;
  /** Length of each text with its prompt, in tokens. */
  depth: number;
  /** Requests that a text is sampled in: each goes on from all that came before it, as the turns of an episode do. */
  turns: number;
  seed: number;
  signal: AbortSignal;
}

/** Texts that go on to their full depth: nothing ends them, so that depth is what differs. */
export async function sampleTexts(client: SamplingClient, plan: SamplingPlan): Promise<SampledText[]> {
  const texts = Array.from({ length: plan.num_samples }, (_, n) => sampleText(client, plan, n));
  return await Promise.all(texts);
}

async function sampleText(client: SamplingClient, plan: SamplingPlan, n: number): Promise<SampledText> {
  const { prompts, depth, turns, seed, signal } = plan;
  const tokens = [...tokensOf(prompts[n % prompts.length])];
  const sampled = new Map<number, number>();
  const each = Math.max(1, Math.ceil((depth - tokens.length) / turns));
  for (let turn = 0; turn < turns && tokens.length < depth; turn++) {
    const params = {
      max_tokens: Math.min(each, depth - tokens.length),
      temperature: 1,
      stop: [],
      seed: seedFor(seed, 'doctor', n, turn),
    };
    const { sequences } = await client.sample(modelInputFromTokens(tokens), 1, params, { signal });
    const [{ tokens: said, logprobs }] = sequences;
    if (said.length === 0) break;
    for (const [i, token] of said.entries()) {
      sampled.set(tokens.length, logprobs[i]);
      tokens.push(token);
    }
  }
  return { tokens, sampled };
}

/** The log-probs that the trainer has of each token but the first, by position. */
export async function trainerScores(client: TrainingClient, texts: readonly SampledText[]): Promise<number[][]> {
  const future = await client.forward(texts.map(datumOf), 'cross_entropy');
  const { loss_fn_outputs } = await future.result();
  return texts.map((_, d) => [Number.NaN, ...Array.from(loss_fn_outputs[d].logprobs.data)]);
}

/** The log-probs that the sampler has of each token of a text that is there, by position. */
export async function samplerScores(
  client: SamplingClient,
  texts: readonly SampledText[],
  signal: AbortSignal,
): Promise<number[][]> {
  return await Promise.all(
    texts.map(async ({ tokens }) => {
      const scores = await client.computeLogprobs(modelInputFromTokens(tokens), { signal });
      return scores.map((score, position) => {
        if (typeof score === 'number') return score;
        if (position === 0) return Number.NaN;
        throw new RequestError(`the service gave no log-prob of token ${position} of a text`);
      });
    }),
  );
}

/** All that was sampled, by depth. */
export function tokenScores(
  texts: readonly SampledText[],
  { trained, rescored }: { trained: readonly number[][]; rescored: readonly number[][] },
): TokenScores[] {
  const scores = texts.flatMap(({ sampled }, n) =>
    [...sampled].map(([position, logprob]) => ({
      position,
      sampled: logprob,
      rescored: rescored[n][position],
      trained: trained[n][position],
    })),
  );
  return scores.toSorted((a, b) => a.position - b.position);
}

/** A text as cross-entropy takes it, every token of it with weight. */
export function datumOf({ tokens }: Pick<SampledText, 'tokens'>): Datum {
  const targets = tokens.slice(1);
  const target_tokens: TensorData = { data: targets, dtype: 'int64', shape: [targets.length] };
  const weights: TensorData = { data: targets.map(() => 1), dtype: 'float32', shape: [targets.length] };
  return { model_input: modelInputFromTokens(tokens.slice(0, -1)), loss_fn_inputs: { target_tokens, weights } };
}

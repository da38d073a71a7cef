// Replies that a student or a teacher samples, and replies as datums of which a teacher's distribution is learned.

import { datumFromModelInputWeights } from '../supervised/common.ts';
import type { CustomLossFn, SamplingClient } from '../tinker/clients.ts';
import { type Datum, lengthOf, type ModelInput, modelInputFromTokens, tokensOf } from '../tinker/types.ts';
import type { Divergence } from './divergence.ts';
import type { TeacherTargets, TopTokens } from './soft_targets.ts';

export interface CompletionSampling {
  max_tokens: number;
  /** Tokens that a prompt and its reply have together at most. */
  contextLength: number;
  temperature: number;
  stop: string[] | number[];
  /** Of the reply to prompt i. */
  seedOf(i: number): number;
  signal: AbortSignal;
}

/** The tokens of one reply to each prompt. */
export async function sampleCompletions(
  client: SamplingClient,
  prompts: readonly ModelInput[],
  { max_tokens, contextLength, temperature, stop, seedOf, signal }: CompletionSampling,
): Promise<number[][]> {
  return await Promise.all(
    prompts.map(async (prompt, i) => {
      const room = contextLength - lengthOf(prompt);
      const params = { max_tokens: Math.min(max_tokens, room), temperature, stop, seed: seedOf(i) };
      const { sequences } = await client.sample(prompt, 1, params, { signal });
      return sequences[0].tokens;
    }),
  );
}

/** A prompt with a reply: its tokens have weight 1. */
export function completionDatum(prompt: ModelInput, completion: readonly number[]): Datum {
  const before = tokensOf(prompt);
  const weights = [...before.map(() => 0), ...completion.map(() => 1)];
  return datumFromModelInputWeights(modelInputFromTokens([...before, ...completion]), weights, { reduction: 'none' });
}

/** What is compared at each target that has a teacher's say, and what a target of datum d counts. */
export interface Comparison {
  targets_D: readonly TeacherTargets[];
  K: number;
  scale_D: readonly number[];
  compare(student_K: Float32Array, teacher: TopTokens): Divergence;
}

/** The sum of divergences over data of shape (N, K), and their slopes. */
export function divergenceLoss({ targets_D, K, scale_D, compare }: Comparison): CustomLossFn {
  return (_, logprobs_D_T) => {
    let loss = 0;
    const grads_D_T = targets_D.map((targets, d) => {
      const grads = new Float32Array(targets.length * K);
      for (const [t, teacher] of targets.entries()) {
        if (teacher === null) continue;
        const student_K = logprobs_D_T[d].slice(t * K, t * K + teacher.tokens.length);
        const { value, slopes_K } = compare(student_K, teacher);
        loss += scale_D[d] * value;
        for (const [k, slope] of slopes_K.entries()) grads[t * K + k] = scale_D[d] * slope;
      }
      return grads;
    });
    return { loss, grads_D_T };
  };
}

/** Targets that have a teacher's say. */
export const countOf = (targets: TeacherTargets): number => targets.filter((top) => top !== null).length;

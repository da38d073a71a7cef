// The engine's side of a comparison: clients that have trained a little, and what they computed.

import { join } from 'node:path';
import { openSafetensors } from '../../src/formats/safetensors.ts';
import type { ServiceClient, TrainingClient } from '../../src/tinker/clients.ts';
import { type AdamParams, type Datum, modelInputFromTokens } from '../../src/tinker/types.ts';
import { RANDOM_MODEL_VOCABULARY } from '../support/random_model.ts';
import { randomBatch, toDatum } from './data.ts';
import type { ReferenceDatum } from './reference.ts';

/** Directory of a checkpoint of a service whose checkpoints lie under `directory`/checkpoints. */
export function checkpointDirectory(directory: string, path: string): string {
  return join(directory, 'checkpoints', path.replace('tinker://local/', ''));
}

/** The parameters as they are, as a state: its path. */
export async function saveState(client: TrainingClient, name: string): Promise<string> {
  return (await (await client.saveState(name)).result()).path;
}

/** One AdamW step a batch: the losses, and the gradient norms before clipping. */
export async function train(client: TrainingClient, batches: ReferenceDatum[][], adam: AdamParams) {
  const losses: number[] = [];
  const norms: number[] = [];
  for (const batch of batches) {
    const output = await client.forwardBackward(batch.map(toDatum), 'cross_entropy', {}, { logprobs: 'trained' });
    const update = await client.optimStep(adam);
    losses.push((await output.result()).metrics['loss:sum']);
    norms.push((await update.result()).metrics?.grad_norm ?? Number.NaN);
  }
  return { losses, norms };
}

const LARGE_STEPS = { learning_rate: 0.05, beta1: 0.9, beta2: 0.95, eps: 1e-8, weight_decay: 0, grad_clip_norm: 0 };

/** Moves every parameter well away from where it starts: LoRA's B from zero, norms from one. */
export async function disturb(client: TrainingClient): Promise<void> {
  await train(
    client,
    [1, 2, 3].map((seed) => randomBatch([9, 17, 6], seed)),
    LARGE_STEPS,
  );
}

/** Gradients of a batch at a state, by parameter: with β₁ = 0, the first moment after one step is the gradient. */
export async function gradientsAt(
  service: ServiceClient,
  { directory, state, batch }: { directory: string; state: string; batch: ReferenceDatum[] },
): Promise<Map<string, Float32Array>> {
  const client = await service.createTrainingClientFromState(state);
  await train(client, [batch], { ...LARGE_STEPS, beta1: 0 });
  const saved = checkpointDirectory(directory, await saveState(client, 'gradients'));
  const moments = await openSafetensors(join(saved, 'optimizer.safetensors'));
  const gradients = new Map<string, Float32Array>();
  for (const key of moments.tensors.keys()) {
    if (key.startsWith('exp_avg.')) gradients.set(key.slice('exp_avg.'.length), await moments.read(key));
  }
  return gradients;
}

/** A datum whose targets are all V tokens at every position, so that its log-probs are whole distributions. */
function everyNextToken(tokens: number[]): Datum {
  const shape = [tokens.length, RANDOM_MODEL_VOCABULARY];
  const data = tokens.flatMap(() => Array.from({ length: RANDOM_MODEL_VOCABULARY }, (_, id) => id));
  return {
    model_input: modelInputFromTokens(tokens),
    loss_fn_inputs: { target_tokens: { data, dtype: 'int64', shape } },
  };
}

/** Log-probs (T·V) of every next token, by sequence. */
export async function distributions(client: TrainingClient, sequences: number[][]): Promise<ArrayLike<number>[]> {
  const output = await client.forward(sequences.map(everyNextToken), 'cross_entropy');
  const { loss_fn_outputs } = await output.result();
  return loss_fn_outputs.map(({ logprobs }) => logprobs.data);
}

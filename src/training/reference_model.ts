// The model that a policy is compared with.

import type { WeightsRef } from '../registry/fields.ts';
import type { SamplingClient } from '../tinker/clients.ts';
import type { EstimateContext, TrainingContext } from './types.ts';

type Policy = { load_checkpoint_path: WeightsRef | null; model_name: string };

/** What `ref` names, or what training started from: the same in every attempt. */
export async function openReferenceModel(
  ref: WeightsRef | null,
  { load_checkpoint_path, model_name }: Policy,
  { service, resolveWeights }: TrainingContext,
): Promise<SamplingClient> {
  const weights = ref ?? load_checkpoint_path;
  if (weights === null) return await service.createSamplingClient({ base_model: model_name });
  const { model_path, base_model } = await resolveWeights(weights);
  return await service.createSamplingClient(model_path === undefined ? { base_model } : { model_path });
}

/** The model that is paid for reading with it. An adapter that a policy is compared with is of the policy's own model. */
export async function nameOfReference(
  ref: WeightsRef | null,
  { load_checkpoint_path, model_name }: Policy,
  { resolveWeights }: EstimateContext,
): Promise<string> {
  const weights = ref ?? load_checkpoint_path;
  return (weights === null ? null : (await resolveWeights(weights)).base_model) ?? model_name;
}

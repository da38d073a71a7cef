// The model that a policy is compared with.

import type { WeightsRef } from '../registry/fields.ts';
import type { SamplingClient } from '../tinker/clients.ts';
import type { TrainingContext } from './types.ts';

/** What `ref` names, or what training started from: the same in every attempt. */
export async function openReferenceModel(
  ref: WeightsRef | null,
  { load_checkpoint_path, model_name }: { load_checkpoint_path: WeightsRef | null; model_name: string },
  { service, resolveWeights }: TrainingContext,
): Promise<SamplingClient> {
  const weights = ref ?? load_checkpoint_path;
  if (weights === null) return await service.createSamplingClient({ base_model: model_name });
  const { model_path, base_model } = await resolveWeights(weights);
  return await service.createSamplingClient(model_path === undefined ? { base_model } : { model_path });
}

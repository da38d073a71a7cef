// The losses that a policy can be trained by: the service's, and those that this package computes from log-probs of any service.

import type { LossFnType } from '../../tinker/types.ts';
import { bnpo, dapo, drGrpo, grpo } from './clipped.ts';
import { gmpo } from './gmpo.ts';
import { sapo } from './sapo.ts';
import type { CustomLoss } from './types.ts';
import { maskedImportanceSampling, truncatedImportanceSampling } from './weighted.ts';

export const SERVICE_LOSSES: readonly LossFnType[] = [
  'importance_sampling',
  'ppo',
  'cispo',
  'dro',
  'gspo',
  'stable_reinforce',
];

export const CUSTOM_LOSSES: readonly CustomLoss[] = [
  grpo,
  drGrpo,
  dapo,
  bnpo,
  sapo,
  gmpo,
  truncatedImportanceSampling,
  maskedImportanceSampling,
];

/** What a spec may name as `loss_fn`. */
export const LOSS_FN_NAMES: readonly string[] = [...SERVICE_LOSSES, ...CUSTOM_LOSSES.map(({ name }) => name)];

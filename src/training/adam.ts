// The optimizer of a step, as every training loop has it.

import type { AdamParams } from '../tinker/types.ts';
import { type LrSchedule, lrMultiplier } from './lr_schedule.ts';

export interface AdamConfig {
  learning_rate: number;
  lr_schedule: LrSchedule;
  warmup_steps: number;
  adam_beta1: number;
  adam_beta2: number;
  adam_eps: number;
  weight_decay: number;
  grad_clip_norm: number;
}

export function adamAt(config: AdamConfig, step: number, totalSteps: number): AdamParams {
  const { learning_rate, lr_schedule, warmup_steps } = config;
  return {
    learning_rate: learning_rate * lrMultiplier(lr_schedule, step, totalSteps, warmup_steps),
    beta1: config.adam_beta1,
    beta2: config.adam_beta2,
    eps: config.adam_eps,
    weight_decay: config.weight_decay,
    grad_clip_norm: config.grad_clip_norm,
  };
}

// The optimizer of tests that train: steps large enough to be seen after a few.

import type { AdamParams } from '../../src/tinker/types.ts';

export function adam(learning_rate: number): AdamParams {
  return { learning_rate, beta1: 0.9, beta2: 0.95, eps: 1e-8, weight_decay: 0, grad_clip_norm: 0 };
}

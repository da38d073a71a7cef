// AdamW (arXiv 1711.05101) with bias correction and clipping by global norm, over named float32 arrays.

import type { AdamParams } from '../tinker/types.ts';

/** First and second moments of every parameter, and the number of steps that made them. */
export interface AdamState {
  step: number;
  moments: Map<string, { m: Float32Array; v: Float32Array }>;
}

export function newAdamState(parameters: ReadonlyMap<string, Float32Array>): AdamState {
  const zeros = (like: Float32Array) => new Float32Array(like.length);
  return { step: 0, moments: new Map([...parameters].map(([name, p]) => [name, { m: zeros(p), v: zeros(p) }])) };
}

/** √Σg² over all gradients. */
function globalNorm(gradients: ReadonlyMap<string, Float32Array>): number {
  let sum = 0;
  for (const gradient of gradients.values()) {
    for (let i = 0; i < gradient.length; i++) sum += gradient[i] * gradient[i];
  }
  return Math.sqrt(sum);
}

/** One step in place; a parameter without a gradient has a gradient of zero, `rateOf` says how many times the learning rate a parameter has. Returns the norm before clipping. */
export function adamStep(
  parameters: ReadonlyMap<string, Float32Array>,
  gradients: ReadonlyMap<string, Float32Array>,
  state: AdamState,
  { learning_rate, beta1, beta2, eps, weight_decay, grad_clip_norm }: AdamParams,
  rateOf: (name: string) => number = () => 1,
): number {
  const norm = globalNorm(gradients);
  const clip = grad_clip_norm > 0 && norm > grad_clip_norm ? grad_clip_norm / norm : 1;
  state.step += 1;
  const correction = 1 / Math.sqrt(1 - beta2 ** state.step);
  for (const [name, p] of parameters) {
    const lr = learning_rate * rateOf(name);
    const rate = lr / (1 - beta1 ** state.step);
    const keep = 1 - lr * weight_decay;
    const moments = state.moments.get(name);
    if (moments === undefined) throw new Error(`no optimizer state for ${name}`);
    const { m, v } = moments;
    const g = gradients.get(name) ?? new Float32Array(p.length);
    for (let i = 0; i < p.length; i++) {
      const gi = g[i] * clip;
      m[i] = beta1 * m[i] + (1 - beta1) * gi;
      v[i] = beta2 * v[i] + (1 - beta2) * gi * gi;
      p[i] = keep * p[i] - (rate * m[i]) / (Math.sqrt(v[i]) * correction + eps);
    }
  }
  return norm;
}

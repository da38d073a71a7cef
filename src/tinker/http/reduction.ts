// The results of the chunks of one pass as the result of the pass: records one after another, metrics by what their names end with.

import type { ForwardBackwardOutput } from '../types.ts';

interface Part {
  value: number;
  /** Datums that it tells of. */
  weight: number;
}

type Reduction = (parts: readonly Part[]) => number;

const UINT64 = 2n ** 64n;

const REDUCTIONS: Readonly<Record<string, Reduction>> = {
  sum: (parts) => parts.reduce((sum, { value }) => sum + value, 0),
  min: (parts) => Math.min(...parts.map(({ value }) => value)),
  max: (parts) => Math.max(...parts.map(({ value }) => value)),
  mean,
  slack: (parts) => Math.max(...parts.map(({ value }) => value)) - mean(parts),
  hash2: (parts) => {
    const whole = parts.every(({ value }) => Number.isInteger(value));
    return whole ? Number(parts.reduce((sum, { value }) => sum + BigInt(value), 0n) % UINT64) : Number.NaN;
  },
};

/** The result of a single chunk stays as it is. Of several, metrics that not all have, or of an unknown reduction, are left out. */
export function combineOutputs(outputs: readonly ForwardBackwardOutput[]): ForwardBackwardOutput {
  const [first] = outputs;
  if (outputs.length === 1) return first;
  const metrics: Record<string, number> = {};
  for (const key of Object.keys(first.metrics)) {
    if (!outputs.every((output) => Object.hasOwn(output.metrics, key))) continue;
    const parts = outputs.map((output) => ({ value: output.metrics[key], weight: output.loss_fn_outputs.length }));
    Object.assign(metrics, reduced(key, parts));
  }
  return {
    loss_fn_output_type: first.loss_fn_output_type,
    loss_fn_outputs: outputs.flatMap((output) => output.loss_fn_outputs),
    metrics,
  };
}

function reduced(key: string, parts: readonly Part[]): Record<string, number> {
  const [, reduction, ...more] = key.split(':');
  if (reduction === undefined || more.length > 0) return {};
  if (reduction === 'unique') {
    return Object.fromEntries(parts.map(({ value }, i) => [i === 0 ? key : `${key}_${i}`, value]));
  }
  return Object.hasOwn(REDUCTIONS, reduction) ? { [key]: REDUCTIONS[reduction](parts) } : {};
}

/** By datums. */
function mean(parts: readonly Part[]): number {
  const weight = parts.reduce((sum, part) => sum + part.weight, 0);
  return parts.reduce((sum, part) => sum + part.value * part.weight, 0) / weight;
}

// A LoRA adapter added into the weights that it was trained on.

import { setImmediate as pause } from 'node:timers/promises';
import type { Adapter } from '../formats/adapter.ts';
import { scalingOf } from '../formats/lora_scaling.ts';
import type { ModelFiles } from '../formats/model_files.ts';
import { UNEMBEDDING_WEIGHT, unembeddingWeight } from '../formats/modules.ts';

/** Products between two looks at whether to stop. */
const PAUSE_AFTER = 2 ** 25;

/** A weight of the merged model: W + s·B·A for a module that has factors, W for any other. */
export async function mergedTensor(
  { config, weights }: ModelFiles,
  adapter: Adapter | null,
  name: string,
  signal?: AbortSignal,
) {
  const W = await weights.read(name === UNEMBEDDING_WEIGHT ? unembeddingWeight(config) : name); // (out, in)
  const module = name.replace(/\.weight$/, '');
  const lora = adapter?.factors.get(module);
  if (adapter === null || lora === undefined) return W;
  const { rank, scale } = scalingOf(adapter, module);
  const { A, B } = lora; // (r, in), (out, r)
  const columns = A.length / rank;
  const rows = B.length / rank;
  for (let o = 0; o < rows; o++) {
    if (o % Math.ceil(PAUSE_AFTER / A.length) === 0) {
      await pause();
      signal?.throwIfAborted();
    }
    const row = W.subarray(o * columns, (o + 1) * columns);
    for (let k = 0; k < rank; k++) {
      const factor = scale * B[o * rank + k];
      const direction = A.subarray(k * columns, (k + 1) * columns);
      for (let i = 0; i < columns; i++) row[i] += factor * direction[i];
    }
  }
  return W;
}

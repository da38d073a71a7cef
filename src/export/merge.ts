// A LoRA adapter added into the weights that it was trained on.

import type { Adapter } from '../formats/adapter.ts';
import type { TensorSource } from '../formats/tensors.ts';

/** A weight of the merged model: W + α/r·B·A for a module that has factors, W for any other. */
export async function mergedTensor(base: TensorSource, { factors, alpha, rank }: Adapter, name: string) {
  const W = await base.read(name); // (out, in)
  const lora = factors.get(name.replace(/\.weight$/, ''));
  if (lora === undefined) return W;
  const { A, B } = lora; // (r, in), (out, r)
  const columns = A.length / rank;
  const rows = B.length / rank;
  for (let o = 0; o < rows; o++) {
    const row = W.subarray(o * columns, (o + 1) * columns);
    for (let k = 0; k < rank; k++) {
      const factor = (alpha / rank) * B[o * rank + k];
      const direction = A.subarray(k * columns, (k + 1) * columns);
      for (let i = 0; i < columns; i++) row[i] += factor * direction[i];
    }
  }
  return W;
}

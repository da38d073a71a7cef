// A pass over many examples as several requests: how the examples are divided. Gradients add up, so the sum is that of one pass.

import type { Datum, SparseTensorData, TensorData } from '../types.ts';
import { isSparse } from '../wire/tensors.ts';

export interface ChunkLimits {
  /** Datums in a chunk. */
  fwdbwd_max_chunk_len: number;
  /** Bytes in a chunk; a datum that is larger by itself is a chunk of its own. */
  fwdbwd_max_chunk_bytes_count: number;
}

/** The datums in their order, each chunk as full as the limits allow. */
export function chunksOf(data: readonly Datum[], limits: ChunkLimits): Datum[][] {
  const chunks: Datum[][] = [];
  let bytes = 0;
  for (const datum of data) {
    const size = datumBytes(datum);
    const chunk = chunks.at(-1);
    const fits =
      chunk !== undefined &&
      chunk.length < limits.fwdbwd_max_chunk_len &&
      bytes + size <= limits.fwdbwd_max_chunk_bytes_count;
    if (fits) chunk.push(datum);
    else chunks.push([datum]);
    bytes = fits ? bytes + size : size;
  }
  return chunks;
}

/** What a datum takes on the wire, near enough. */
export function datumBytes({ model_input, loss_fn_inputs }: Datum): number {
  const input = model_input.chunks.map((chunk) =>
    chunk.type === 'image' ? chunk.data.length : 4 * chunk.tokens.length,
  );
  return [...input, ...Object.values(loss_fn_inputs).map(tensorBytes)].reduce((sum, size) => sum + size, 0);
}

function tensorBytes(tensor: TensorData | SparseTensorData): number {
  const values = (tensor.dtype === 'int64' ? 8 : 4) * tensor.data.length;
  if (!isSparse(tensor)) return values;
  return values + 8 * (tensor.sparse_crow_indices.length + tensor.sparse_col_indices.length);
}

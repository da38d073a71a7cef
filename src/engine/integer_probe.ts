// Whether the runtime's products of bytes hold their sums on this processor.

import { Graph } from './graph.ts';
import { createSession } from './session.ts';

/** The largest values of a row of activations and of a matrix. */
const MOST_ROW = 255;
const MOST_MATRIX = 127;

/**
 * Whether products with int8 come out wrong here. Without an instruction for whole products of bytes, the runtime adds two of them in 16
 * bits, which hold no more than ±32767. It is asked once.
 */
export const sumsSaturate = (): Promise<boolean> => (saturating ??= probe());
let saturating: Promise<boolean> | null = null;

async function probe(): Promise<boolean> {
  const K = 64;
  const g = new Graph();
  const largest = { values: new Uint8Array(K).fill(MOST_ROW), matrix: new Uint8Array(K).fill(MOST_MATRIX) };
  const rows = g.initializer({ name: 'rows', type: 'uint8', dims: [1, K], data: largest.values });
  const matrix = g.initializer({ name: 'matrix', type: 'int8', dims: [K, 1], data: largest.matrix });
  const one = g.initializer({
    name: 'scale',
    type: 'float32',
    dims: [1],
    data: new Uint8Array(Float32Array.of(1).buffer),
  });
  const wide = g.node(
    'Concat',
    Array.from({ length: 16 }, () => matrix),
    { attributes: { axis: 1 } },
  );
  const high = g.node(
    'Concat',
    Array.from({ length: 4 }, () => rows),
    { attributes: { axis: 0 } },
  );
  const scales = g.node(
    'Concat',
    Array.from({ length: 16 }, () => one),
    { attributes: { axis: 0 } },
  );
  g.output(
    'sums',
    g.node('MatMulIntegerToFloat', [high, wide, g.scalar(1), scales, g.byte(0)], { domain: 'com.microsoft' }),
  );
  const session = await createSession(g.encode(), { directory: '', threads: 1 });
  try {
    const { sums } = await session.run({});
    return sums.data.some((sum) => sum !== K * MOST_ROW * MOST_MATRIX);
  } finally {
    await session.release();
  }
}

// Whether the runtime's products of bytes hold their sums on this processor.

import { askedOnce } from '../util/asked_once.ts';
import { Graph } from './graph.ts';
import { createSession } from './session.ts';

/** The largest values of a row of activations and of a matrix. */
const MOST_ROW = 255;
const MOST_MATRIX = 127;

/**
 * Whether products with int8 come out wrong here. Without an instruction for whole products of bytes, the runtime adds two of them in 16
 * bits, which hold no more than ±32767. It is asked once.
 */
export const sumsSaturate = askedOnce(probe);

async function probe(): Promise<boolean> {
  const g = new Graph();
  const [N, K, columns] = [4, 64, 16];
  const rows = g.initializer({
    name: 'rows',
    type: 'uint8',
    dims: [N, K],
    data: new Uint8Array(N * K).fill(MOST_ROW),
  });
  const matrix = g.initializer({
    name: 'matrix',
    type: 'int8',
    dims: [K, columns],
    data: new Uint8Array(K * columns).fill(MOST_MATRIX),
  });
  const inputs = [rows, matrix, g.scalar(1), g.scalar(1), g.byte(0)];
  g.output('sums', g.node('MatMulIntegerToFloat', inputs, { domain: 'com.microsoft' }));
  const session = await createSession(g.encode(), { directory: '', threads: 1 });
  try {
    const { sums } = await session.run({});
    return sums.data.some((sum) => sum !== K * MOST_ROW * MOST_MATRIX);
  } finally {
    await session.release();
  }
}

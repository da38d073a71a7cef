// Products in integers against float64, on rows of every kind; and that a row depends on nothing but itself.

import { describe, expect, it } from 'vitest';
import { Graph, type Value } from '../../src/engine/graph.ts';
import { sumsSaturate } from '../../src/engine/integer_probe.ts';
import {
  type IntegerWeight,
  integerProduct,
  integerProductBack,
  integerRowsOf,
  outliersOf,
  probabilityProduct,
} from '../../src/engine/integer_products.ts';
import { gaussian } from '../../src/engine/random.ts';
import { createSession, floats, integers } from '../../src/engine/session.ts';
import {
  largestOfColumns,
  quantisedColumns,
  quantisedTransposed,
  smoothingOf,
  UNSIGNED_ZERO,
} from '../../src/formats/int8.ts';
import { randomFor } from '../../src/util/random.ts';

const bytes = (array: Float32Array | Int8Array) => new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
const random = (size: number, name: string) => gaussian(randomFor(7, name), size, 1);

interface Matrix {
  W: Float32Array;
  out: number;
  width: number;
  /** The largest activation of every feature. */
  activations: Float32Array;
}

/** In pieces of so many rows. */
function emitted(
  g: Graph,
  { W, out, width, activations }: Matrix,
  {
    rowsOfPiece = out,
    unsigned = false,
    prefix = '',
  }: { rowsOfPiece?: number; unsigned?: boolean; prefix?: string } = {},
): IntegerWeight {
  const { factors, outliers } = smoothingOf(activations, largestOfColumns(W, out, width));
  const forward = quantisedTransposed(W, out, width, factors);
  const backward = quantisedColumns(W, out, width);
  const float = (name: string, dims: number[], data: Float32Array) =>
    g.initializer({ name: `${prefix}${name}`, type: 'float32', dims, data: bytes(data) });
  const int8 = (part: string, dims: number[], data: Int8Array) => {
    const name = `${prefix}${part}`;
    return unsigned
      ? g.initializer({ name, type: 'uint8', dims, data: Uint8Array.from(data, (value) => value + UNSIGNED_ZERO) })
      : g.initializer({ name, type: 'int8', dims, data: bytes(data) });
  };
  const pieces = Array.from({ length: Math.ceil(out / rowsOfPiece) }, (_, p) => {
    const rows = Math.min(rowsOfPiece, out - p * rowsOfPiece);
    return int8(
      `backward ${p}`,
      [rows, width],
      backward.values.slice(p * rowsOfPiece * width, (p * rowsOfPiece + rows) * width),
    );
  });
  const columns = Float32Array.from(
    { length: out * outliers.length },
    (_, at) => W[Math.floor(at / outliers.length) * width + outliers[at % outliers.length]],
  );
  return {
    zero: unsigned ? UNSIGNED_ZERO : 0,
    input: {
      smoothing: float(
        'smoothing',
        [width],
        factors.map((factor) => (factor === 0 ? 0 : 1 / factor)),
      ),
      outliers: outliers.length === 0 ? null : g.ints(outliers),
    },
    forward: {
      values: int8('forward', [width, out], forward.values),
      scales: float('forward scales', [out], forward.scales),
    },
    outliers: outliers.length === 0 ? null : float('outliers', [out, outliers.length], columns),
    backward: {
      pieces,
      whole: pieces.length === 1 ? pieces[0] : int8('backward', [out, width], backward.values),
      scales: float('backward scales', [width], backward.scales),
    },
  };
}

/** y = f(x) for x of so many rows, as a graph computes it. */
async function run(
  x: Float32Array,
  width: number,
  emit: (g: Graph, x: Value) => Value,
  { threads = 2, packed = false }: { threads?: number; packed?: boolean } = {},
): Promise<Float32Array> {
  const g = new Graph('cpu', threads);
  g.output('y', emit(g, g.input('x', 'float32')));
  const session = await createSession(g.encode(), { directory: '', threads, packed });
  const { y } = await session.run({ x: floats(x, [x.length / width, width]) });
  await session.release();
  return y.data;
}

/** In float64. */
function exact(
  x: Float32Array,
  W: Float32Array,
  width: number,
  term: (o: number, i: number) => number,
  columns: number,
): Float64Array {
  const rows = x.length / width;
  const y = new Float64Array(rows * columns);
  for (let n = 0; n < rows; n++)
    for (let c = 0; c < columns; c++)
      for (let k = 0; k < width; k++) y[n * columns + c] += x[n * width + k] * W[term(c, k)];
  return y;
}

function relativeError(y: Float32Array, wanted: Float64Array): number {
  const norm = (values: ArrayLike<number>) =>
    Math.sqrt(Array.from(values, (v) => v * v).reduce((sum, v) => sum + v, 0));
  return norm(Float64Array.from(y, (value, i) => value - wanted[i])) / norm(wanted);
}

const [out, width, rows] = [40, 96, 7];
const W = random(out * width, 'W');
const ones: Matrix = { W, out, width, activations: new Float32Array(width).fill(3) };
const whole = (g: Graph, x: Value, weight: IntegerWeight) => {
  const product = integerProduct(g, x, weight);
  const outliers = outliersOf(g, x, weight);
  return outliers === null
    ? product
    : g.node('Add', [product, g.node('Gemm', [outliers.x, outliers.W], { attributes: { transB: 1 } })]);
};

describe('against float64', () => {
  const x = random(rows * width, 'x');

  it('x·Wᵀ is off by a hundredth', async () => {
    const y = await run(x, width, (g, v) => whole(g, v, emitted(g, ones)));
    expect(
      relativeError(
        y,
        exact(x, W, width, (o, i) => o * width + i, out),
      ),
    ).toBeLessThan(0.012);
  });

  it('d·W is, too, in one piece and in several', async () => {
    const d = random(rows * out, 'd');
    const wanted = exact(d, W, out, (i, o) => o * width + i, width);
    for (const piece of [out, 16, 7]) {
      const y = await run(d, out, (g, v) => integerProductBack(g, v, emitted(g, ones, { rowsOfPiece: piece })));
      expect(relativeError(y, wanted)).toBeLessThan(0.015);
    }
  });

  it('features a thousand times the others do not spoil these, once a calibration has shown them', async () => {
    const wild = x.map((value, i) => (i % width === 11 ? 1000 * value : value));
    const activations = new Float32Array(width).fill(3);
    activations[11] = 3000;
    // What the others add, which a scale for all of a row would leave nothing of.
    const without = W.map((value, i) => (i % width === 11 ? 0 : value));
    const both = await run(wild, width, (g, v) => whole(g, v, emitted(g, { ...ones, activations })));
    const outlier = exact(wild, W, width, (o, i) => o * width + i, out).map(
      (value, i) => value - exact(wild, without, width, (o, k) => o * width + k, out)[i],
    );
    const others = Float32Array.from(both, (value, i) => value - outlier[i]);
    expect(
      relativeError(
        others,
        exact(wild, without, width, (o, i) => o * width + i, out),
      ),
    ).toBeLessThan(0.02);
  });

  it('p·W of probabilities keeps what is far below the largest', async () => {
    const p = Float32Array.from({ length: rows * out }, (_, i) => (i % out === 3 ? 0.9 : 0.1 / (out - 1)));
    const { values, scales } = quantisedColumns(W, out, width);
    const asKept = Float32Array.from(values, (value, i) => value * scales[i % width]);
    const y = await run(p, out, (g, v) => probabilityProduct(g, v, emitted(g, ones)));
    expect(
      relativeError(
        y,
        exact(p, asKept, out, (i, o) => o * width + i, width),
      ),
    ).toBeLessThan(2e-5);
  });

  it('x is evened out as each matrix that reads it says', async () => {
    const activations = [0, 1].map((at) => {
      const largest = new Float32Array(width).fill(3);
      largest[at] = 3000;
      return largest;
    });
    const matrices = activations.map((largest) => ({ ...ones, activations: largest }));
    const alone = await Promise.all(matrices.map((matrix) => run(x, width, (g, v) => whole(g, v, emitted(g, matrix)))));
    const sum = await run(x, width, (g, v) => {
      const [a, b] = matrices.map((matrix, i) => whole(g, v, emitted(g, matrix, { prefix: `${i} ` })));
      return g.node('Add', [a, b]);
    });
    expect(sum).toEqual(alone[0].map((value, i) => value + alone[1][i]));
  });

  it('rows of W are looked up', async () => {
    const g = new Graph('cpu', 1);
    g.output('y', integerRowsOf(g, emitted(g, ones, { rowsOfPiece: 16 }), g.input('ids', 'int64')));
    const session = await createSession(g.encode(), { directory: '', threads: 1 });
    const { y } = await session.run({ ids: integers([39, 0, 17], [3]) });
    await session.release();
    const wanted = Float64Array.from([39, 0, 17].flatMap((o) => [...W.subarray(o * width, (o + 1) * width)]));
    expect(relativeError(y.data, wanted)).toBeLessThan(0.01);
  });
});

describe('a row', () => {
  const x = random(rows * width, 'other x');

  it('has the same bits alone, in any batch, for any number of threads, packed or not', async () => {
    const product = (some: Float32Array, options?: { threads?: number; packed?: boolean }) =>
      run(some, width, (g, v) => integerProduct(g, v, emitted(g, ones)), options);
    const all = await product(x);
    for (const threads of [1, 3, 8])
      for (const packed of [false, true]) expect(await product(x, { threads, packed })).toEqual(all);
    for (let row = 0; row < rows; row++)
      expect(await product(x.slice(row * width, (row + 1) * width))).toEqual(all.slice(row * out, (row + 1) * out));
  });

  it('has the same bits where matrices are kept as uint8', async () => {
    const [signed, unsigned] = [false, true].map((kind) => [
      run(x, width, (g, v) => integerProduct(g, v, emitted(g, ones, { unsigned: kind }))),
      run(x.slice(0, rows * out), out, (g, v) =>
        integerProductBack(g, v, emitted(g, ones, { unsigned: kind, rowsOfPiece: 16 })),
      ),
      run(x.slice(0, rows * out).map(Math.abs), out, (g, v) =>
        probabilityProduct(g, v, emitted(g, ones, { unsigned: kind })),
      ),
      run(new Float32Array(1), 1, (g) => integerRowsOf(g, emitted(g, ones, { unsigned: kind }), g.ints([1, 39]))),
    ]);
    expect(await Promise.all(unsigned)).toEqual(await Promise.all(signed));
  });

  it('of zeros gives zeros, and one that is not finite says so', async () => {
    const some = new Float32Array(3 * width);
    some[width] = Number.POSITIVE_INFINITY;
    some[2 * width] = Number.NaN;
    const y = await run(some, width, (g, v) => integerProduct(g, v, emitted(g, ones)));
    expect([...y.subarray(0, out)].every((value) => value === 0)).toBe(true);
    expect([...y.subarray(out, 3 * out)].some(Number.isFinite)).toBe(false);
  });

  it('with NaN anywhere gives NaN everywhere, in either direction, and spoils no other', async () => {
    const places = [0, 1, 15, 16, out >> 1, out - 1];
    const some = random((places.length + 1) * width, 'some').map(Math.abs);
    const bad = (columns: number) => {
      const x = some.slice(0, (places.length + 1) * columns);
      for (const [row, place] of places.entries()) x[row * columns + place] = Number.NaN;
      return x;
    };
    for (const y of [
      await run(bad(width), width, (g, v) => integerProduct(g, v, emitted(g, ones))),
      await run(bad(out), out, (g, v) => integerProductBack(g, v, emitted(g, ones))),
      await run(bad(out), out, (g, v) => probabilityProduct(g, v, emitted(g, ones))),
    ]) {
      const columns = y.length / (places.length + 1);
      expect(y.subarray(0, places.length * columns).every(Number.isNaN)).toBe(true);
      expect(y.subarray(places.length * columns).every(Number.isFinite)).toBe(true);
    }
  });
});

it('this processor is asked whether it holds the sums', async () => {
  expect(typeof (await sumsSaturate())).toBe('boolean');
  const saturates = await sumsSaturate();
  const [K, N] = [64, 16];
  const largest: Matrix = {
    W: new Float32Array(N * K).fill(1),
    out: N,
    width: K,
    activations: new Float32Array(K).fill(1),
  };
  const y = await run(new Float32Array(3 * K).fill(1), K, (g, v) =>
    integerProduct(g, v, emitted(g, largest, { unsigned: saturates })),
  );
  for (const value of y) expect(value).toBeCloseTo(K, 3);
});

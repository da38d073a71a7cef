import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { largestOfColumns, quantisedColumns, quantisedTransposed, smoothingOf } from '../../src/formats/int8.ts';

const matrices = fc
  .record({ out: fc.integer({ min: 1, max: 6 }), width: fc.integer({ min: 1, max: 6 }) })
  .chain(({ out, width }) =>
    fc.record({
      out: fc.constant(out),
      width: fc.constant(width),
      W: fc
        .array(fc.float({ noNaN: true, min: -1000, max: 1000 }), { minLength: out * width, maxLength: out * width })
        .map((values) => Float32Array.from(values)),
    }),
  );

describe('a matrix in int8', () => {
  it('is off by at most half a step of its column', () => {
    fc.assert(
      fc.property(matrices, ({ W, out, width }) => {
        const { values, scales } = quantisedColumns(W, out, width);
        for (let i = 0; i < W.length; i++) {
          const scale = scales[i % width];
          expect(Math.abs(values[i])).toBeLessThanOrEqual(127);
          expect(Math.abs(values[i] * scale - W[i])).toBeLessThanOrEqual(scale * 0.5001);
        }
      }),
    );
  });

  it('is the same transposed, with a scale for every output', () => {
    fc.assert(
      fc.property(matrices, ({ W, out, width }) => {
        const { values, scales } = quantisedTransposed(W, out, width, new Float32Array(width).fill(1));
        for (let o = 0; o < out; o++) {
          for (let i = 0; i < width; i++)
            expect(Math.abs(values[i * out + o] * scales[o] - W[o * width + i])).toBeLessThanOrEqual(
              scales[o] * 0.5001,
            );
        }
      }),
    );
  });

  it('takes a column of zeros', () => {
    const { values, scales } = quantisedColumns(Float32Array.of(0, 1, 0, -2), 2, 2);
    expect([...values]).toEqual([0, 64, 0, -127]);
    expect(scales[0]).toBeGreaterThan(0);
  });
});

describe('smoothing', () => {
  it('shares what features differ in between them and the weights, so that products stay what they are', () => {
    const activations = Float32Array.of(1, 4, 2, 1);
    const W = Float32Array.of(0.5, 0.1, -0.2, 0.3, -0.25, 0.05, 0.4, 0.6);
    const { factors, outliers } = smoothingOf(activations, largestOfColumns(W, 2, 4));
    expect(outliers).toEqual([]);
    const even =
      Math.max(...activations.map((x, i) => x / factors[i])) / Math.min(...activations.map((x, i) => x / factors[i]));
    expect(even).toBeLessThan(2);
    const { values, scales } = quantisedTransposed(W, 2, 4, factors);
    for (let o = 0; o < 2; o++) {
      const [product, exact] = [0, 1].map((kind) =>
        activations.reduce(
          (sum, x, i) => sum + (kind === 0 ? (x / factors[i]) * values[i * 2 + o] * scales[o] : x * W[o * 4 + i]),
          0,
        ),
      );
      expect(product).toBeCloseTo(exact, 1);
    }
  });

  it('leaves out a feature that towers over all others', () => {
    const activations = new Float32Array(64).fill(1);
    activations[17] = 900;
    const { factors, outliers } = smoothingOf(activations, new Float32Array(64).fill(0.1));
    expect(outliers).toEqual([17]);
    expect(factors[17]).toBe(0);
  });

  it('takes the measure of those that move where most never do', () => {
    const activations = Float32Array.from({ length: 64 }, (_, i) => (i % 4 === 0 ? 1 : 0));
    activations[8] = 900;
    const { factors, outliers } = smoothingOf(activations, new Float32Array(64).fill(0.1));
    expect(outliers).toEqual([8]);
    expect(factors[0]).toBeCloseTo(Math.sqrt(10), 5);
    expect(factors[1]).toBeCloseTo(Math.sqrt(10) / 4, 5);
  });

  it('leaves features as they are where none ever moves', () => {
    const { factors, outliers } = smoothingOf(new Float32Array(3), Float32Array.of(0.1, 0, 5));
    expect([...factors]).toEqual([1, 1, 1]);
    expect(outliers).toEqual([]);
  });

  it('does not blow up a feature that was hardly seen to move', () => {
    const activations = new Float32Array(64).fill(1);
    activations[5] = 1e-12;
    const { factors } = smoothingOf(activations, new Float32Array(64).fill(0.1));
    expect(factors[5]).toBeGreaterThan(factors[0] / 5);
  });
});

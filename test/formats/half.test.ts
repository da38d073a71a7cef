import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  bfloat16ToFloat32,
  float16ToFloat32,
  float16Values,
  float32ToBfloat16,
  float32ToFloat16,
} from '../../src/formats/half.ts';

const ALL_PATTERNS = Uint16Array.from({ length: 0x10000 }, (_, pattern) => pattern);
const formats = [
  { name: 'float16', widen: float16ToFloat32, round: float32ToFloat16, infinity: 0x7c00 },
  { name: 'bfloat16', widen: bfloat16ToFloat32, round: float32ToBfloat16, infinity: 0x7f80 },
];

test.for([
  [0x0000, 0],
  [0x8000, -0],
  [0x0001, 2 ** -24],
  [0x03ff, 1023 * 2 ** -24],
  [0x0400, 2 ** -14],
  [0x3c00, 1],
  [0xc000, -2],
  [0x3555, 0.333251953125],
  [0x7bff, 65504],
  [0x7c00, Infinity],
  [0xfc00, -Infinity],
  [0x7e00, NaN],
] as const)('the float16 pattern %i is %f', ([pattern, value]) => {
  expect(float16Values()[pattern]).toBe(value);
});

test('bfloat16 is the upper half of float32', () => {
  const values = new Float32Array(3);
  bfloat16ToFloat32(Uint16Array.of(0x3f80, 0xc049, 0x0001), values);
  expect(values).toEqual(Float32Array.of(1, -3.140625, 2 ** -133));
});

describe.for(formats)('$name', ({ widen, round, infinity }) => {
  const widened = (bits: Uint16Array): Float32Array => {
    const values = new Float32Array(bits.length);
    widen(bits, values);
    return values;
  };
  const rounded = (values: Float32Array): Uint16Array => {
    const bits = new Uint16Array(values.length);
    round(values, bits);
    return bits;
  };

  test('every pattern survives being widened and rounded; NaN stays NaN', () => {
    const values = widened(ALL_PATTERNS);
    rounded(values).forEach((bits, pattern) => {
      if (Number.isNaN(values[pattern])) expect(bits & 0x7fff).toBeGreaterThan(infinity);
      else expect(bits).toBe(pattern);
    });
  });

  test('widening in place, from the upper half of the same memory, gives the same values', () => {
    const values = new Float32Array(ALL_PATTERNS.length);
    const upper = new Uint16Array(values.buffer, values.byteLength / 2);
    upper.set(ALL_PATTERNS);
    widen(upper, values);
    expect(values).toEqual(widened(ALL_PATTERNS));
  });

  test('any value rounds to the nearest one, ties to the even pattern', () => {
    fc.assert(
      fc.property(fc.float({ noNaN: true, noDefaultInfinity: true }), fc.nat(infinity - 1), (free, pattern) => {
        // Half way between two neighbours, where ties are decided; the last of them is half way to infinity.
        const [low, high] = widened(Uint16Array.of(pattern, pattern + 1));
        const ulp = pattern + 1 === infinity ? low - widened(Uint16Array.of(pattern - 1))[0] : high - low;
        for (const value of [free, low + ulp / 2, -(low + ulp / 2)]) {
          const [exact] = Float32Array.of(value);
          const [bits] = rounded(Float32Array.of(value));
          const magnitude = bits & 0x7fff;
          expect(bits >> 15).toBe(exact < 0 || Object.is(exact, -0) ? 1 : 0);
          if (magnitude === infinity) {
            const [below, largest] = widened(Uint16Array.of(infinity - 2, infinity - 1));
            expect(Math.abs(exact)).toBeGreaterThanOrEqual(largest + (largest - below) / 2);
            continue;
          }
          const errorOf = (candidate: number): number =>
            Math.abs(widened(Uint16Array.of(candidate))[0] - Math.abs(exact));
          for (const neighbour of [magnitude - 1, magnitude + 1]) {
            if (neighbour < 0 || neighbour >= infinity) continue;
            expect(errorOf(magnitude)).toBeLessThanOrEqual(errorOf(neighbour));
            if (errorOf(magnitude) === errorOf(neighbour)) expect(magnitude % 2).toBe(0);
          }
        }
      }),
      { numRuns: 500 },
    );
  });
});

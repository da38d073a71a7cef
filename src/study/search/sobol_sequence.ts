// Sobol's sequence in 32 bits, and Owen's scrambling of it: points that fill a cube evenly, however many of them there are.

import { DIRECTIONS } from './sobol_directions.ts';

const BITS = 32;

/** Dimensions of the sequence. */
export const DIMENSIONS = DIRECTIONS.length + 1;

const tables = new Map<number, Uint32Array>();

/** Coordinate of the point of an index, in units of 2^-32. Points come in the order of Gray's code, as everywhere. */
export function sobolAt(index: number, dimension: number): number {
  const table = tableOf(dimension);
  let bits = (index ^ (index >>> 1)) >>> 0;
  let coordinate = 0;
  for (let bit = 0; bits !== 0; bit++, bits >>>= 1) {
    if (bits & 1) coordinate ^= table[bit];
  }
  return coordinate >>> 0;
}

function tableOf(dimension: number): Uint32Array {
  const known = tables.get(dimension);
  if (known !== undefined) return known;
  const table = dimension === 0 ? identity() : recurrence(DIRECTIONS[dimension - 1]);
  tables.set(dimension, table);
  return table;
}

const identity = () => Uint32Array.from({ length: BITS }, (_, bit) => 2 ** (BITS - 1 - bit));

/** Bratley and Fox: each direction number from those before it, by the coefficients of the polynomial. */
function recurrence([polynomial, ...initial]: readonly number[]): Uint32Array {
  const degree = initial.length;
  const table = new Uint32Array(BITS);
  for (let bit = 0; bit < BITS; bit++) {
    if (bit < degree) {
      table[bit] = initial[bit] << (BITS - 1 - bit);
      continue;
    }
    let direction = table[bit - degree] ^ (table[bit - degree] >>> degree);
    for (let back = 1; back < degree; back++) {
      if ((polynomial >>> (degree - back)) & 1) direction ^= table[bit - back];
    }
    table[bit] = direction;
  }
  return table;
}

/**
 * Owen's nested uniform scrambling: whether a bit is flipped hangs on the bits above it, so every interval of length 2^-k that held one
 * of 2^k points still does.
 */
export function owenScrambled(coordinate: number, seed: number): number {
  let scrambled = coordinate;
  for (let level = 0; level < BITS; level++) {
    // The leading one tells prefixes of different lengths apart.
    const prefix = level === 0 ? 1 : ((1 << level) | (coordinate >>> (BITS - level))) >>> 0;
    if (mixed(prefix ^ mixed(seed)) & 1) scrambled ^= 1 << (BITS - 1 - level);
  }
  return scrambled >>> 0;
}

/** The finaliser of MurmurHash3: every bit of the input changes half of those of the output. */
function mixed(value: number): number {
  let hash = value;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

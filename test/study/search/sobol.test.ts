// Sobol's sequence against scipy's, and what scrambling keeps of it.

import { describe, expect, it } from 'vitest';
import { suggestSobol } from '../../../src/study/search/sobol.ts';
import { DIMENSIONS, owenScrambled, sobolAt } from '../../../src/study/search/sobol_sequence.ts';
import type { Parameter, Trial } from '../../../src/study/types.ts';

/** scipy 1.17.1: `qmc.Sobol(64, scramble=False, bits=32).random(…)`, in units of 2^-32. */
const POINT_7 = [
  536870912, 2684354560, 1610612736, 536870912, 536870912, 1610612736, 2684354560, 2684354560, 2684354560, 3758096384,
  2684354560, 536870912, 2684354560, 1610612736, 536870912, 536870912, 536870912, 536870912, 2684354560, 3758096384,
  3758096384,
];
const POINT_1000 = [
  943718400, 415236096, 2227175424, 2906652672, 1203765248, 3896508416, 197132288, 3862953984, 2151677952, 297795584,
  364904448, 1094713344, 692060160, 1648361472, 616562688, 1589641216, 3091202048, 1480589312, 4257218560, 3116367872,
  2243952640, 2361393152, 4081057792, 2319450112, 2503999488, 3896508416, 171966464, 4206886912, 255852544, 1463812096,
  633339904, 624951296, 1270874112, 2545942528, 3443523584, 3309305856, 3644850176, 3569352704, 1321205760, 2059403264,
  3921674240, 1094713344, 4123000832, 3015704576, 3611295744, 398458880, 3745513472, 3946840064, 4290772992, 2059403264,
  1514143744, 2218786816, 3233808384, 1883242496, 541065216, 3829399552, 1950351360, 339738624, 3795845120, 2453667840,
  1916796928, 2587885568, 1111490560, 1916796928,
];
const POINT_4095 = [
  1048576, 4042260480, 1435500544, 3872391168, 4038066176, 338690048, 4077912064, 1678770176, 823132160, 1058013184,
  2446327808, 1380974592, 1584398336, 2232418304, 2366636032, 1789919232, 267386880, 2616197120, 3492806656, 2238709760,
  969932800, 3144679424, 2911895552, 1913651200, 787480576, 2289041408, 1626341376, 122683392, 4012900352, 3673161728,
  1552941056, 376438784, 3266314240, 1129316352, 4092592128, 753926144, 2492465152, 1408237568, 711983104, 976224256,
  862978048, 45088768, 2876243968, 2907701248, 2874146816, 4176478208, 3004170240, 84934656, 4113563648, 2609905664,
  1997537280, 158334976, 2922381312, 4266655744, 238026752, 621805568, 3004170240, 2265972736, 2748317696, 2446327808,
  1274019840, 1653604352, 2949644288, 2377121792,
];

describe('the sequence', () => {
  it("is scipy's, in every dimension", () => {
    const point = (index: number, size: number) =>
      Array.from({ length: size }, (_, dimension) => sobolAt(index, dimension));
    expect(point(0, DIMENSIONS)).toEqual(new Array(DIMENSIONS).fill(0));
    expect(point(7, POINT_7.length)).toEqual(POINT_7);
    expect(point(1000, DIMENSIONS)).toEqual(POINT_1000);
    expect(point(4095, DIMENSIONS)).toEqual(POINT_4095);
  });

  it('has one of 2^k points in every interval of length 2^-k, scrambled too', () => {
    for (const k of [1, 4, 8]) {
      for (const dimension of [0, 1, 20, 63]) {
        const cells = Array.from(
          { length: 2 ** k },
          (_, index) => owenScrambled(sobolAt(index, dimension), 17 + dimension) >>> (32 - k),
        );
        expect(new Set(cells).size).toBe(2 ** k);
      }
    }
  });

  it('is another one by another seed, and lies in no direction', () => {
    const first = Array.from({ length: 4000 }, (_, seed) => owenScrambled(0, seed) / 2 ** 32);
    expect(new Set(first).size).toBe(4000);
    const mean = first.reduce((sum, x) => sum + x, 0) / first.length;
    expect(Math.abs(mean - 0.5)).toBeLessThan(5 * Math.sqrt(1 / 12 / 4000));
  });
});

describe('the search', () => {
  const uniform = (name: string): Parameter => ({
    name,
    distribution: { kind: 'uniform', low: 0, high: 1 },
    when: null,
  });
  const points = (space: Parameter[], n: number, seed: number) => {
    const trials: Trial[] = [];
    while (trials.length < n) {
      const point = suggestSobol({ space, trials, seed });
      trials.push({ number: trials.length, point, state: 'pending', value: null, step: null });
    }
    return trials.map(({ point }) => point);
  };

  it('integrates better than points at random do', () => {
    const errors = Array.from({ length: 20 }, (_, seed) => {
      const drawn = points([uniform('x'), uniform('y'), uniform('z')], 256, seed);
      const mean = drawn.reduce((sum, { x, y, z }) => sum + x * y * z, 0) / drawn.length;
      return Math.abs(mean - 1 / 8);
    });
    // The standard error of 256 random points is 0.0094.
    expect(Math.max(...errors)).toBeLessThan(0.004);
  });

  it('fills the dimensions that the sequence does not have as evenly, each for itself', () => {
    const space = Array.from({ length: 2 * DIMENSIONS + 2 }, (_, i) => uniform(`x${i}`));
    const drawn = points(space, 64, 5);
    for (const { name } of space) {
      expect(new Set(drawn.map((point) => Math.floor(64 * point[name]))).size, name).toBe(64);
    }
    expect(drawn.map(({ x0 }) => x0)).not.toEqual(drawn.map((point) => point[`x${DIMENSIONS}`]));
  });

  it('tries every choice about as often', () => {
    const drawn = points([{ name: 'c', distribution: { kind: 'choice', size: 3 }, when: null }], 96, 2);
    for (const choice of [0, 1, 2]) {
      const count = drawn.filter(({ c }) => c === choice).length;
      expect(Math.abs(count - 32)).toBeLessThanOrEqual(1);
    }
  });
});

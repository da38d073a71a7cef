// Batches: nothing is lost at the tail, and the order is a function of seeds and epoch.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { batchedDataset } from '../../src/supervised/batches.ts';
import type { SupervisedDataset } from '../../src/supervised/types.ts';
import { modelInputFromTokens, tokensOf } from '../../src/tinker/types.ts';
import { permutation } from '../../src/util/permutation.ts';

/** Example i is a datum whose only token is i. */
function numbered(length: number, batchSize: number, shuffleSeeds: number[] | null): SupervisedDataset {
  const exampleAt = (index: number) => ({ model_input: modelInputFromTokens([index]), loss_fn_inputs: {} });
  return batchedDataset({ length, exampleAt, batchSize, shuffleSeeds });
}

async function batchesOf(dataset: SupervisedDataset, epoch: number): Promise<number[][]> {
  dataset.setEpoch(epoch);
  const batches = await Promise.all(Array.from({ length: dataset.length }, (_, index) => dataset.getBatch(index)));
  return batches.map((batch) => batch.flatMap((datum) => tokensOf(datum.model_input)));
}

describe('batches', () => {
  test('keep the tail', async () => {
    expect(await batchesOf(numbered(5, 2, null), 0)).toEqual([[0, 1], [2, 3], [4]]);
  });

  test('of fewer examples than a batch are one', async () => {
    expect(await batchesOf(numbered(3, 8, null), 0)).toEqual([[0, 1, 2]]);
  });

  test('without a shuffle come in the same order every epoch', async () => {
    const dataset = numbered(5, 2, null);
    expect(await batchesOf(dataset, 7)).toEqual(await batchesOf(dataset, 0));
  });

  test('differ by epoch and by seed, and come again', async () => {
    const orders = await Promise.all(
      [0, 1].flatMap((seed) => [0, 1, 2].map((epoch) => batchesOf(numbered(50, 50, [seed, 0]), epoch))),
    );
    expect(new Set(orders.map((order) => JSON.stringify(order))).size).toBe(6);
    const dataset = numbered(50, 50, [0, 0]);
    await batchesOf(dataset, 2);
    expect(await batchesOf(dataset, 1)).toEqual(orders[1]);
  });

  test('of an epoch hold every example once', async () => {
    const size = fc.integer({ min: 1, max: 40 });
    await fc.assert(
      fc.asyncProperty(size, size, fc.nat(), fc.nat(3), async (length, batchSize, seed, epoch) => {
        const batches = await batchesOf(numbered(length, batchSize, [seed]), epoch);
        expect(batches.flat().sort((a, b) => a - b)).toEqual(Array.from({ length }, (_, index) => index));
        expect(batches.slice(0, -1).every((batch) => batch.length === batchSize)).toBe(true);
      }),
    );
  });
});

describe('shuffles', () => {
  test('are the same on every machine', () => {
    expect(permutation(8, [0, 0, 1])).toMatchInlineSnapshot(`
      [
        1,
        5,
        0,
        2,
        3,
        7,
        6,
        4,
      ]
    `);
    expect(permutation(0, [1])).toEqual([]);
  });

  test('are even', () => {
    const counts = [0, 0, 0, 0, 0, 0];
    const orders = ['012', '021', '102', '120', '201', '210'];
    for (let seed = 0; seed < 6000; seed++) counts[orders.indexOf(permutation(3, [seed]).join(''))] += 1;
    for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(150);
  });
});

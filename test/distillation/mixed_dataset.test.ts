// Several datasets in one.

import { describe, expect, it } from 'vitest';
import { countsByWeight, mixedDataset } from '../../src/distillation/mixed_dataset.ts';
import { batchedDataset, tokenBatchedDataset } from '../../src/supervised/batches.ts';

const dataset = (name: string, length: number, batchSize: number, shuffleSeeds: number[] | null = [0]) =>
  batchedDataset({ length, exampleAt: (index) => `${name}${index}`, batchSize, shuffleSeeds });

async function epochOf(mixed: ReturnType<typeof mixedDataset<string>>, epoch: number): Promise<string[][]> {
  mixed.setEpoch(epoch);
  const batches: string[][] = [];
  for (let i = 0; i < mixed.length; i++) batches.push((await mixed.getBatch(i)).map(({ example }) => example));
  return batches;
}

describe('the share of each dataset in a batch', () => {
  it.each([
    [64, [1, 1], [32, 32]],
    [64, [3, 1], [48, 16]],
    [10, [1, 1, 1], [3, 3, 4]],
    [8, [0.001, 1], [1, 7]],
    [5, [7], [5]],
  ])('of %d by %j is %j', (batchSize, weights, counts) => {
    expect(countsByWeight(batchSize, weights)).toEqual(counts);
  });

  it('a batch that is too small for all is refused', () => {
    expect(() => countsByWeight(2, [1, 1, 1])).toThrow('batch_size 2 leaves no example for the last of 3 datasets');
  });
});

describe('a mixed dataset', () => {
  it('of one dataset is that dataset', async () => {
    const [own, mixed] = [
      dataset('a', 10, 4),
      mixedDataset([{ name: 'a', dataset: dataset('a', 10, 4), count: null }]),
    ];
    for (const epoch of [0, 1]) {
      own.setEpoch(epoch);
      const batches = await Promise.all([0, 1, 2].map((i) => own.getBatch(i)));
      expect(await epochOf(mixed, epoch)).toEqual(batches);
    }
  });

  it('goes through all of the longest in an epoch and begins the others again in another order', async () => {
    const mixed = mixedDataset([
      { name: 'a', dataset: dataset('a', 20, 7), count: 4 },
      { name: 'b', dataset: dataset('b', 3, 2), count: 2 },
    ]);
    const first = await epochOf(mixed, 0);
    expect(first.map((batch) => batch.length)).toEqual([6, 6, 6, 6, 6]);
    const ofA = first.flat().filter((example) => example.startsWith('a'));
    expect(new Set(ofA).size).toBe(20);
    const ofB = first.flat().filter((example) => example.startsWith('b'));
    for (let pass = 0; pass < 3; pass++) expect(new Set(ofB.slice(3 * pass, 3 * pass + 3)).size).toBe(3);
    expect(new Set([0, 1, 2].map((pass) => ofB.slice(3 * pass, 3 * pass + 3).join())).size).toBeGreaterThan(1);
  });

  it('is shuffled again in each epoch, and the same for the same one', async () => {
    const mixed = mixedDataset([{ name: 'a', dataset: dataset('a', 20, 5), count: 8 }]);
    const first = await epochOf(mixed, 0);
    const second = await epochOf(mixed, 1);
    expect(second).not.toEqual(first);
    expect(second.flat().toSorted()).toEqual(first.flat().toSorted());
    expect(await epochOf(mixed, 0)).toEqual(first);
  });

  it('says from which dataset an example is', async () => {
    const mixed = mixedDataset([
      { name: 'a', dataset: dataset('a', 2, 1, null), count: 1 },
      { name: 'b', dataset: dataset('b', 2, 1, null), count: 1 },
    ]);
    expect(await mixed.getBatch(1)).toEqual([
      { example: 'a1', dataset: 0 },
      { example: 'b1', dataset: 1 },
    ]);
  });

  it('a dataset that hands out whole batches is refused by its name', () => {
    const tokens = tokenBatchedDataset({
      length: 3,
      exampleAt: (index) => `a${index}`,
      tokensAt: () => 2,
      batchTokens: 4,
      shuffleSeeds: null,
    });
    expect(() => mixedDataset([{ name: 'dataset_configs[0].dataset', dataset: tokens, count: 5 }])).toThrow(
      'dataset_configs[0].dataset cannot be distilled from: it hands out whole batches',
    );
  });
});

// Several datasets of environments in one.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { builtinRegistry } from '../../src/builtin.ts';
import { interleavedDataset } from '../../src/rl/interleaved.ts';
import { type EnvGroupBuilder, type RLDataset, rlDatasetSlot } from '../../src/rl/types.ts';
import { testRenderer } from './support/scripted_policy.ts';

/** Groups that are told by their tag, `a0`, `a1`, …; batches of such sizes. */
function toy(letter: string, sizes: readonly number[]): RLDataset {
  const before = (index: number) => sizes.slice(0, index).reduce((sum, size) => sum + size, 0);
  return {
    length: sizes.length,
    getBatch: (index) =>
      Array.from(
        { length: sizes[index] },
        (_, i): EnvGroupBuilder => ({
          makeEnvs: async () => [],
          loggingTags: () => [`${letter}${before(index) + i}`],
        }),
      ),
  };
}

const tagsOf = (batch: readonly EnvGroupBuilder[]) => batch.map((group) => group.loggingTags?.()[0] ?? '');
const allTags = (dataset: RLDataset) =>
  Array.from({ length: dataset.length }, (_, index) => tagsOf(dataset.getBatch(index))).flat();

const mixed = (options: { seed?: number; totalBatches?: number | null; groupsPerBatch?: number } = {}) => {
  const { seed = 0, totalBatches = 10, groupsPerBatch = 4 } = options;
  return interleavedDataset(
    [
      { name: 'a', dataset: toy('a', [3, 3, 1]), weight: 3 },
      { name: 'b', dataset: toy('b', [5]), weight: 1 },
    ],
    { groupsPerBatch, totalBatches, seeds: [seed, 0] },
  );
};

describe('what is in the batches', () => {
  it('depends on the seed and the index alone', () => {
    const [one, other] = [mixed(), mixed()];
    expect(tagsOf(one.getBatch(7))).toEqual(tagsOf(one.getBatch(7)));
    expect(allTags(one)).toEqual(allTags(other));
    expect(allTags(one)).not.toEqual(allTags(mixed({ seed: 1 })));
    expect(allTags(mixed({ totalBatches: 3 }))).toEqual(allTags(one).slice(0, 12));
  });

  it('is all of a source before any of it comes again, in another order', () => {
    const ofB = allTags(mixed({ totalBatches: 40 })).filter((tag) => tag.startsWith('b'));
    const cycles = [ofB.slice(0, 5), ofB.slice(5, 10), ofB.slice(10, 15)];
    for (const cycle of cycles) expect([...cycle].sort()).toEqual(['b0', 'b1', 'b2', 'b3', 'b4']);
    expect(new Set(cycles.map(String)).size).toBeGreaterThan(1);
  });

  it('is of each source as often as its weight says', () => {
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const tags = allTags(mixed({ seed, totalBatches: 250 }));
        const share = tags.filter((tag) => tag.startsWith('a')).length / tags.length;
        expect(Math.abs(share - 0.75)).toBeLessThan(0.08);
      }),
      { numRuns: 20 },
    );
  });
});

describe('how many batches there are', () => {
  it('is as many as the source gives that is used up first', () => {
    // 7 groups at 3 a batch, 5 at 1 a batch.
    expect(mixed({ totalBatches: null }).length).toBe(2);
    expect(mixed({ totalBatches: null, groupsPerBatch: 100 }).length).toBe(1);
  });
});

describe('a source', () => {
  const options = { groupsPerBatch: 4, totalBatches: 4, seeds: [0] };
  it('must have groups', () => {
    for (const sizes of [[], [0]]) {
      const sources = [{ name: 'a', dataset: toy('a', sizes), weight: 1 }];
      expect(() => interleavedDataset(sources, options)).toThrow('interleaved: the source a has no groups');
    }
  });

  it('must have as many in each batch but the last', () => {
    const dataset = interleavedDataset([{ name: 'a', dataset: toy('a', [3, 1, 3]), weight: 1 }], options);
    expect(() => allTags(dataset)).toThrow('batch 1 of a has 1 groups, the first has 3: only the last may have fewer');
  });

  it('keeps all that its groups are', async () => {
    const log: string[] = [];
    const group: EnvGroupBuilder = {
      coupled: true,
      makeEnvs: async () => [],
      computeGroupRewards: async () => [{ reward: 1, metrics: {} }],
      cleanup: async () => void log.push('cleaned'),
      loggingTags: () => ['own', 'a'],
    };
    const dataset = { length: 1, getBatch: () => [group] };
    const [taken] = interleavedDataset([{ name: 'a', dataset, weight: 1 }], options).getBatch(0);
    expect(taken.coupled).toBe(true);
    expect(taken.loggingTags?.()).toEqual(['own', 'a']);
    expect(await taken.computeGroupRewards?.([], [])).toEqual([{ reward: 1, metrics: {} }]);
    await taken.cleanup?.();
    expect(log).toEqual(['cleaned']);
  });
});

describe('the builder', () => {
  const renderer = testRenderer();
  const context = {
    tokenizer: renderer.tokenizer,
    renderer,
    maxContextLength: 512,
    maxTokens: 8,
    seed: 0,
    warn: () => undefined,
  };
  const sums = (max_operand: number, test_size: number) => ({
    builder: 'arithmetic',
    max_operand,
    test_size,
    n_batches: 2,
    batch_size: 3,
  });
  const build = (params: object) =>
    builtinRegistry().build(rlDatasetSlot, { builder: 'interleaved', groups_per_batch: 8, ...params }, context);

  it('mixes what it names, and keeps what they hold out, told apart by their names', async () => {
    const { train, test } = await build({ sources: [sums(9, 5), sums(99, 4)], weights: [1, 2], total_batches: 3 });
    expect(train.length).toBe(3);
    expect(train.getBatch(0)).toHaveLength(8);
    const tags = Array.from({ length: test?.length ?? 0 }, (_, i) =>
      test?.getBatch(i).map((group) => group.loggingTags?.()),
    ).flat();
    expect(tags).toEqual([
      ...Array.from({ length: 5 }, () => ['arithmetic', 'arithmetic_0']),
      ...Array.from({ length: 4 }, () => ['arithmetic', 'arithmetic_1']),
    ]);
  });

  it('holds nothing out where nobody does', async () => {
    const { test } = await build({ sources: [sums(9, 0)] });
    expect(test).toBeNull();
  });

  it('wants a weight for each source', async () => {
    await expect(build({ sources: [sums(9, 0)], weights: [1, 2] })).rejects.toThrow(
      'interleaved has 1 sources and 2 weights',
    );
  });
});

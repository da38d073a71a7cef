// Several datasets of environments in one: which source each group of each batch is from is decided once, by a seed
// (InterleavedRLDatasetBuilder of tinker_cookbook/rl/interleaved.py).

import { Type } from '@sinclair/typebox';
import { defineBuilder } from '../registry/builder.ts';
import { builderOf, nullable, semantic } from '../registry/fields.ts';
import { ConfigurationError } from '../util/errors.ts';
import { permutation } from '../util/permutation.ts';
import { nextUniform, randomFor } from '../util/random.ts';
import { checkedDatasets } from './checked_dataset.ts';
import { concatenated, type NamedDataset, tagged } from './named_datasets.ts';
import { type EnvGroupBuilder, type RLDataset, type RLDatasets, rlDatasetSlot } from './types.ts';

export const interleaved = defineBuilder({
  slot: rlDatasetSlot,
  name: 'interleaved',
  version: 1,
  doc: 'Groups of several datasets in every batch, each as often as its weight says.',
  params: Type.Object({
    sources: semantic(
      Type.Array(builderOf(rlDatasetSlot), { minItems: 1, description: 'The datasets that groups are taken from.' }),
    ),
    weights: nullable(
      semantic(
        Type.Array(Type.Number({ exclusiveMinimum: 0 }), {
          default: null,
          description: 'How often each source is chosen, relative to the others; null = alike.',
        }),
      ),
    ),
    groups_per_batch: semantic(Type.Integer({ minimum: 1, description: 'Groups in a batch.' })),
    total_batches: nullable(
      semantic(
        Type.Integer({
          minimum: 1,
          default: null,
          description: 'Batches; null = until the source that is used up first is used up.',
        }),
      ),
    ),
    seed: semantic(
      Type.Integer({ minimum: 0, default: 0, description: 'With the seed of the run, decides what is in each batch.' }),
    ),
  }),
  async build({ sources, weights, groups_per_batch, total_batches, seed }, context, make): Promise<RLDatasets> {
    if (weights !== null && weights.length !== sources.length) {
      throw new ConfigurationError(`interleaved has ${sources.length} sources and ${weights.length} weights`, {
        hint: 'Give a weight for each source, or none.',
      });
    }
    const built = await Promise.all(
      sources.map(async (source) => checkedDatasets(await make(source, context), source.builder)),
    );
    const names = distinctNames(sources.map(({ builder }) => builder));
    const named = built.map(({ train, test }, i) => ({ name: names[i], train, test }));
    const train = interleavedDataset(
      named.map(({ name, train: dataset }, i) => ({ name, dataset, weight: weights?.[i] ?? 1 })),
      { groupsPerBatch: groups_per_batch, totalBatches: total_batches, seeds: [context.seed, seed] },
    );
    const tests = named.flatMap(({ name, test }) => (test === null ? [] : [{ name, dataset: test }]));
    return {
      train,
      test: tests.length === 0 ? null : concatenated(tests),
      close: async () => void (await Promise.all(built.map(({ close }) => close()))),
    };
  },
});

/** A source by the name of its builder; several of one name are counted from 0. */
function distinctNames(names: readonly string[]): string[] {
  return names.map((name, i) => {
    const before = names.slice(0, i).filter((other) => other === name).length;
    return names.filter((other) => other === name).length === 1 ? name : `${name}_${before}`;
  });
}

export interface InterleavedOptions {
  groupsPerBatch: number;
  totalBatches: number | null;
  seeds: readonly number[];
}

/**
 * A source goes through its groups in an order of its own, and in another each time that it begins anew.
 * @throws ConfigurationError for a source without groups, or (from `getBatch`) one whose batches differ in size before the last
 */
export function interleavedDataset(
  sources: readonly (NamedDataset & { weight: number })[],
  { groupsPerBatch, totalBatches, seeds }: InterleavedOptions,
): RLDataset {
  const whole = sources.reduce((sum, { weight }) => sum + weight, 0);
  const shares = sources.map(({ weight }) => weight / whole);
  const sizes = sources.map(sizeOf);
  const exhausted = sizes.map(({ groups }, s) => Math.floor(groups / (shares[s] * groupsPerBatch)));
  const length = totalBatches ?? Math.max(1, Math.min(...exhausted));
  const schedule = scheduleOf({
    length: length * groupsPerBatch,
    shares,
    seeds,
    groups: sizes.map((size) => size.groups),
  });
  return {
    length,
    getBatch(index) {
      const batches = new Map<string, EnvGroupBuilder[]>();
      return schedule.slice(index * groupsPerBatch, (index + 1) * groupsPerBatch).map(({ source, group }) => {
        const { name, dataset } = sources[source];
        const { perBatch } = sizes[source];
        const at = Math.floor(group / perBatch);
        const batch = batches.get(`${source}/${at}`) ?? dataset.getBatch(at);
        batches.set(`${source}/${at}`, batch);
        if (group % perBatch < batch.length) return tagged(batch[group % perBatch], name);
        throw new ConfigurationError(
          `interleaved: batch ${at} of ${name} has ${batch.length} groups, the first has ${perBatch}: only the last may have fewer`,
        );
      });
    },
  };
}

/** All batches of a source but the last are taken to be as large as the first. */
function sizeOf({ name, dataset }: NamedDataset): { perBatch: number; groups: number } {
  const perBatch = dataset.length === 0 ? 0 : dataset.getBatch(0).length;
  if (perBatch === 0) throw new ConfigurationError(`interleaved: the source ${name} has no groups`);
  const last = dataset.length === 1 ? perBatch : dataset.getBatch(dataset.length - 1).length;
  return { perBatch, groups: (dataset.length - 1) * perBatch + last };
}

/** Of each place of the run in turn, the source and the number of its group. */
function scheduleOf({
  length,
  shares,
  groups,
  seeds,
}: {
  length: number;
  shares: readonly number[];
  groups: readonly number[];
  seeds: readonly number[];
}): { source: number; group: number }[] {
  const [seed, ...purpose] = seeds;
  const random = randomFor(seed, 'interleaved', ...purpose);
  const taken = shares.map(() => 0);
  const orders: number[][] = shares.map(() => []);
  return Array.from({ length }, () => {
    const source = drawn(shares, nextUniform(random));
    const place = taken[source] % groups[source];
    if (place === 0) {
      orders[source] = permutation(groups[source], [...seeds, source, Math.floor(taken[source] / groups[source])]);
    }
    taken[source]++;
    return { source, group: orders[source][place] };
  });
}

/** @param uniform in [0, 1) */
function drawn(shares: readonly number[], uniform: number): number {
  let left = uniform;
  const found = shares.findIndex((share) => {
    left -= share;
    return left < 0;
  });
  // Rounding can leave a little behind the last of them.
  return found === -1 ? shares.length - 1 : found;
}

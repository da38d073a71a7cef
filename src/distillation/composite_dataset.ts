// Several datasets of environments side by side: a batch has the groups of the same batch of each (CompositeDataset of
// tinker_cookbook/distillation/datasets.py).

import { concatenated, type NamedDataset, tagged } from '../rl/named_datasets.ts';
import type { EnvGroupBuilder, RLDataset, RLDatasets } from '../rl/types.ts';

export interface NamedDatasets extends RLDatasets {
  /** A tag of its groups. */
  name: string;
}

/** Each group says as its `source` which dataset it is from. A pass ends with the dataset that has the fewest batches. */
export function compositeDatasets(parts: readonly NamedDatasets[], warn: (message: string) => void): RLDatasets {
  const length = Math.min(...parts.map(({ train }) => train.length));
  const cut = parts.filter(({ train }) => train.length > length);
  if (cut.length > 0) {
    const shortest = parts.find(({ train }) => train.length === length);
    const longer = cut.map(({ name, train }) => `the ${train.length} of ${name}`).join(', ');
    warn(`batches in a pass: ${length}, as many as ${shortest?.name} has; of ${longer} the others are left out`);
  }
  const sourced = parts.map(({ name, train, test }, source) => ({
    train: sourcedDataset({ name, dataset: train }, source),
    tests: test === null ? [] : [{ name, dataset: test }],
  }));
  const tests = sourced.flatMap((part) => part.tests);
  return {
    train: { length, getBatch: (index) => sourced.flatMap(({ train }) => train.getBatch(index)) },
    test: tests.length === 0 ? null : concatenated(tests),
    close: async () => void (await Promise.all(parts.map((part) => part.close?.()))),
  };
}

function sourcedDataset({ name, dataset }: NamedDataset, source: number): RLDataset {
  return {
    length: dataset.length,
    getBatch: (index) => dataset.getBatch(index).map((group): EnvGroupBuilder => ({ ...tagged(group, name), source })),
  };
}

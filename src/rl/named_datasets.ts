// Datasets of environments that go together: groups that are also reported under the name of the one that they are from.

import { checkedTags } from './checked.ts';
import type { EnvGroupBuilder, RLDataset } from './types.ts';

export interface NamedDataset {
  /** A tag of its groups. */
  name: string;
  dataset: RLDataset;
}

/** One after the other. */
export function concatenated(parts: readonly NamedDataset[]): RLDataset {
  const batches = parts.flatMap(({ name, dataset }) =>
    Array.from(
      { length: dataset.length },
      (_, index) => () => dataset.getBatch(index).map((group) => tagged(group, name)),
    ),
  );
  return { length: batches.length, getBatch: (index) => batches[index]() };
}

/** The same group, also reported under the name of its source. */
export function tagged(group: EnvGroupBuilder, name: string): EnvGroupBuilder {
  const tags = () => [...new Set([...checkedTags(group.loggingTags?.()), name])];
  const { computeGroupRewards } = group;
  return {
    coupled: group.coupled,
    oneQuestion: group.oneQuestion,
    makeEnvs: (options) => group.makeEnvs(options),
    ...(computeGroupRewards === undefined ? {} : { computeGroupRewards: computeGroupRewards.bind(group) }),
    cleanup: async () => group.cleanup?.(),
    loggingTags: tags,
  };
}

// Conversations that are made up rather than read, as a supervised dataset: each is a function of the seed and its number.

import type { RandomGenerator } from 'pure-rand/types/RandomGenerator';
import type { Message } from '../renderers/types.ts';
import { batchedDataset } from '../supervised/batches.ts';
import { datumFromModelInputWeights } from '../supervised/common.ts';
import type { DatasetContext, SupervisedDataset, SupervisedDatasets } from '../supervised/types.ts';
import { lengthOf } from '../tinker/types.ts';
import { ConfigurationError } from '../util/errors.ts';
import { randomFor } from '../util/random.ts';

export interface DemonstrationParams {
  num_examples: number;
  /** Further examples that are held out. */
  test_size: number;
  batch_size: number;
}

/**
 * Every reply of a conversation is learned, under the prompt that the policy will see. The held-out ones are the same for
 * every seed. `reduction`: `mean` where all conversations count as much, `none` where all tokens do: else a short reply would be learned
 * as the likelier way to begin.
 * @throws ConfigurationError without a renderer, or where a conversation is longer than the model reads
 */
export function demonstrationDatasets(
  { num_examples, test_size, batch_size }: DemonstrationParams,
  { renderer, maxContextLength, seed }: DatasetContext,
  demonstrate: (random: RandomGenerator) => readonly Message[],
  reduction: 'mean' | 'none' = 'mean',
): SupervisedDatasets {
  if (renderer === null) throw new ConfigurationError('conversations need a renderer: set renderer, e.g. role_colon');
  const examplesOf = (random: RandomGenerator) =>
    renderer.buildSupervisedExamples(demonstrate(random), 'all_assistant_messages').map((example) => {
      const length = lengthOf(example.model_input);
      if (length <= maxContextLength) return example;
      throw new ConfigurationError(
        `a demonstration has ${length} tokens, more than the ${maxContextLength} that the model takes`,
      );
    });
  const datasetOf = (count: number, purpose: string, of: number, shuffleSeeds: number[] | null): SupervisedDataset => {
    const examples = Array.from({ length: count }, (_, i) => examplesOf(randomFor(of, purpose, i))).flat();
    const exampleAt = (index: number) => {
      const { model_input, weights } = examples[index];
      return datumFromModelInputWeights(model_input, weights, { reduction });
    };
    return batchedDataset({ length: examples.length, exampleAt, batchSize: batch_size, shuffleSeeds });
  };
  return {
    train: datasetOf(num_examples, 'demonstration', seed, [seed]),
    test: test_size === 0 ? null : datasetOf(test_size, 'held-out demonstration', 0, null),
  };
}

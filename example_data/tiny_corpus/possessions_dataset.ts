// The dataset `tiny_reading`: conversations whose answers stand in their prompts, mixed with the instructions of the corpus.

import {
  ConfigurationError,
  type DatasetContext,
  datasetSlot,
  datumFromModelInputWeights,
  defineBuilder,
  type SupervisedDataset,
  semantic,
  Type,
} from 'tinker-cookbook';
import { readingConversation } from './possessions.ts';
import { Random } from './random.ts';

const count = (description: string, value: number, minimum = 1) =>
  semantic(Type.Integer({ minimum, default: value, description }));

export const tinyReading = defineBuilder({
  slot: datasetSlot,
  name: 'tiny_reading',
  version: 1,
  doc: 'Conversations whose answers stand in the prompt, as one of many facts or as what somebody else says, mixed with instructions of the tiny corpus.',
  params: Type.Object({
    num_examples: count('Conversations to train on.', 4096),
    test_size: count('Further conversations that are held out.', 64, 0),
    batch_size: count('Conversations in an optimizer step.', 16),
  }),
  build({ num_examples, test_size, batch_size }, context) {
    return {
      train: drawn(num_examples, batch_size, context.seed, context),
      test: test_size === 0 ? null : drawn(test_size, batch_size, -1, context),
    };
  },
});

/** Conversation i of a seed is the same in every epoch. */
function drawn(length: number, batchSize: number, seed: number, { renderer }: DatasetContext): SupervisedDataset {
  if (renderer === null) throw new ConfigurationError('conversations need a renderer: set renderer');
  const exampleAt = (index: number) => {
    const messages = readingConversation(new Random(seed * 1_000_003 + index));
    const { model_input, weights } = renderer.buildSupervisedExample(messages, 'last_assistant_message');
    return datumFromModelInputWeights(model_input, weights, { reduction: 'mean' });
  };
  return {
    length: Math.ceil(length / batchSize),
    async getBatch(index) {
      const size = Math.min(batchSize, length - index * batchSize);
      return Array.from({ length: size }, (_, i) => exampleAt(index * batchSize + i));
    },
    setEpoch: () => undefined,
  };
}

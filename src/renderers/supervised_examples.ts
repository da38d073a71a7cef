// One conversation as the training examples that show the model what it will see when it speaks.

import { RendererError } from '../util/errors.ts';
import { trainedMessages } from './train_on_what.ts';
import type { Message, Renderer, SupervisedExample, TrainOnWhat } from './types.ts';

const OF_REPLIES: readonly TrainOnWhat[] = ['last_assistant_message', 'last_assistant_turn', 'all_assistant_messages'];

export function splitExamples(
  messages: readonly Message[],
  trainOnWhat: TrainOnWhat,
  renderer: Pick<Renderer, 'name' | 'hasExtensionProperty' | 'buildSupervisedExample'>,
): SupervisedExample[] {
  if (renderer.hasExtensionProperty) return [renderer.buildSupervisedExample(messages, trainOnWhat)];
  if (!OF_REPLIES.includes(trainOnWhat)) {
    throw new RendererError(
      `renderer ${renderer.name} shows earlier messages in another way once more follow, so that train_on_what: ${trainOnWhat} has no examples that a model would see`,
      { hint: `Use one of ${OF_REPLIES.join(', ')}.` },
    );
  }
  const trained = trainedMessages(messages, trainOnWhat);
  return messages.flatMap((_, index) =>
    trained[index] ? [renderer.buildSupervisedExample(messages.slice(0, index + 1), 'last_assistant_message')] : [],
  );
}

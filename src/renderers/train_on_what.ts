// Which messages of a conversation carry loss weight.

import { RendererError } from '../util/errors.ts';
import type { Message, TrainOnWhat } from './types.ts';

/**
 * One flag a message: whether its output is trained on. `customized` takes it from `trainable`, which every message must
 * then have and which no message may have otherwise; a RendererError names the message that breaks this.
 */
export function trainedMessages(messages: readonly Message[], trainOnWhat: TrainOnWhat): boolean[] {
  if (messages.length === 0) throw new RendererError('a conversation needs at least one message');
  messages.forEach(({ trainable }, index) => {
    if (trainOnWhat === 'customized' && trainable === undefined)
      throw new RendererError(`messages[${index}] has no "trainable", which train_on_what: customized goes by`);
    if (trainOnWhat !== 'customized' && trainable !== undefined)
      throw new RendererError(
        `messages[${index}] has "trainable", which train_on_what: ${trainOnWhat} does not go by`,
        {
          hint: 'Set train_on_what: customized, or take "trainable" out of the data.',
        },
      );
  });
  const turnStart = lastAssistantTurnStart(messages);
  const isTrained: Record<TrainOnWhat, (message: Message, index: number) => boolean> = {
    last_assistant_message: ({ role }, index) => role === 'assistant' && index === messages.length - 1,
    last_assistant_turn: ({ role }, index) => role === 'assistant' && index >= turnStart,
    all_assistant_messages: ({ role }) => role === 'assistant',
    all_messages: () => true,
    all_tokens: () => true,
    all_user_and_system_messages: ({ role }) => role === 'user' || role === 'system',
    customized: ({ trainable }) => trainable === true,
  };
  return messages.map(isTrained[trainOnWhat]);
}

/** A message that a format adds to a conversation: where messages choose for themselves, it is not trained. */
export function addedTo(messages: readonly Message[], message: Message): Message {
  return messages.some(({ trainable }) => trainable !== undefined) ? { ...message, trainable: false } : message;
}

/** The last assistant turn is what follows the last user message, a user message at the very end aside. */
export function lastAssistantTurnStart(messages: readonly Message[]): number {
  return lastUserIndex(messages.slice(0, -1)) + 1;
}

/** -1 without a user message. */
export function lastUserIndex(messages: readonly Message[]): number {
  return messages.findLastIndex((message) => message.role === 'user');
}

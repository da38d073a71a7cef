// What is true of a whole conversation, found once and not for each of its messages.

import type { Message } from './types.ts';

/** `find`, whose answer is kept for as long as the list is there. The list of a RenderContext does not change. */
export function factOf<Fact>(find: (messages: readonly Message[]) => Fact): (messages: readonly Message[]) => Fact {
  const known = new WeakMap<readonly Message[], { fact: Fact }>();
  return (messages) => {
    const { fact } = known.get(messages) ?? { fact: find(messages) };
    known.set(messages, { fact });
    return fact;
  };
}

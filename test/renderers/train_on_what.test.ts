// Which messages a mode trains on.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { trainedMessages } from '../../src/renderers/train_on_what.ts';
import { type Message, TRAIN_ON_WHAT, type TrainOnWhat } from '../../src/renderers/types.ts';
import { RendererError } from '../../src/util/errors.ts';

const ROLE_OF: Record<string, string> = { s: 'system', u: 'user', a: 'assistant', t: 'tool' };
const conversation = (roles: string): Message[] => [...roles].map((role) => ({ role: ROLE_OF[role], content: 'x' }));

/** One letter a message, in upper case where it is trained. */
function trained(roles: string, mode: TrainOnWhat): string {
  const flags = trainedMessages(conversation(roles), mode);
  return [...roles].map((role, index) => (flags[index] ? role.toUpperCase() : role)).join('');
}

test.each([
  ['last_assistant_message', 'suauatA', 'suauA', 'suauu', 'A'],
  ['last_assistant_turn', 'suauAtA', 'suauA', 'suauu', 'A'],
  ['all_assistant_messages', 'suAuAtA', 'suAuA', 'suAuu', 'A'],
  ['all_messages', 'SUAUATA', 'SUAUA', 'SUAUU', 'A'],
  ['all_tokens', 'SUAUATA', 'SUAUA', 'SUAUU', 'A'],
  ['all_user_and_system_messages', 'SUaUata', 'SUaUa', 'SUaUU', 'a'],
] satisfies [TrainOnWhat, ...string[]][])('%s', (mode, ...expected) => {
  expect(expected.map((roles) => trained(roles.toLowerCase(), mode))).toEqual(expected);
});

test('a user message at the end does not end the assistant turn before it', () => {
  expect(trained('uau', 'last_assistant_turn')).toBe('uAu');
  expect(trained('uau', 'last_assistant_message')).toBe('uau');
});

test('customized trains on what says so', () => {
  const messages = conversation('uaua').map((message, index) => ({ ...message, trainable: index % 3 === 0 }));
  expect(trainedMessages(messages, 'customized')).toEqual([true, false, false, true]);
});

describe('trainable', () => {
  test('must be on every message of a customized conversation', () => {
    const [first, second] = conversation('ua');
    expect(() => trainedMessages([{ ...first, trainable: true }, second], 'customized')).toThrow(
      'messages[1] has no "trainable", which train_on_what: customized goes by',
    );
  });

  test('must be on none of the others', () => {
    const messages = conversation('ua').map((message) => ({ ...message, trainable: true }));
    expect(() => trainedMessages(messages, 'all_messages')).toThrow(
      'messages[0] has "trainable", which train_on_what: all_messages does not go by',
    );
  });
});

test('an empty conversation is refused', () => {
  expect(() => trainedMessages([], 'all_messages')).toThrow(RendererError);
});

test('what a narrow mode trains on, the wider ones train on too', () => {
  const modes = TRAIN_ON_WHAT.filter((mode) => mode !== 'customized' && mode !== 'all_user_and_system_messages');
  const roles = fc.string({ unit: fc.constantFrom('s', 'u', 'a', 't'), minLength: 1 });
  fc.assert(
    fc.property(roles, (written) => {
      const flags = modes.map((mode) => trainedMessages(conversation(written), mode));
      for (let index = 0; index < written.length; index++) {
        const widening = flags.map((flagsOfMode) => flagsOfMode[index]);
        expect(widening).toEqual([...widening].sort());
      }
    }),
  );
});

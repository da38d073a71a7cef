// What a conversation remembers of replies that end early, and that a reply is the same however it is told.

import { expect, test } from 'vitest';
import { Conversation } from '../../src/chat/conversation.ts';
import { chatTemplateRenderer } from '../../src/renderers/chat_template.ts';
import type { SamplingClient } from '../../src/tinker/clients.ts';
import { tinyTokenizer } from '../support/tiny_tokenizer.ts';

const tokenizer = await tinyTokenizer();
const renderer = chatTemplateRenderer(tokenizer, { currentDate: null });

/** Says `hello world`, of which it tells on the way if it `streams`; with a `pause` it is stopped after two tokens. */
function talk({ streams, pause }: { streams: boolean; pause: AbortController | null }) {
  const client: SamplingClient = {
    async sample(_prompt, _count, _params, { onToken, signal } = {}) {
      const tokens = tokenizer.encode('hello world<|im_end|>');
      const told = pause === null ? tokens : tokens.slice(0, streams ? 2 : 0);
      if (streams) for (const token of told) onToken?.(token, 0);
      // Whoever listens has heard of them before the reply is there.
      await new Promise(setImmediate);
      pause?.abort(new Error('enough'));
      signal?.throwIfAborted();
      return { sequences: [{ tokens, logprobs: tokens.map(() => 0), stop_reason: 'stop' }] };
    },
    computeLogprobs: async () => [],
    getInfo: async () => ({ base_model: 'scripted', is_lora: false, lora_rank: null, max_context_length: 100 }),
    close: async () => undefined,
  };
  const identity = () => 'scripted';
  const rendererRef = { builder: 'chat_template' };
  const target = { description: 'scripted', identity, client, renderer, rendererRef, close: client.close };
  const conversation = new Conversation(target, {}, null);
  const pieces: string[] = [];
  const say = (text: string) =>
    conversation.say(text, {
      ...(pause === null ? {} : { signal: pause.signal }),
      onText: (piece) => pieces.push(piece),
    });
  return { conversation, pieces, say };
}

test.each([true, false])('a reply is the same whether the service tells of its tokens: %s', async (streams) => {
  const { conversation, pieces, say } = talk({ streams, pause: null });
  expect(await say('hi')).toEqual({ text: 'hello world', ended: 'stop' });
  expect(pieces.join('')).toBe('hello world');
  expect(conversation.messages).toEqual([
    { role: 'user', content: 'hi' },
    { role: 'assistant', content: 'hello world' },
  ]);
});

test('of a reply that is stopped, what was said stays', async () => {
  const { conversation, pieces, say } = talk({ streams: true, pause: new AbortController() });
  const { text, ended } = await say('hi');
  expect(ended).toBe('stopped');
  expect(text).toMatch(/^hello/);
  expect(pieces.join('')).toBe(text);
  expect(conversation.messages).toEqual([
    { role: 'user', content: 'hi' },
    { role: 'assistant', content: text },
  ]);
});

test('a question whose reply is stopped before it says anything is forgotten', async () => {
  const { conversation, say } = talk({ streams: false, pause: new AbortController() });
  expect(await say('hi')).toEqual({ text: '', ended: 'stopped' });
  expect(conversation.messages).toEqual([]);
});

test('a listener that fails fails the reply, and nothing beside it', async () => {
  const { conversation } = talk({ streams: true, pause: null });
  const onText = () => {
    throw new Error('the screen is gone');
  };
  await expect(conversation.say('hi', { onText })).rejects.toThrow('the screen is gone');
  expect(conversation.messages).toEqual([]);
});

// createRenderer: what every renderer that works message by message shares, on a format made for the test.

import { beforeAll, describe, expect, test } from 'vitest';
import { createRenderer, type MessageFormat, type RenderContext } from '../../src/renderers/base.ts';
import { written as piece } from '../../src/renderers/pieces.ts';
import type { Message, Renderer, TrainOnWhat } from '../../src/renderers/types.ts';
import type { Tokenizer } from '../../src/tokenizers/types.ts';
import { RendererError } from '../../src/util/errors.ts';
import { showExample, showPrompt } from '../support/show_example.ts';
import { tinyTokenizer } from '../support/tiny_tokenizer.ts';

let tokenizer: Tokenizer;
beforeAll(async () => {
  tokenizer = await tinyTokenizer();
});

/** `<role>content;`, whose prompts open a reply with `written`. */
function rendererThatWrites(written: string, options: Partial<MessageFormat> = {}, disablesThinking = false): Renderer {
  const format: MessageFormat = {
    bosTokens: tokenizer.encode('^'),
    renderMessage: ({ role, content }) => ({
      header: [piece(`<${role}>`)],
      output: [piece(`${content};`)],
    }),
    generationSuffix: (role) => [piece(`<${role}>${written}`)],
    reply: (tokens) => ({
      message: { role: 'assistant', content: tokenizer.decode(tokens) },
      termination: 'malformed',
    }),
    ...options,
  };
  const traits = { name: 'test', stop: { text: ';' }, hasExtensionProperty: true, supportsStreaming: false };
  return createRenderer({ ...traits, disablesThinking }, tokenizer, format);
}

const QUESTION: Message = { role: 'user', content: 'Q' };
const replies = (...contents: string[]): Message[] => contents.map((content) => ({ role: 'assistant', content }));

describe('what a prompt writes for the model is not trained', () => {
  function show(messages: Message[], trainOnWhat: TrainOnWhat) {
    const renderer = rendererThatWrites('think:');
    return showExample(renderer.buildSupervisedExample(messages, trainOnWhat), tokenizer);
  }

  test('in the last message', () => {
    expect(show([QUESTION, ...replies('think:A')], 'last_assistant_message')).toBe('^<user>Q;<assistant>think:⟦A;⟧');
  });

  test('where the last turn begins', () => {
    const messages = [QUESTION, ...replies('think:A', 'B')];
    expect(show(messages, 'last_assistant_turn')).toBe('^<user>Q;<assistant>think:⟦A;⟧<assistant>⟦B;⟧');
  });

  test('and a reply that does not begin that way is trained whole', () => {
    expect(show([QUESTION, ...replies('A')], 'last_assistant_message')).toBe('^<user>Q;<assistant>⟦A;⟧');
  });

  test('unless the renderer turns reasoning off, which such a reply contradicts', () => {
    const renderer = rendererThatWrites('no thinking:', {}, true);
    expect(() => renderer.buildSupervisedExample([QUESTION, ...replies('A')], 'last_assistant_message')).toThrow(
      'messages[1] cannot follow the prompt, in which this renderer turns reasoning off',
    );
    const example = renderer.buildSupervisedExample([QUESTION, ...replies('no thinking:A')], 'last_assistant_turn');
    expect(showExample(example, tokenizer)).toBe('^<user>Q;<assistant>no thinking:⟦A;⟧');
  });
});

test('where nothing is trained, nothing contradicts the prompt', () => {
  const renderer = rendererThatWrites('no thinking:', {}, true);
  const { weights } = renderer.buildSupervisedExample([QUESTION], 'last_assistant_message');
  expect(weights).not.toContain(1);
});

test('what a format has no form for is told by its place in the conversation as it was given', () => {
  const renderer = rendererThatWrites('', {
    arrange: (messages) => [{ role: 'system', content: 'added' }, ...messages],
    renderMessage({ role, content }) {
      if (role === 'tool') throw new RendererError('no form for it', { hint: 'Take it out.' });
      return { header: [piece(`<${role}>`)], output: [piece(String(content))] };
    },
  });
  expect(() => renderer.buildGenerationPrompt([QUESTION, { role: 'tool', content: 'R' }])).toThrow(
    expect.objectContaining({ message: 'messages[1]: no form for it', hint: 'Take it out.' }),
  );
});

test('the tokens that end a reply and begin the next header follow the last message only', () => {
  const renderer = rendererThatWrites('', {
    renderMessage: ({ role, content }) => ({
      header: [piece(`<${role}>`)],
      output: [piece(String(content))],
      stopOverlap: [piece('<')],
    }),
  });
  const messages = [QUESTION, ...replies('A')];
  expect(showExample(renderer.buildSupervisedExample(messages, 'all_messages'), tokenizer)).toBe(
    '^<user>⟦Q⟧<assistant>⟦A<⟧',
  );
  expect(showPrompt(renderer.buildGenerationPrompt(messages), tokenizer)).toBe('^<user>Q<assistant>A<assistant>');
});

test('a format sees each message among its neighbours, and a prompt as the place after the last one', () => {
  const seen: RenderContext[] = [];
  const renderer = rendererThatWrites('', {
    renderMessage: (_, context) => {
      seen.push(context);
      return { header: [], output: [] };
    },
    generationSuffix: (_, context) => {
      seen.push(context);
      return [];
    },
  });
  const [first, second] = [QUESTION, ...replies('A')];
  renderer.buildGenerationPrompt([first, second]);
  const messages = [first, second];
  expect(seen).toEqual([
    { messages, index: 0, isLast: false, previous: null, next: second, lastUserIndex: 0 },
    { messages, index: 1, isLast: true, previous: first, next: null, lastUserIndex: 0 },
    { messages, index: 2, isLast: true, previous: second, next: null, lastUserIndex: 0 },
  ]);
});

test('a format with tools declares them in front of the system prompt', () => {
  const renderer = rendererThatWrites('', {
    createConversationPrefixWithTools: (tools, systemPrompt) => [
      { role: 'system', content: `${systemPrompt}|${tools.map((tool) => tool.name)}` },
    ],
  });
  const tool = { name: 'look', description: 'Looks.', parameters: {} };
  expect(renderer.createConversationPrefixWithTools([tool])).toEqual([{ role: 'system', content: '|look' }]);
});

// role_colon: transcripts, their loss weights, and replies read back.

import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { getRenderer } from '../../src/renderers/get_renderer.ts';
import { type Message, type Renderer, TRAIN_ON_WHAT, type TrainOnWhat } from '../../src/renderers/types.ts';
import { tokensOf } from '../../src/tinker/types.ts';
import { loadTokenizerJson, PREFIXES, pieceTokenizerJson } from '../support/piece_tokenizer.ts';
import { showExample, showPrompt } from '../support/show_example.ts';
import { tinyTokenizer } from '../support/tiny_tokenizer.ts';

const CONVERSATION: Message[] = [
  { role: 'system', content: 'Be brief.' },
  { role: 'user', content: 'hello' },
  { role: 'assistant', content: 'Let me look.' },
  { role: 'tool', content: '42' },
  { role: 'assistant', content: 'It is 42.' },
];

let renderer: Renderer;
beforeAll(async () => {
  renderer = getRenderer('role_colon', await tinyTokenizer({ bos_token: '<|bos|>', eos_token: '<|endoftext|>' }));
});

describe('prompts', () => {
  test('end where the assistant begins to speak', () => {
    expect(showPrompt(renderer.buildGenerationPrompt(CONVERSATION.slice(0, 2)), renderer.tokenizer)).toBe(
      '<|bos|>System: Be brief.\n\nUser: hello\n\nAssistant:',
    );
  });

  test('can be for another role and go on with a prefill', () => {
    const prompt = renderer.buildGenerationPrompt([], { role: 'user', prefill: ' Well' });
    expect(showPrompt(prompt, renderer.tokenizer)).toBe('<|bos|>User: Well');
  });

  test('have no BOS where the tokenizer has none', async () => {
    const bare = getRenderer('role_colon', await tinyTokenizer());
    expect(showPrompt(bare.buildGenerationPrompt([{ role: 'user', content: 'x' }]), bare.tokenizer)).toBe(
      'User: x\n\nAssistant:',
    );
  });
});

describe('training examples', () => {
  const show = (trainOnWhat: TrainOnWhat, messages: Message[] = CONVERSATION) =>
    showExample(renderer.buildSupervisedExample(messages, trainOnWhat), renderer.tokenizer);

  test('train the reply and the words that end it', () => {
    expect(show('last_assistant_message')).toMatchInlineSnapshot(`
      "<|bos|>System: Be brief.

      User: hello

      Assistant: Let me look.

      Tool: 42

      Assistant:⟦ It is 42.

      User:⟧"
    `);
  });

  test('train every reply of the last turn, and not what the tool says', () => {
    expect(show('last_assistant_turn')).toMatchInlineSnapshot(`
      "<|bos|>System: Be brief.

      User: hello

      Assistant:⟦ Let me look.

      ⟧Tool: 42

      Assistant:⟦ It is 42.

      User:⟧"
    `);
    expect(show('all_assistant_messages')).toBe(show('last_assistant_turn'));
  });

  test('train headers only with all_tokens, and BOS never', () => {
    expect(show('all_messages', CONVERSATION.slice(1, 3))).toBe(
      '<|bos|>User:⟦ hello\n\n⟧Assistant:⟦ Let me look.\n\nUser:⟧',
    );
    expect(show('all_tokens', CONVERSATION.slice(1, 3))).toBe(
      '<|bos|>⟦User: hello\n\nAssistant: Let me look.\n\nUser:⟧',
    );
  });

  test('end with untrained words where the last message is not trained', () => {
    expect(show('all_user_and_system_messages', CONVERSATION.slice(0, 3))).toBe(
      '<|bos|>System:⟦ Be brief.\n\n⟧User:⟦ hello\n\n⟧Assistant: Let me look.\n\nUser:',
    );
    const customized = CONVERSATION.slice(1, 3).map((message, index) => ({ ...message, trainable: index === 0 }));
    expect(show('customized', customized)).toBe('<|bos|>User:⟦ hello\n\n⟧Assistant: Let me look.\n\nUser:');
  });

  test('tell of tool calls, which a transcript has no words for', () => {
    const call = { type: 'function' as const, id: null, function: { name: 'look', arguments: '{}' } };
    const called = CONVERSATION.map((message, index) => (index === 2 ? { ...message, tool_calls: [call] } : message));
    const { omitted } = renderer.buildSupervisedExample(called, 'all_assistant_messages');
    expect(omitted).toEqual(['messages[2].tool_calls[0]']);
  });

  test('show a call that could not be read as it was written', () => {
    const unread: Message = {
      role: 'assistant',
      content: 'Look.',
      unparsed_tool_calls: [{ raw_text: '<tool_call>{bad}</tool_call>', error: 'Invalid JSON' }],
    };
    expect(show('last_assistant_message', [unread])).toBe(
      '<|bos|>Assistant:⟦ Look.<tool_call>{bad}</tool_call>\n\nUser:⟧',
    );
  });

  test('refuse reasoning', () => {
    const thinking: Message = { role: 'assistant', content: [{ type: 'thinking', thinking: 'hm' }] };
    expect(() => show('all_messages', [thinking])).toThrow(
      'messages[0]: this renderer expects text, but a message of role "assistant" holds reasoning',
    );
  });
});

describe('replies', () => {
  test.each([
    [' It is 42.\n\nUser:', 'It is 42.', 'stop_sequence'],
    [' It is 42.<|endoftext|>', 'It is 42.', 'eos'],
    [' It is 42.', 'It is 42.', 'malformed'],
    [' It is 42.\n\nUser:<|endoftext|>', 'It is 42.', 'malformed'],
    [' It is 42.\n\nUser: Why?\n\nUser:', 'It is 42.', 'malformed'],
    ['  two spaces, \n \n\n\nUser:', ' two spaces, ', 'stop_sequence'],
    ['<|endoftext|>', '', 'eos'],
    ['', '', 'malformed'],
  ])('%j', (reply, content, termination) => {
    expect(renderer.parseResponse(renderer.tokenizer.encode(reply))).toEqual({
      message: { role: 'assistant', content },
      termination,
    });
  });

  test('stop where the user would speak again', () => {
    expect(renderer.getStopSequences()).toEqual(['\n\nUser:']);
  });
});

test('there is no way to declare tools', () => {
  expect(() => renderer.createConversationPrefixWithTools([])).toThrow('this renderer has no way to declare tools');
});

const text = fc.oneof(fc.string(), fc.constantFrom('<|endoftext|>', '<|bos|>', 'hello world\n\nUser:'));
const message = fc.record({ role: fc.constantFrom('system', 'user', 'assistant', 'tool'), content: text });
const conversation = fc.array(message, { minLength: 1, maxLength: 6 });

test('nothing that people write becomes a special token', () => {
  fc.assert(
    fc.property(conversation, (messages) => {
      const tokens = tokensOf(renderer.buildSupervisedExample(messages, 'all_messages').model_input);
      expect(tokens.filter((token) => renderer.tokenizer.isSpecial(token))).toEqual([renderer.tokenizer.bosTokenId]);
    }),
  );
});

test('an example is its prompt and then the trained reply', () => {
  fc.assert(
    fc.property(conversation, text, (messages, reply) => {
      const whole: Message[] = [...messages, { role: 'assistant', content: reply }];
      const { model_input, weights } = renderer.buildSupervisedExample(whole, 'last_assistant_message');
      const split = weights.indexOf(1);
      const tokens = tokensOf(model_input);
      expect(tokens.slice(0, split)).toEqual(tokensOf(renderer.buildGenerationPrompt(messages)));
      expect(weights.slice(split)).toEqual(tokens.slice(split).map(() => 1));
    }),
  );
});

test('a longer conversation only appends to a shorter one and its reply', () => {
  expect(renderer.hasExtensionProperty).toBe(true);
  fc.assert(
    fc.property(conversation, text, (messages, reply) => {
      const first = tokensOf(renderer.buildGenerationPrompt(messages));
      const said = renderer.tokenizer.encode(` ${reply}\n\n`, { special: false });
      const longer: Message[] = [...messages, { role: 'assistant', content: reply }, { role: 'user', content: 'And?' }];
      const second = tokensOf(renderer.buildGenerationPrompt(longer));
      expect(second.slice(0, first.length + said.length)).toEqual([...first, ...said]);
    }),
  );
});

test('every mode gives one weight a token, 0 or 1', () => {
  const modes = TRAIN_ON_WHAT.filter((mode) => mode !== 'customized');
  fc.assert(
    fc.property(conversation, fc.constantFrom(...modes), (messages, mode) => {
      const { model_input, weights } = renderer.buildSupervisedExample(messages, mode);
      expect(weights).toHaveLength(tokensOf(model_input).length);
      expect(weights.every((weight) => weight === 0 || weight === 1)).toBe(true);
    }),
  );
});

test.each(['prepend', 'metaspace'] as const)(
  'the words that stop a reply are trained as they are sampled: %s',
  async (kind) => {
    const pieces = getRenderer('role_colon', await loadTokenizerJson(pieceTokenizerJson(PREFIXES[kind])));
    const { tokenizer } = pieces;
    const messages: Message[] = [
      { role: 'user', content: 'hello' },
      { role: 'assistant', content: 'world' },
    ];
    const { model_input, weights } = pieces.buildSupervisedExample(messages, 'last_assistant_message');
    const trained = tokensOf(model_input).filter((_, position) => weights[position] === 1);
    expect(trained.map((token) => tokenizer.decode([token], { continues: true }))).toEqual([
      ' world',
      '\n',
      '\n',
      'User',
      ':',
    ]);
    expect(pieces.parseResponse(trained)).toEqual({
      message: { role: 'assistant', content: 'world' },
      termination: 'stop_sequence',
    });
  },
);

// What callers without types hand to a renderer: an error names the field, whatever the renderer.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CATALOGUE } from '../../src/renderers/catalogue.ts';
import { chatTemplateRenderer } from '../../src/renderers/chat_template.ts';
import { toOpenaiMessage } from '../../src/renderers/openai_message.ts';
import type { Renderer } from '../../src/renderers/types.ts';
import { withTools } from '../../src/renderers/with_tools.ts';
import { RendererError } from '../../src/util/errors.ts';
import { charTokenizer } from '../support/char_tokenizer.ts';
import { tinyTokenizer } from '../support/tiny_tokenizer.ts';

const tokenizer = charTokenizer({ bos: '<|begin_of_text|>', eos: '<|eot_id|>' });
const renderers: Renderer[] = [
  ...CATALOGUE.map((entry) => entry.create(tokenizer)),
  chatTemplateRenderer(await tinyTokenizer(), { currentDate: null }),
];
/** As JavaScript sees it: `JSON.parse` gives what no type was asked of. */
const untyped = (value: unknown) => JSON.parse(JSON.stringify(value));

const USER = { role: 'user', content: 'Q' };
const calling = (call: unknown) => [USER, { role: 'assistant', content: '', tool_calls: [call] }];
const tool = { name: 'f', description: 'd', parameters: {} };

describe('messages', () => {
  test.each([
    ['no list', 'hello', 'messages must be a list, not the string "hello"'],
    ['no object', [USER, null], 'messages[1] must be an object, not null'],
    ['no role', [{ content: 'Q' }], 'messages[0].role must be text, not absent'],
    ['a number as role', [{ role: 3, content: 'Q' }], 'messages[0].role must be text, not the number 3'],
    ['no content', [USER, { role: 'assistant' }], 'messages[1].content must be text or a list of parts, not absent'],
    [
      'null as content',
      [{ role: 'user', content: null }],
      'messages[0].content must be text or a list of parts, not null',
    ],
    [
      'a part of no known type',
      [{ role: 'user', content: [{ type: 'video' }] }],
      'messages[0].content[0].type must be "text", "thinking" or "image", not the string "video"',
    ],
    [
      'a part without text',
      [{ role: 'user', content: [{ type: 'text' }] }],
      'messages[0].content[0].text must be text, not absent',
    ],
    ['calls that are no list', [{ ...USER, tool_calls: {} }], 'messages[0].tool_calls must be a list, not an object'],
    [
      'a call without a function',
      calling({ type: 'function', id: null }),
      'messages[1].tool_calls[0].function must be an object, not absent',
    ],
    [
      'a call without an id',
      calling({ function: { name: 'f', arguments: '{}' } }),
      'messages[1].tool_calls[0].id must be text or null, not absent',
    ],
    [
      'arguments that are no text',
      calling({ id: null, function: { name: 'f', arguments: {} } }),
      'messages[1].tool_calls[0].function.arguments must be JSON text, not an object',
    ],
    [
      'an unread call without its text',
      [{ ...USER, unparsed_tool_calls: [{}] }],
      'messages[0].unparsed_tool_calls[0].raw_text must be text, not absent',
    ],
    ['null as name', [{ ...USER, name: null }], 'messages[0].name must be text, not null'],
    [
      'trainable that is neither',
      [{ ...USER, trainable: 1 }],
      'messages[0].trainable must be true or false, not the number 1',
    ],
  ])('%s', (_, messages, message) => {
    const given = untyped(messages);
    for (const renderer of renderers) {
      for (const act of [
        () => renderer.buildGenerationPrompt(given),
        () => renderer.buildSupervisedExample(given, 'all_messages'),
        () => renderer.buildSupervisedExamples(given, 'last_assistant_message'),
        () => withTools(renderer, given, [tool]),
      ]) {
        expect(act).toThrow(RendererError);
        expect(act).toThrow(message);
      }
    }
  });

  test('a single one', () => {
    expect(() => toOpenaiMessage(untyped({ role: 'user' }))).toThrow('message.content must be text or a list of parts');
  });
});

describe('the other arguments', () => {
  const [renderer] = renderers;
  test.each([
    [
      'a mode',
      () => renderer.buildSupervisedExample([USER], untyped('all_message')),
      'train_on_what must be one of last_assistant_message, last_assistant_turn, all_assistant_messages, all_messages, all_tokens, all_user_and_system_messages, customized, not the string "all_message"; did you mean "all_messages"',
    ],
    [
      'a role',
      () => renderer.buildGenerationPrompt([USER], untyped({ role: 5 })),
      'options.role must be text, not the number 5',
    ],
    [
      'a prefill',
      () => renderer.buildGenerationPrompt([USER], untyped({ prefill: null })),
      'options.prefill must be text, not null',
    ],
    ['options', () => renderer.buildGenerationPrompt([USER], untyped(null)), 'options must be an object, not null'],
    ['tokens', () => renderer.parseResponse(untyped('text')), 'tokens must be a list, not the string "text"'],
    [
      'a token',
      () => renderer.parseResponse(untyped([1, 'x'])),
      'tokens[1] must be the id of a token, not the string "x"',
    ],
    [
      'a stream',
      () => renderer.parseResponseStreaming(untyped(7)),
      'tokens must be what can be iterated, not the number 7',
    ],
    ['tools', () => renderer.createConversationPrefixWithTools(untyped({})), 'tools must be a list, not an object'],
    [
      'a tool without parameters',
      () => renderer.createConversationPrefixWithTools(untyped([{ name: 'f', description: '' }])),
      'tools[0].parameters must be an object, not absent',
    ],
    [
      'a tool without a description',
      () => renderer.createConversationPrefixWithTools(untyped([{ name: 'f', parameters: {} }])),
      'tools[0].description must be text, not absent',
    ],
    [
      'a system prompt',
      () => renderer.createConversationPrefixWithTools([tool], untyped(1)),
      'the system prompt must be text, not the number 1',
    ],
  ])('%s', (_, act, message) => {
    expect(act).toThrow(RendererError);
    expect(act).toThrow(message);
  });

  test('a tool that is no JSON', () => {
    const parameters: Record<string, unknown> = {};
    parameters.self = parameters;
    for (const given of [
      { ...tool, parameters },
      { ...tool, parameters: { n: 1n } },
    ]) {
      expect(() => renderer.createConversationPrefixWithTools([given])).toThrow(
        /^tools\[0\] cannot be written as JSON/,
      );
    }
  });
});

test('nothing that is put in the place of a field is more than an error of the renderer', () => {
  const strange = fc.oneof(
    fc.constantFrom<unknown>(
      null,
      3,
      true,
      '',
      'x',
      '{}',
      '{"a": 1}',
      [],
      {},
      [null],
      { type: 'text' },
      'constructor',
      '__proto__',
    ),
    fc.jsonValue({ maxDepth: 2 }),
  );
  const conversation = [
    { role: 'system', content: 'S' },
    USER,
    {
      role: 'assistant',
      content: [
        { type: 'thinking', thinking: 'T' },
        { type: 'text', text: 'A' },
      ],
      tool_calls: [{ type: 'function', id: 'functions.f:0', function: { name: 'f', arguments: '{"x": 1}' } }],
      unparsed_tool_calls: [{ raw_text: 'R', error: 'E' }],
    },
    { role: 'tool', content: 'R', tool_call_id: 'functions.f:0', name: 'f' },
    { role: 'assistant', content: 'B' },
  ];
  const declared = [
    {
      name: 'f',
      description: 'D',
      parameters: {
        type: 'object',
        properties: { x: { type: 'integer', enum: [1], default: 1, description: 'X', items: {} } },
        required: ['x'],
      },
    },
  ];
  const places = (value: unknown, path: string[] = []): string[][] =>
    typeof value === 'object' && value !== null
      ? [path, ...Object.entries(value).flatMap(([key, member]) => places(member, [...path, key]))]
      : [path];
  const replaced = (value: unknown, [key, ...path]: readonly string[], put: unknown): unknown => {
    if (key === undefined) return put;
    const copy = untyped(value);
    copy[key] = replaced(copy[key], path, put);
    return copy;
  };
  const attempt = (act: () => unknown) => {
    try {
      act();
    } catch (error) {
      expect(error).toBeInstanceOf(RendererError);
    }
  };
  fc.assert(
    fc.property(
      fc.constantFrom(...renderers),
      fc.constantFrom(...places(conversation)),
      fc.constantFrom(...places(declared)),
      strange,
      (renderer, place, toolPlace, put) => {
        const messages = untyped(replaced(conversation, place, put));
        attempt(() => renderer.buildGenerationPrompt(messages));
        attempt(() => renderer.buildSupervisedExample(messages, 'all_messages'));
        attempt(() => renderer.buildSupervisedExamples(messages, 'all_assistant_messages'));
        const tools = untyped(replaced(declared, toolPlace, put));
        attempt(() => {
          const prefix = renderer.createConversationPrefixWithTools(tools, 'S');
          renderer.buildGenerationPrompt([...prefix, USER]);
        });
      },
    ),
    { seed: 5, numRuns: 1500 },
  );
});

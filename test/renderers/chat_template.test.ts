// chat_template: weights by rendering prefixes, on templates of the kinds that models come with.

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { chatTemplateRenderer } from '../../src/renderers/chat_template.ts';
import { type Message, type Renderer, TRAIN_ON_WHAT, type TrainOnWhat } from '../../src/renderers/types.ts';
import { tokensOf } from '../../src/tinker/types.ts';
import { loadTokenizer } from '../../src/tokenizers/hf_tokenizer.ts';
import { ConfigurationError, RendererError } from '../../src/util/errors.ts';
import { showExample, showPrompt } from '../support/show_example.ts';
import { CHATML, tinyTokenizer, tinyTokenizerDirectory, tinyTokenizerJson } from '../support/tiny_tokenizer.ts';

async function rendererOf(chat_template: string, config: object = {}, currentDate: string | null = null) {
  return chatTemplateRenderer(await tinyTokenizer({ chat_template, ...config }), { currentDate });
}

const show = (renderer: Renderer, messages: Message[], trainOnWhat: TrainOnWhat) =>
  showExample(renderer.buildSupervisedExample(messages, trainOnWhat), renderer.tokenizer);
const prompt = (renderer: Renderer, messages: Message[]) =>
  showPrompt(renderer.buildGenerationPrompt(messages), renderer.tokenizer);
const refusal = (act: () => unknown): string => {
  try {
    act();
  } catch (error) {
    if (error instanceof RendererError) return `${error.message}${error.hint === undefined ? '' : ` → ${error.hint}`}`;
    throw error;
  }
  return 'accepted';
};

const CHAT: Message[] = [
  { role: 'system', content: 'Be brief.' },
  { role: 'user', content: 'hello' },
  { role: 'assistant', content: 'hi' },
  { role: 'user', content: 'bye' },
  { role: 'assistant', content: 'ciao' },
];
const THINKING: Message = {
  role: 'assistant',
  content: [
    { type: 'thinking', thinking: 'hm' },
    { type: 'text', text: 'ciao' },
  ],
};
const CALLING: Message[] = [
  { role: 'user', content: 'hello' },
  {
    role: 'assistant',
    content: 'I look.',
    tool_calls: [{ type: 'function', id: 'c1', function: { name: 'look', arguments: '{"at": "sea"}' } }],
  },
  { role: 'tool', content: 'blue', tool_call_id: 'c1', name: 'look' },
  { role: 'assistant', content: 'Blue.' },
];

/** Knows reasoning, which it drops from history, and tools: the shape of hybrid reasoning models. */
const REASONING = `{%- if tools -%}<|im_start|>tools{{ tools | tojson }}<|im_end|>{%- endif -%}
{%- set ns = namespace(last=0) -%}
{%- for m in messages -%}{%- if m.role == 'user' -%}{%- set ns.last = loop.index0 -%}{%- endif -%}{%- endfor -%}
{%- for m in messages -%}
<|im_start|>{{ m.role + '\\n' }}
{%- if m.role == 'assistant' and loop.index0 > ns.last -%}
{{ '<think>\\n' + (m.reasoning_content or '') + '\\n</think>\\n\\n' }}
{%- endif -%}
{{ m.content }}
{%- for call in m.tool_calls or [] -%}{{ '\\n<tool_call>\\n' + (call.function | tojson) + '\\n</tool_call>' }}{%- endfor -%}
{{ '<|im_end|>\\n' }}
{%- endfor -%}
{%- if add_generation_prompt -%}{{ '<|im_start|>assistant\\n' }}{%- endif -%}`;

/** Wants user and assistant in turn and knows no system messages; text ends a turn with a space before the token. */
const ALTERNATING = `{{ bos_token }}{%- for m in messages -%}
{%- if (m.role == 'user') != (loop.index0 % 2 == 0) -%}{{ raise_exception('roles must alternate user/assistant') }}{%- endif -%}
{%- if m.role == 'user' -%}{{ '[INST] ' + m.content | trim + ' [/INST]' }}{%- else -%}{{ ' ' + m.content | trim + ' ' + eos_token }}{%- endif -%}
{%- endfor -%}`;

describe('an ordinary template', () => {
  test.each([
    ['last_assistant_message', '⟦ciao<|im_end|>⟧'],
    ['last_assistant_turn', '⟦ciao<|im_end|>⟧'],
  ] as const)('%s trains the last reply up to the token that ends it', async (mode, trained) => {
    const shown = show(await rendererOf(CHATML), CHAT, mode);
    expect(shown).toBe(
      `<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nhello<|im_end|>\n<|im_start|>assistant\nhi<|im_end|>\n<|im_start|>user\nbye<|im_end|>\n<|im_start|>assistant\n${trained}\n`,
    );
  });

  test('the other modes', async () => {
    const renderer = await rendererOf(CHATML);
    const chat = CHAT.slice(1, 3);
    expect(show(renderer, CHAT, 'all_assistant_messages').match(/⟦.*?⟧/gs)).toEqual([
      '⟦hi<|im_end|>⟧',
      '⟦ciao<|im_end|>⟧',
    ]);
    expect(show(renderer, chat, 'all_messages')).toBe(
      '<|im_start|>user\n⟦hello<|im_end|>⟧\n<|im_start|>assistant\n⟦hi<|im_end|>⟧\n',
    );
    expect(show(renderer, chat, 'all_user_and_system_messages')).toBe(
      '<|im_start|>user\n⟦hello<|im_end|>⟧\n<|im_start|>assistant\nhi<|im_end|>\n',
    );
    expect(show(renderer, chat, 'all_tokens')).toBe(
      '⟦<|im_start|>user\nhello<|im_end|>\n<|im_start|>assistant\nhi<|im_end|>\n⟧',
    );
    const customized = chat.map((message, index) => ({ ...message, trainable: index === 0 }));
    expect(show(renderer, customized, 'customized')).toBe(show(renderer, chat, 'all_user_and_system_messages'));
  });

  test('a reply ends at the token that closes it, and is read back', async () => {
    const renderer = await rendererOf(CHATML, { eos_token: '<|endoftext|>' });
    const { tokenizer } = renderer;
    expect(tokenizer.decode(renderer.getStopSequences().map(Number))).toBe('<|im_end|><|endoftext|>');
    expect(renderer.parseResponse(tokenizer.encode('hi<|im_end|>'))).toEqual({
      message: { role: 'assistant', content: 'hi' },
      termination: 'stop_sequence',
    });
    expect(renderer.parseResponse(tokenizer.encode('hi<|endoftext|>')).termination).toBe('eos');
    expect(renderer.parseResponse(tokenizer.encode('hi')).termination).toBe('malformed');
  });

  test('only appends, so that conversations merge into one example', async () => {
    expect((await rendererOf(CHATML)).hasExtensionProperty).toBe(true);
  });

  test("prompts take a prefill, and are the assistant's", async () => {
    const renderer = await rendererOf(CHATML);
    const filled = renderer.buildGenerationPrompt(CHAT.slice(0, 2), { prefill: 'Well' });
    expect(showPrompt(filled, renderer.tokenizer)).toMatch(/<\|im_start\|>assistant\nWell$/);
    expect(refusal(() => renderer.buildGenerationPrompt(CHAT, { role: 'user' }))).toBe(
      'a chat template prompts the assistant, not role "user"',
    );
  });

  test('BOS is not trained', async () => {
    const renderer = await rendererOf(`{{ bos_token }}${CHATML}`, { bos_token: '<|bos|>' });
    expect(show(renderer, CHAT.slice(1, 2), 'all_tokens')).toBe('<|bos|>⟦<|im_start|>user\nhello<|im_end|>\n⟧');
  });
});

describe('text that spells special tokens out', () => {
  const special = fc.constantFrom(
    '<|im_end|>\n<|im_start|>system\n',
    '<|endoftext|>',
    '<|im_start|>',
    '<|im_',
    'end|>',
  );
  const text = fc.array(fc.oneof(fc.string(), special)).map((pieces) => pieces.join(''));

  test('stays text, wherever it stands', async () => {
    const renderer = await rendererOf(REASONING);
    const { tokenizer } = renderer;
    const isStructure = (token: number) => tokenizer.isSpecial(token);
    fc.assert(
      fc.property(text, text, (asked, answered) => {
        const messages: Message[] = [
          { role: 'user', content: asked },
          {
            role: 'assistant',
            content: [
              { type: 'thinking', thinking: answered },
              { type: 'text', text: answered },
            ],
          },
          { role: 'user', content: asked },
        ];
        const tokens = tokensOf(renderer.buildGenerationPrompt(messages));
        expect(tokenizer.decode(tokens.filter(isStructure))).toBe(`${'<|im_start|><|im_end|>'.repeat(3)}<|im_start|>`);
        expect(tokenizer.decode(tokens)).toBe(
          `<|im_start|>user\n${asked}<|im_end|>\n<|im_start|>assistant\n${answered}<|im_end|>\n<|im_start|>user\n${asked}<|im_end|>\n<|im_start|>assistant\n`,
        );
      }),
    );
  });

  test('also in declarations and arguments of tools', async () => {
    const renderer = await rendererOf(REASONING);
    const tools = renderer.createConversationPrefixWithTools([
      { name: 'look', description: '<|im_end|>', parameters: {} },
    ]);
    const call = { type: 'function' as const, id: null, function: { name: 'f', arguments: '{"x": "<|im_start|>"}' } };
    const messages = [...tools, CHAT[1], { role: 'assistant', content: '', tool_calls: [call] }];
    const tokens = tokensOf(renderer.buildSupervisedExample(messages, 'last_assistant_message').model_input);
    const structure = tokens.filter((token) => renderer.tokenizer.isSpecial(token));
    expect(renderer.tokenizer.decode(structure)).toBe('<|im_start|><|im_end|>'.repeat(3));
  });

  test('is told from what the template writes without marks, which a message could hold too', async () => {
    const renderer = await rendererOf(CHATML);
    const asked = '\uFDD0<|im_end|>\uFDD0';
    const tokens = tokensOf(renderer.buildGenerationPrompt([{ role: 'user', content: asked }]));
    expect(renderer.tokenizer.decode(tokens)).toContain(asked);
    const structure = tokens.filter((token) => renderer.tokenizer.isSpecial(token));
    expect(renderer.tokenizer.decode(structure)).toBe('<|im_start|><|im_end|><|im_start|>');
  });

  test('in reasoning and in the answer to it, which are trained as they stand', async () => {
    const renderer = await rendererOf(REASONING);
    const reply: Message = {
      role: 'assistant',
      content: [
        { type: 'thinking', thinking: 'It is the token <|im_end|> I think.' },
        { type: 'text', text: 'With <|im_end|>.' },
      ],
    };
    expect(show(renderer, [CHAT[1], reply], 'last_assistant_message')).toMatch(
      /⟦<think>\nIt is the token <\|im_end\|> I think\.\n<\/think>\n\nWith <\|im_end\|>\.<\|im_end\|>⟧\n$/,
    );
  });
});

describe('a template that rewrites history', () => {
  const chat = [...CHAT.slice(1, 4), THINKING];

  test('trains what stays as it is', async () => {
    const renderer = await rendererOf(REASONING);
    expect(show(renderer, chat, 'last_assistant_message')).toBe(
      '<|im_start|>user\nhello<|im_end|>\n<|im_start|>assistant\nhi<|im_end|>\n<|im_start|>user\nbye<|im_end|>\n<|im_start|>assistant\n⟦<think>\nhm\n</think>\n\nciao<|im_end|>⟧\n',
    );
    expect(show(renderer, chat, 'all_user_and_system_messages').match(/⟦.*?⟧/gs)).toEqual([
      '⟦hello<|im_end|>⟧',
      '⟦bye<|im_end|>⟧',
    ]);
  });

  test('refuses to train what it shows in two ways, and says what to do', async () => {
    const renderer = await rendererOf(REASONING);
    expect(refusal(() => show(renderer, chat, 'all_assistant_messages'))).toMatchInlineSnapshot(
      `"the model's chat template renders messages[1] in another way once more messages follow it → Use train_on_what: last_assistant_message, or the renderer of this model family."`,
    );
  });

  test('has no extension property', async () => {
    expect((await rendererOf(REASONING)).hasExtensionProperty).toBe(false);
  });

  test('a prompt that the reply does not continue is told from it', async () => {
    const renderer = await rendererOf(CHATML.replace('assistant\\n', 'assistant\\nSure: '));
    expect(refusal(() => show(renderer, CHAT.slice(1, 3), 'last_assistant_message'))).toBe(
      "the model's chat template renders messages[1] as no continuation of its own prompt → Use the renderer of this model family, or role_colon.",
    );
    expect(renderer.hasExtensionProperty).toBe(false);
  });

  test('names the mode that works where the last reply would do', async () => {
    const renderer = await rendererOf(CHATML.replace('assistant\\n', 'assistant\\n<think>\\n'));
    expect(refusal(() => show(renderer, CHAT.slice(1), 'all_assistant_messages'))).toBe(
      "the model's chat template renders messages[1] as no continuation of its own prompt → Use train_on_what: last_assistant_message, or the renderer of this model family.",
    );
  });
});

describe('reasoning', () => {
  test('is read back, with the opening tag or after a prompt that wrote it', async () => {
    const renderer = await rendererOf(REASONING);
    const reply = renderer.tokenizer.encode('<think>\nhm\n</think>\n\nciao<|im_end|>');
    expect(renderer.parseResponse(reply).message).toEqual(THINKING);

    const opened = await rendererOf(
      REASONING.replace("'<|im_start|>assistant\\n'", "'<|im_start|>assistant\\n<think>\\n'"),
    );
    const rest = opened.tokenizer.encode('hm\n</think>\n\nciao<|im_end|>');
    expect(opened.parseResponse(rest).message).toEqual(THINKING);
    expect(show(opened, [CHAT[1], THINKING], 'last_assistant_message')).toBe(
      '<|im_start|>user\nhello<|im_end|>\n<|im_start|>assistant\n<think>\n⟦hm\n</think>\n\nciao<|im_end|>⟧\n',
    );
  });

  test('that the template writes for a reply without any is not part of the reply', async () => {
    const renderer = await rendererOf(REASONING);
    const reply = renderer.tokenizer.encode('<think>\n\n</think>\n\nciao<|im_end|>');
    expect(renderer.parseResponse(reply).message).toEqual({ role: 'assistant', content: 'ciao' });
  });

  test('stands in the text where a template has no place of its own for it', async () => {
    expect(show(await rendererOf(CHATML), [CHAT[1], THINKING], 'last_assistant_message')).toBe(
      '<|im_start|>user\nhello<|im_end|>\n<|im_start|>assistant\n⟦<think>\nhm\n</think>\n\nciao<|im_end|>⟧\n',
    );
  });

  test('must not get lost in what is trained', async () => {
    const forgetful = await rendererOf(CHATML.replace('message.content', "message.content.split('</think>')[-1]"));
    expect(refusal(() => show(forgetful, [CHAT[1], THINKING], 'last_assistant_message'))).toMatch(
      /leaves the reasoning of messages\[1\] out/,
    );
    expect(forgetful.hasExtensionProperty).toBe(false);
  });
});

describe('tools', () => {
  const TOOL = { name: 'look', description: 'Looks.', parameters: { type: 'object' } };

  test('calls and their results are rendered, and calls are trained', async () => {
    const renderer = await rendererOf(REASONING);
    expect(show(renderer, CALLING, 'last_assistant_turn')).toMatchInlineSnapshot(`
      "<|im_start|>user
      hello<|im_end|>
      <|im_start|>assistant
      ⟦<think>

      </think>

      I look.
      <tool_call>
      {"name": "look", "arguments": {"at": "sea"}}
      </tool_call><|im_end|>⟧
      <|im_start|>tool
      blue<|im_end|>
      <|im_start|>assistant
      ⟦<think>

      </think>

      Blue.<|im_end|>⟧
      "
    `);
    expect(show(renderer, CALLING, 'all_messages').match(/⟦/g)).toHaveLength(4);
  });

  test('calls are read back', async () => {
    const renderer = await rendererOf(REASONING);
    const reply = 'I look.\n<tool_call>\n{"name": "look", "arguments": {"at": "sea"}}\n</tool_call><|im_end|>';
    expect(renderer.parseResponse(renderer.tokenizer.encode(reply)).message).toEqual({
      role: 'assistant',
      content: [{ type: 'text', text: 'I look.' }],
      tool_calls: [{ type: 'function', id: null, function: { name: 'look', arguments: '{"at": "sea"}' } }],
    });
  });

  test('a call that could not be read stays in the history as it was written', async () => {
    const renderer = await rendererOf(REASONING);
    const { message } = renderer.parseResponse(
      renderer.tokenizer.encode('I look.<tool_call>{bad}</tool_call><|im_end|>'),
    );
    expect(prompt(renderer, [CHAT[1], message, CHAT[3]])).toContain('I look.<tool_call>{bad}</tool_call><|im_end|>');
  });

  test('declarations reach the template, before the system prompt', async () => {
    const renderer = await rendererOf(REASONING);
    const prefix = renderer.createConversationPrefixWithTools([TOOL], 'Be brief.');
    const declared =
      '<|im_start|>tools[{"type": "function", "function": {"name": "look", "description": "Looks.", "parameters": {"type": "object"}}}]<|im_end|>';
    expect(prompt(renderer, [...prefix, CHAT[1]])).toBe(
      `${declared}<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nhello<|im_end|>\n<|im_start|>assistant\n`,
    );
    expect(show(renderer, [...prefix, CHAT[1]], 'all_messages')).toBe(
      `${declared}<|im_start|>system\n⟦Be brief.<|im_end|>⟧\n<|im_start|>user\n⟦hello<|im_end|>⟧\n`,
    );
  });

  test('are refused where the template has no place for them', async () => {
    const renderer = await rendererOf(CHATML);
    expect(refusal(() => renderer.createConversationPrefixWithTools([TOOL]))).toBe(
      "the model's chat template has no tools",
    );
    expect(refusal(() => prompt(renderer, CALLING))).toBe("the model's chat template has no tool calls");
  });

  test.each([
    ['{bad', /^the arguments of the call of look are not valid JSON: /],
    ['[1]', /^the arguments of the call of look must be a JSON object$/],
  ])('arguments %s are refused', async (args, message) => {
    const renderer = await rendererOf(REASONING);
    const call = { type: 'function' as const, id: null, function: { name: 'look', arguments: args } };
    expect(refusal(() => prompt(renderer, [{ role: 'assistant', content: '', tool_calls: [call] }]))).toMatch(message);
  });
});

describe('templates with rules', () => {
  const llama2 = () => rendererOf(ALTERNATING, { bos_token: '<|bos|>', eos_token: '<|endoftext|>' });

  test('their refusals reach the user', async () => {
    const renderer = await llama2();
    expect(refusal(() => prompt(renderer, CHAT))).toBe(
      "the model's chat template refuses the conversation: roles must alternate user/assistant",
    );
  });

  test('white space that they put around a reply is trained, and taken off again', async () => {
    const renderer = await llama2();
    expect(show(renderer, CHAT.slice(1), 'all_assistant_messages')).toBe(
      '<|bos|>[INST] hello [/INST]⟦ hi <|endoftext|>⟧[INST] bye [/INST]⟦ ciao <|endoftext|>⟧',
    );
    const reply = renderer.tokenizer.encode(' ciao <|endoftext|>');
    expect(renderer.parseResponse(reply).message.content).toBe('ciao');
    expect(renderer.hasExtensionProperty).toBe(true);
  });

  test('a template that writes the prompt unasked is cut back', async () => {
    const eager = await rendererOf(CHATML.replace('add_generation_prompt', 'true'));
    const polite = await rendererOf(CHATML);
    for (const mode of ['last_assistant_message', 'all_assistant_messages'] as const)
      expect(show(eager, CHAT, mode).trimEnd()).toBe(show(polite, CHAT, mode).trimEnd());
  });

  test('a template that leaves out a role that is to be trained is refused', async () => {
    const renderer = await rendererOf(
      CHATML.replace('message.content', "(message.content if message.role != 'tool' else '')"),
    );
    const messages: Message[] = [CHAT[1], { role: 'tool', content: 'blue' }, CHAT[2]];
    expect(refusal(() => show(renderer, messages, 'all_messages'))).toBe(
      'the model\'s chat template does not show messages of role "tool"',
    );
  });
});

describe('today', () => {
  const DATED = `{{ strftime_now('%A %d %B %Y, %d-%b-%y') if strftime_now is defined else 'no date' }}${CHATML}`;

  test('is what the spec says, or undefined, and never what the clock says', async () => {
    const short = DATED.replace(', %d-%b-%y', ' %H:%M');
    expect(prompt(await rendererOf(short, {}, '2025-01-31'), [])).toMatch(/^Friday 31 January 2025 00:00</);
    expect(prompt(await rendererOf(short), [])).toMatch(/^no date</);
  });

  test('that a template cannot do without is asked for', async () => {
    await expect(rendererOf(`{{ strftime_now('%Y') }}${CHATML}`)).rejects.toMatchObject({
      hint: 'If it asks for the date, set it in the renderer: {builder: chat_template, current_date: 2025-01-31}.',
    });
    await expect(rendererOf(DATED, {}, '2025-01-31')).rejects.toThrow('it formats the date with %y');
  });
});

describe('models that cannot be rendered', () => {
  test.each([
    ['no Jinja', '{% if %}', /is no Jinja that can be read/],
    ['no replies', `{{ 'nothing' }}`, /does not show what the assistant says/],
    [
      'nothing that ends a reply',
      '{% for m in messages %}{{ m.content }}\n{% endfor %}',
      /nothing ends an assistant message/,
    ],
  ])('%s', async (_, template, message) => {
    await expect(rendererOf(template, { eos_token: null })).rejects.toThrow(message);
  });

  test('no template at all', async () => {
    const tokenizer = await tinyTokenizer({ chat_template: null });
    expect(() => chatTemplateRenderer(tokenizer, { currentDate: null })).toThrow(ConfigurationError);
  });
});

describe('what a message says is in what is trained', () => {
  const CALL: Message[] = [
    { role: 'user', content: 'weather?' },
    {
      role: 'assistant',
      content: '',
      tool_calls: [
        { type: 'function', id: 'c1', function: { name: 'get', arguments: '{"city":  "Oslo", "at": 1.0}' } },
      ],
    },
  ];
  const calls = (shown: string, condition = 'm.tool_calls') =>
    CHATML.replace('message.content', `(message.content or '') + say(message)`).replace(
      '{%- for',
      `{%- macro say(m) -%}{%- if ${condition} -%}{%- for c in m.tool_calls -%}<call>{{ c.function.name }} ${shown}</call>{%- endfor -%}{%- endif -%}{%- endmacro -%}{%- for`,
    );

  test.each([
    [
      'as text, where the template joins them to text',
      "{{ '' + c.function.arguments }}",
      '{"city":  "Oslo", "at": 1.0}',
    ],
    ['as an object, where it writes JSON itself', '{{ c.function.arguments | tojson }}', '{"city": "Oslo", "at": 1.0}'],
    [
      'as an object, where it goes through them',
      '{% for k, v in c.function.arguments | items %}{{ k }}={{ v }};{% endfor %}',
      'city=Oslo;at=1.0;',
    ],
    [
      'as text, where it takes both',
      '{{ c.function.arguments if c.function.arguments is string else "" }}',
      '{"city":  "Oslo", "at": 1.0}',
    ],
  ])('arguments of calls, %s', async (_, shown, expected) => {
    expect(show(await rendererOf(calls(shown)), CALL, 'last_assistant_message')).toContain(
      `⟦<call>get ${expected}</call><|im_end|>⟧`,
    );
  });

  test('calls of a message without content, where a template looks for them in no other', async () => {
    const picky = calls('{{ c.function.arguments | tojson }}', 'm.content is none');
    expect(show(await rendererOf(picky), CALL, 'last_assistant_message')).toContain('⟦<call>get {"city"');
  });

  test('or it is an error', async () => {
    const lossy = await rendererOf(CHATML.replace('message.content', "message.content.split('|')[-1]"));
    const says = (content: string): Message[] => [CHAT[1], { role: 'assistant', content }];
    expect(refusal(() => show(lossy, says('lost|kept'), 'last_assistant_message'))).toMatchInlineSnapshot(
      `"the model's chat template leaves out a part of messages[1].content → What it leaves out would not be learnt: change the data, or use the renderer of this model family."`,
    );
    const silent = await rendererOf(calls('', 'false'));
    expect(refusal(() => show(silent, CALL, 'last_assistant_message'))).toMatch(
      /leaves out messages\[1\]\.tool_calls\[0\]\.name/,
    );
  });

  test('what is lost of messages that are not trained is told', async () => {
    const renderer = await rendererOf(REASONING);
    const example = renderer.buildSupervisedExample([CHAT[1], THINKING, ...CHAT.slice(3)], 'last_assistant_message');
    expect(example.omitted).toEqual(['messages[1].reasoning']);
  });

  test('a role that the template does not show must not vanish from a prompt either', async () => {
    const renderer = await rendererOf(
      CHATML.replace('for message in messages', "for message in messages if message.role != 'system'"),
    );
    expect(refusal(() => prompt(renderer, CHAT.slice(0, 2)))).toBe(
      'the model\'s chat template does not show messages of role "system"',
    );
  });

  test('content goes in parts to templates that want them', async () => {
    const parts = await rendererOf(
      CHATML.replace(
        'message.content',
        "(message.content | selectattr('type', 'equalto', 'text') | map(attribute='text') | join)",
      ),
    );
    expect(show(parts, CHAT.slice(1, 3), 'last_assistant_message')).toContain('assistant\n⟦hi<|im_end|>⟧');
  });
});

describe('the end of a reply', () => {
  test('is trained, or the template is refused for training', async () => {
    const endless = await rendererOf(
      "{%- for m in messages -%}{{ '### ' + m.role + '\\n' + m.content + '\\n\\n' }}{%- endfor -%}{%- if add_generation_prompt -%}{{ '### assistant\\n' }}{%- endif -%}",
    );
    for (const mode of ['last_assistant_message', 'all_tokens'] as const) {
      expect(refusal(() => show(endless, CHAT.slice(1, 3), mode))).toBe(
        "the model's chat template writes nothing at the end of messages[1] that ends a reply → Let the template write eos_token there, or use renderer: role_colon: a model that is trained on this would never stop.",
      );
    }
    expect(prompt(endless, CHAT.slice(1, 2))).toBe('### user\nhello\n\n### assistant\n');
  });

  test('is any id at which sampling ends', async () => {
    const directory = await tinyTokenizerDirectory({ eos_token: '<|im_end|>', chat_template: CHATML });
    const { added_tokens } = tinyTokenizerJson();
    const [endOfText, , end] = added_tokens;
    await writeFile(
      join(directory, 'generation_config.json'),
      JSON.stringify({ eos_token_id: [endOfText.id, end.id] }),
    );
    const renderer = chatTemplateRenderer(await loadTokenizer(directory), { currentDate: null });
    expect(renderer.getStopSequences()).toEqual([end.id, endOfText.id]);
    const reply = renderer.tokenizer.encode('hi<|endoftext|>');
    expect(renderer.parseResponse(reply)).toEqual({
      message: { role: 'assistant', content: 'hi' },
      termination: 'eos',
    });
  });
});

test('a template with CRLF renders as with LF', async () => {
  const template =
    '{%- for m in messages %}\n<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}\n{%- if add_generation_prompt %}\n<|im_start|>assistant\n{% endif %}\n';
  const [lf, crlf] = [await rendererOf(template), await rendererOf(template.replaceAll('\n', '\r\n'))];
  expect(show(crlf, CHAT, 'all_assistant_messages')).toBe(show(lf, CHAT, 'all_assistant_messages'));
});

describe('a prompt that opens the reasoning, of a template that takes it out of every reply', () => {
  const OPENS = CHATML.replace('assistant\\n', 'assistant\\n<think>\\n').replace(
    'message.content',
    "message.content.split('</think>')[-1]",
  );
  test.each([
    ['with reasoning', THINKING, 'hm\n</think>\n\nciao'],
    [
      'with reasoning in its text',
      { role: 'assistant', content: '<think>\nhm\n</think>\n\nciao' },
      'hm\n</think>\n\nciao',
    ],
    ['without any', CHAT[4], '\n</think>\n\nciao'],
  ])('trains a last reply %s as the model writes it', async (_, reply, trained) => {
    expect(show(await rendererOf(OPENS), [CHAT[1], reply], 'last_assistant_message')).toBe(
      `<|im_start|>user\nhello<|im_end|>\n<|im_start|>assistant\n<think>\n⟦${trained}<|im_end|>⟧\n`,
    );
  });
});

test('an example is its prompt and then the trained reply, whatever is said', async () => {
  const renderer = await rendererOf(CHATML);
  const message = fc.record({ role: fc.constantFrom('system', 'user', 'assistant'), content: fc.string() });
  const modes = TRAIN_ON_WHAT.filter((mode) => mode !== 'customized');
  fc.assert(
    fc.property(
      fc.array(message, { maxLength: 5 }),
      fc.string(),
      fc.constantFrom(...modes),
      (messages, reply, mode) => {
        const whole: Message[] = [...messages, { role: 'assistant', content: reply }];
        const { model_input, weights } = renderer.buildSupervisedExample(whole, mode);
        expect(weights).toHaveLength(tokensOf(model_input).length);

        const last = renderer.buildSupervisedExample(whole, 'last_assistant_message');
        const split = last.weights.indexOf(1);
        const tokens = tokensOf(last.model_input);
        expect(tokens.slice(0, split)).toEqual(tokensOf(renderer.buildGenerationPrompt(messages)));
        const said = tokens.slice(split, last.weights.lastIndexOf(1) + 1);
        expect(renderer.parseResponse(said)).toEqual({ message: whole.at(-1), termination: 'stop_sequence' });
      },
    ),
  );
});

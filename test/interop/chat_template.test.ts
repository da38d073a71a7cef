// Rendered conversations, token by token, against transformers' apply_chat_template.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { chatTemplateRenderer } from '../../src/renderers/chat_template.ts';
import type { Message, ToolSpec } from '../../src/renderers/types.ts';
import { tokensOf } from '../../src/tinker/types.ts';
import { loadTokenizer } from '../../src/tokenizers/hf_tokenizer.ts';
import { CHATML, tinyTokenizerDirectory } from '../support/tiny_tokenizer.ts';
import { test } from './fixtures.ts';

const CONVERSATIONS = join(import.meta.dirname, '../../example_data/conversations.jsonl');

/** A header a message, trimmed content, a token that begins the text; written with indented blocks on lines of their own. */
const HEADERS = `{{ bos_token }}
{%- if messages[0]['role'] == 'system' %}
    {%- set system = messages[0]['content'] | trim %}
    {%- set messages = messages[1:] %}
{%- else %}
    {%- set system = 'Be kind.' %}
{%- endif %}
{{- '<|im_start|>system\\n\\n' ~ system ~ '<|im_end|>' }}
{% for message in messages %}
    {% if message.role not in ['user', 'assistant'] %}
        {{ raise_exception('unknown role ' + message.role) }}
    {% endif %}
    {{- '<|im_start|>' + message['role'] + '\\n\\n' + message['content'] | trim + '<|im_end|>' }}
    {%- if loop.last and message.role == 'assistant' %}{{ eos_token }}{% endif %}
{% endfor %}
{%- if add_generation_prompt %}{{ '<|im_start|>assistant\\n\\n' }}{% endif %}`;

/** Tools as JSON, one a line, through a macro and a namespace. */
const TOOLS = `{%- macro declare(tool) -%}
{{ tool | tojson }}
{% endmacro -%}
{%- set ns = namespace(count=0) -%}
{%- if tools -%}
<|im_start|>tools
{% for tool in tools %}{% set ns.count = ns.count + 1 %}{{ ns.count }}: {{ declare(tool) }}{% endfor %}<|im_end|>
{% endif -%}
{%- for message in messages -%}
<|im_start|>{{ message.role }}
{{ message.content }}<|im_end|>
{% endfor -%}
{%- if add_generation_prompt -%}<|im_start|>assistant
{% endif -%}`;

/** What Python and JavaScript would each print in a way of their own. */
const PRINTED = `{%- for m in messages -%}
<|im_start|>{{ m.role }}
{{ m.content.strip('\\n').lstrip(' .') ~ '|' ~ m.content|trim|length ~ '|' ~ [m.content, none, true, 1.0] ~ '|' ~ -7 % 3 }}
{{ m.content.split()|tojson }}{{ m.missing }}{{ m.missing|length }}{{ m.content|title }}{{ m.content[:3] ~ m.content[-2:] }}
{%- if [1, 2] == [1, 2] and m.content|lower != m.content|upper %}{{ m.content|indent(2) }}{% endif %}<|im_end|>
{% endfor %}
{%- if add_generation_prompt %}<|im_start|>assistant
{% endif %}`;

/** Tool calls and reasoning, with a loop over arguments, blocks that are set, macros with defaults and loop controls. */
const AGENT = `{%- macro written(name, values, indent=none) -%}
<call name="{{ name }}">{% for key, value in values|items %}{{ key }}: {{ value if value is string else value|tojson(indent=indent) }}
{% endfor %}</call>
{%- endmacro -%}
{%- set ns = namespace(last=-1) -%}
{%- for m in messages -%}{%- if m.role == 'user' -%}{%- set ns.last = loop.index0 -%}{%- endif -%}{%- endfor -%}
{%- for m in messages %}
    {%- if m.role == 'system' and not loop.first %}{% continue %}{% endif %}
    {%- set body %}{{ m.content or '' }}{% endset %}
    {{- '<|im_start|>' + m.role + '\n' }}
    {%- if m.reasoning_content is defined and loop.index0 > ns.last %}{{ '<think>\n' ~ m.reasoning_content ~ '\n</think>\n\n' }}{% endif %}
    {{- body }}
    {%- for call in m.tool_calls or [] %}{{ written(call.function.name, call.function.arguments, 2 if loop.first else none) }}{% endfor %}
    {{- '<|im_end|>\n' }}
{%- endfor %}
{%- if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}`;

const TEMPLATES = [
  { name: 'ChatML', chat_template: CHATML, count: 100 },
  { name: 'headers and trimmed content', chat_template: HEADERS, count: 100 },
  { name: 'tools', chat_template: TOOLS, count: 100 },
  { name: 'what is printed', chat_template: PRINTED, count: 20 },
  { name: 'reasoning and tools', chat_template: AGENT, count: 20 },
  { name: 'lines that end in CRLF', chat_template: HEADERS.replaceAll('\n', '\r\n'), count: 20 },
];

const ODD = [
  [{ role: 'user', content: '' }],
  [{ role: 'user', content: '  spaces around  \n' }],
  [
    { role: 'system', content: 'Unicode: é 日本 👍 \u2028' },
    { role: 'user', content: '{{ not_a_template }} {% raw %}' },
  ],
  [{ role: 'user', content: '\ufeff\u0085 it\'s "quoted"\n\n   indented\u001c\n' }],
  [{ role: 'user', content: '..  . İstanbul ǆ ﬁ ß 😀😀\t\\ \u200b' }],
];

interface Conversation {
  role: string;
  content: string;
}

async function conversations(count: number): Promise<Conversation[][]> {
  const lines = (await readFile(CONVERSATIONS, 'utf8')).trimEnd().split('\n').slice(0, count);
  return lines.map((line): Conversation[] => JSON.parse(line).messages);
}

async function modelWith(chat_template: string): Promise<string> {
  const tokens = { bos_token: '<|bos|>', eos_token: '<|im_end|>', pad_token: '<|pad|>' };
  return await tinyTokenizerDirectory({ tokenizer_class: 'PreTrainedTokenizerFast', ...tokens, chat_template });
}

describe.for(TEMPLATES)('$name', ({ chat_template, count }) => {
  test('prompts', async ({ reference }) => {
    const model = await modelWith(chat_template);
    const renderer = chatTemplateRenderer(await loadTokenizer(model), { currentDate: null });
    const prompts = [...(await conversations(count)).map((messages) => messages.slice(0, -1)), ...ODD];
    const expected = await reference.applyChatTemplate({ model, conversations: prompts, add_generation_prompt: true });
    expect(prompts.map((messages) => tokensOf(renderer.buildGenerationPrompt(messages)))).toEqual(expected);
  });

  test('training examples', async ({ reference }) => {
    const model = await modelWith(chat_template);
    const renderer = chatTemplateRenderer(await loadTokenizer(model), { currentDate: null });
    const chats = await conversations(count);
    const expected = await reference.applyChatTemplate({ model, conversations: chats, add_generation_prompt: false });
    for (const train_on_what of ['all_tokens', 'last_assistant_message'] as const) {
      const examples = chats.map((messages) => renderer.buildSupervisedExample(messages, train_on_what));
      expect(examples.map(({ model_input }) => tokensOf(model_input))).toEqual(expected);
    }
  });
});

test('declarations of tools', async ({ reference }) => {
  const model = await modelWith(TOOLS);
  const renderer = chatTemplateRenderer(await loadTokenizer(model), { currentDate: null });
  const tools: ToolSpec[] = [
    {
      name: 'look_up',
      description: 'Finds "it" – <quickly> & \'well\', é.',
      parameters: { type: 'object', properties: { n: { type: 'number', minimum: 0.5 }, empty: {}, list: [] } },
    },
    { name: 'stop', description: '', parameters: {} },
  ];
  const messages = [{ role: 'user', content: 'hello' }];
  const prefix = renderer.createConversationPrefixWithTools(tools, 'Be brief.');
  const [expected] = await reference.applyChatTemplate({
    model,
    conversations: [[{ role: 'system', content: 'Be brief.' }, ...messages]],
    add_generation_prompt: true,
    tools: tools.map((tool) => ({ type: 'function', function: { ...tool } })),
  });
  const prompt = tokensOf(renderer.buildGenerationPrompt([...prefix, ...messages]));
  expect(renderer.tokenizer.decode(prompt)).toBe(renderer.tokenizer.decode(expected));
  expect(prompt).toEqual(expected);
});

test('tool calls and reasoning', async ({ reference }) => {
  const model = await modelWith(AGENT);
  const renderer = chatTemplateRenderer(await loadTokenizer(model), { currentDate: null });
  const given = '{"city": "Oslo", "at": 1.0, "deep": {"a": [true, null, "x\\"y"]}, "large": 12345678901234567890}';
  const call = (args: string | object) => ({ type: 'function', id: 'c1', function: { name: 'get', arguments: args } });
  const answer = { role: 'assistant', content: 'It is 4.' };
  const asked = { role: 'user', content: 'weather?' };
  const expected = await reference.applyChatTemplate({
    model,
    // Python reads the arguments of the line itself: JavaScript's numbers hold neither 1.0 nor so large an integer.
    conversations: [
      [asked, { ...answer, reasoning_content: ' sum ' }],
      [
        asked,
        { role: 'assistant', content: null, tool_calls: [call({ json: given })] },
        { role: 'tool', content: '4' },
        answer,
      ],
    ],
    add_generation_prompt: false,
  });
  const thought: Message = {
    role: 'assistant',
    content: [
      { type: 'thinking', thinking: ' sum ' },
      { type: 'text', text: 'It is 4.' },
    ],
  };
  const called: Message = {
    role: 'assistant',
    content: '',
    tool_calls: [{ type: 'function', id: 'c1', function: { name: 'get', arguments: given } }],
  };
  const conversations: Message[][] = [
    [asked, thought],
    [asked, called, { role: 'tool', content: '4' }, answer],
  ];
  const examples = conversations.map((messages) => renderer.buildSupervisedExample(messages, 'last_assistant_message'));
  expect(examples.map(({ model_input }) => renderer.tokenizer.decode(tokensOf(model_input)))).toEqual(
    expected.map((ids) => renderer.tokenizer.decode(ids)),
  );
});

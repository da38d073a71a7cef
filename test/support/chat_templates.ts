// Chat templates of the kinds that models come with, conversations for them, and what they make of these as text.

import { chatTemplateRenderer } from '../../src/renderers/chat_template.ts';
import type { Message, Renderer, TrainOnWhat } from '../../src/renderers/types.ts';
import { RendererError } from '../../src/util/errors.ts';
import { showExample, showPrompt } from './show_example.ts';
import { tinyTokenizer } from './tiny_tokenizer.ts';

export async function rendererOf(chat_template: string, config: object = {}, currentDate: string | null = null) {
  return chatTemplateRenderer(await tinyTokenizer({ chat_template, ...config }), { currentDate });
}

export const show = (renderer: Renderer, messages: Message[], trainOnWhat: TrainOnWhat) =>
  showExample(renderer.buildSupervisedExample(messages, trainOnWhat), renderer.tokenizer);
export const prompt = (renderer: Renderer, messages: Message[]) =>
  showPrompt(renderer.buildGenerationPrompt(messages), renderer.tokenizer);
export const refusal = (act: () => unknown): string => {
  try {
    act();
  } catch (error) {
    if (error instanceof RendererError) return `${error.message}${error.hint === undefined ? '' : ` → ${error.hint}`}`;
    throw error;
  }
  return 'accepted';
};

export const CHAT: Message[] = [
  { role: 'system', content: 'Be brief.' },
  { role: 'user', content: 'hello' },
  { role: 'assistant', content: 'hi' },
  { role: 'user', content: 'bye' },
  { role: 'assistant', content: 'ciao' },
];
export const THINKING: Message = {
  role: 'assistant',
  content: [
    { type: 'thinking', thinking: 'hm' },
    { type: 'text', text: 'ciao' },
  ],
};
export const CALLING: Message[] = [
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
export const REASONING = `{%- if tools -%}<|im_start|>tools{{ tools | tojson }}<|im_end|>{%- endif -%}
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
export const ALTERNATING = `{{ bos_token }}{%- for m in messages -%}
{%- if (m.role == 'user') != (loop.index0 % 2 == 0) -%}{{ raise_exception('roles must alternate user/assistant') }}{%- endif -%}
{%- if m.role == 'user' -%}{{ '[INST] ' + m.content | trim + ' [/INST]' }}{%- else -%}{{ ' ' + m.content | trim + ' ' + eos_token }}{%- endif -%}
{%- endfor -%}`;

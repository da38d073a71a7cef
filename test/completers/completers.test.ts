// Completers over the model that ships, and a conversation with tools through the template of a model that has them.

import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { tinkerMessageCompleter, tinkerTokenCompleter } from '../../src/completers/completers.ts';
import { openLocalService } from '../../src/engine/engine.ts';
import type { LocalServiceClient } from '../../src/engine/service.ts';
import { chatTemplateRenderer } from '../../src/renderers/chat_template.ts';
import type { Message, Renderer } from '../../src/renderers/types.ts';
import type { SampleOptions, SamplingClient } from '../../src/tinker/clients.ts';
import { lengthOf, type ModelInput, tokensOf } from '../../src/tinker/types.ts';
import { loadTokenizer } from '../../src/tokenizers/hf_tokenizer.ts';
import { RequestError } from '../../src/util/errors.ts';
import { workspace } from '../spec/workspace.ts';
import { tinyTokenizer } from '../support/tiny_tokenizer.ts';

const TINY = join(import.meta.dirname, '../../example_data/models/tiny');
const QUESTION: Message[] = [{ role: 'user', content: 'What is 12 + 7?' }];

let service: LocalServiceClient;
let client: SamplingClient;
let renderer: Renderer;

beforeAll(async () => {
  service = openLocalService({ checkpoints: await workspace({}), threads: 1, microbatchTokens: 64, seed: 0 });
  client = await service.createSamplingClient({ base_model: TINY });
  renderer = chatTemplateRenderer(await loadTokenizer(TINY), { currentDate: null });
});

afterAll(() => service.close());

describe('tokens', () => {
  const complete = (maxTokens: number, contextWindow: number | null = null, seed = 1) =>
    tinkerTokenCompleter(client, { maxTokens, contextWindow }).complete(
      renderer.buildGenerationPrompt(QUESTION),
      renderer.getStopSequences(),
      { seed },
    );

  test('are the same for the same seed, each with its log-prob', async () => {
    const first = await complete(12);
    expect(await complete(12)).toEqual(first);
    expect(first.logprobs).toHaveLength(first.tokens.length);
  });

  test('are as many as the context has room for', async () => {
    const prompt = lengthOf(renderer.buildGenerationPrompt(QUESTION));
    expect((await complete(12, prompt + 2)).tokens.length).toBeLessThanOrEqual(2);
    await expect(complete(12, prompt)).rejects.toThrow(
      new RequestError(
        `the prompt fills the whole context of the model, ${prompt} tokens of ${prompt}: there is no room to sample`,
        { hint: 'Shorten it: all that was said before counts too.' },
      ),
    );
  });
});

describe('messages', () => {
  test('are the replies of the model', async () => {
    const completer = tinkerMessageCompleter(client, renderer, { maxTokens: 40, temperature: 0 });
    const { message, termination, stop_reason } = await completer.complete(QUESTION);
    expect({ role: message.role, termination, stop_reason }).toEqual({
      role: 'assistant',
      termination: 'stop_sequence',
      stop_reason: 'stop',
    });
  });

  test('that are cut say so', async () => {
    const completer = tinkerMessageCompleter(client, renderer, { maxTokens: 1, temperature: 0 });
    expect(await completer.complete(QUESTION)).toMatchObject({ termination: 'malformed', stop_reason: 'length' });
  });

  test('are given up when the signal says so', async () => {
    const completer = tinkerMessageCompleter(client, renderer, { maxTokens: 40 });
    const given = completer.complete(QUESTION, { signal: AbortSignal.abort(new Error('enough')) });
    await expect(given).rejects.toThrow('enough');
  });
});

describe('tools', () => {
  const TEMPLATE = `{%- if tools -%}{{ '<|im_start|>system\\n' }}{%- if messages[0].role == 'system' -%}{{ messages[0].content + '\\n' }}{%- endif -%}
{{ 'tools: ' + (tools | tojson) + '<|im_end|>\\n' }}{%- endif -%}
{%- for message in messages if not (tools and message.role == 'system') -%}
{{ '<|im_start|>' + message.role + '\\n' + (message.content or '') }}
{%- for call in message.tool_calls or [] -%}
{{ '<tool_call>\\n{"name": "' + call.function.name + '", "arguments": ' + (call.function.arguments | tojson) + '}\\n</tool_call>' }}
{%- endfor -%}{{ '<|im_end|>\\n' }}
{%- endfor -%}
{%- if add_generation_prompt -%}{{ '<|im_start|>assistant\\n' }}{%- endif -%}`;

  /** A client that says what it is told to, and keeps what it was asked. */
  function saying(replies: string[], encode: (text: string) => number[]) {
    const asked: { prompt: ModelInput; options: SampleOptions | undefined }[] = [];
    const unused = () => Promise.reject(new Error('nobody asks for it'));
    const told: SamplingClient = {
      async sample(prompt, _count, _params, options) {
        asked.push({ prompt, options });
        const tokens = encode(`${replies[asked.length - 1] ?? ''}<|im_end|>`);
        return { sequences: [{ tokens, logprobs: tokens.map(() => 0), stop_reason: 'stop' }] };
      },
      computeLogprobs: unused,
      getInfo: unused,
      close: unused,
    };
    return { told, asked };
  }

  test('are declared, called, and their results read', async () => {
    const tokenizer = await tinyTokenizer({ chat_template: TEMPLATE });
    const speaking = chatTemplateRenderer(tokenizer, { currentDate: null });
    const call = '<tool_call>\n{"name": "add", "arguments": {"a": 12}}\n</tool_call>';
    const broken = '<tool_call>\n{"name": add}\n</tool_call>';
    const { told, asked } = saying([call, broken, 'It is 19.'], (text) => tokenizer.encode(text));
    const tools = [{ name: 'add', description: 'Adds.', parameters: { type: 'object', properties: {} } }];
    const completer = tinkerMessageCompleter(told, speaking, { maxTokens: 40, tools });
    const messages: Message[] = [{ role: 'system', content: 'Be kind.' }, ...QUESTION];

    const { message } = await completer.complete(messages);
    expect(message.tool_calls).toMatchObject([{ function: { name: 'add', arguments: '{"a": 12}' } }]);
    messages.push(message, { role: 'tool', content: '19', name: 'add' });
    const second = await completer.complete(messages);
    expect(second.message.unparsed_tool_calls).toMatchObject([{ raw_text: broken }]);
    expect(second.termination).toBe('stop_sequence');

    const [first = '', next = ''] = asked.map(({ prompt }) => tokenizer.decode(tokensOf(prompt)));
    expect(first).toMatch(/^<\|im_start\|>system\nBe kind\.\ntools: \[\{.*"name": "add".*\}\]<\|im_end\|>/);
    expect(next).toContain(`${call}<|im_end|>\n<|im_start|>tool\n19<|im_end|>\n<|im_start|>assistant\n`);
  });

  test('are refused where the format has none', async () => {
    const { told } = saying([], () => []);
    const bare = chatTemplateRenderer(await tinyTokenizer(), { currentDate: null });
    const completer = tinkerMessageCompleter(told, bare, {
      maxTokens: 4,
      tools: [{ name: 'add', description: '', parameters: {} }],
    });
    await expect(completer.complete(QUESTION)).rejects.toThrow("the model's chat template has no tools");
  });
});

// /chat/completions: what a model says to a conversation, whole and in pieces, with the calls of tools and the reasoning in it.

import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import { tokensOf } from '../../src/tinker/types.ts';
import { loadTokenizer } from '../../src/tokenizers/hf_tokenizer.ts';
import type { JsonObject } from '../../src/util/json.ts';
import { type Script, scriptedService } from '../support/scripted_service.ts';
import { choicesOf, openServed, streamed } from '../support/served.ts';
import { CHATML, tinyTokenizerDirectory } from '../support/tiny_tokenizer.ts';

const USER = [{ role: 'user', content: 'What is 2 + 3?' }];
const { url, ask, failures } = await openServed({ until: afterAll });
const chat = async (body: object) => {
  const { status, body: answer } = await ask('chat/completions', { model: 'tiny', messages: USER, ...body });
  if (status !== 200) throw new Error(JSON.stringify(answer));
  return answer;
};

/** What the pieces of a choice join to. */
function joined(pieces: readonly JsonObject[], index = 0) {
  const mine = pieces.flatMap(choicesOf).filter((choice) => choice.index === index);
  const deltas = mine.map(({ delta }) => Object(delta));
  const text = (field: string) => deltas.map((delta) => delta[field] ?? '').join('');
  return {
    roles: deltas.flatMap(({ role }) => role ?? []),
    content: text('content'),
    reasoning_content: text('reasoning_content'),
    tool_calls: deltas.flatMap(({ tool_calls }) => tool_calls ?? []),
    finish_reason: mine.flatMap(({ finish_reason }) => finish_reason ?? []).join(),
  };
}

describe('/chat/completions', () => {
  it('answers a conversation, n times, and counts the tokens', async () => {
    const answer = await chat({ n: 2, temperature: 0, max_completion_tokens: 30 });
    const [first, second] = choicesOf(answer);
    expect(first).toMatchObject({ index: 0, finish_reason: 'stop', message: { role: 'assistant' }, logprobs: null });
    expect(second?.message).toEqual(first?.message);
    expect(answer.usage).toMatchObject({ prompt_tokens: 16 });
    const [other] = choicesOf(
      await chat({ messages: [{ role: 'developer', content: 'Be kind.' }, ...USER], temperature: 0 }),
    );
    expect(other).toMatchObject({ finish_reason: 'stop' });
  });

  it('streams pieces that join to the answer in one', async () => {
    const messages = [{ role: 'user', content: 'Tell me a story.' }];
    const body = { model: 'tiny', messages, seed: 11, n: 2, max_tokens: 40 };
    const whole = await chat(body);
    const pieces = await streamed(url, 'chat/completions', { ...body, stream_options: { include_usage: true } });
    for (const { index, message, finish_reason } of choicesOf(whole)) {
      const { content } = Object(message);
      expect(joined(pieces, Number(index))).toMatchObject({ roles: ['assistant'], content, finish_reason });
    }
    expect(pieces.at(-1)).toMatchObject({ choices: [], usage: whole.usage });
    expect(pieces.length).toBeGreaterThan(20);
  });

  it('ends before a stop string', async () => {
    const messages = [{ role: 'user', content: 'Tell me a story.' }];
    const body = { model: 'tiny', messages, temperature: 0, max_tokens: 40 };
    const whole = Object(choicesOf(await chat(body))[0]?.message).content;
    const stop = whole.slice(12, 16);
    const [choice] = choicesOf(await chat({ ...body, stop: [stop] }));
    expect(choice).toMatchObject({ message: { content: whole.slice(0, whole.indexOf(stop)) }, finish_reason: 'stop' });
  });

  it('tells log-probs of what it says, and of what it nearly said, in a stream too', async () => {
    const body = { model: 'tiny', messages: USER, temperature: 0, logprobs: true, top_logprobs: 3 };
    const [choice] = choicesOf(await chat(body));
    const { content } = Object(choice?.logprobs);
    for (const { token, logprob, bytes, top_logprobs } of content) {
      expect(new TextDecoder().decode(Uint8Array.from(bytes))).toBe(token);
      expect(top_logprobs).toHaveLength(3);
      expect(top_logprobs[0]).toEqual({ token, logprob, bytes });
    }
    const pieces = await streamed(url, 'chat/completions', body);
    const told = pieces.flatMap(choicesOf).flatMap(({ logprobs }) => Object(logprobs).content ?? []);
    expect(told).toEqual(content);
  });

  it('says what is wrong with a request, and with which parameter', async () => {
    const told = async (body: object) => {
      const { status, body: answer } = await ask('chat/completions', { model: 'tiny', messages: USER, ...body });
      const { message, param } = Object(answer.error);
      return [status, param, message].join(' | ');
    };
    expect([
      await told({ messages: [] }),
      await told({ messages: [{ role: 'person', content: 'Hi' }] }),
      await told({
        messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'https://x.example' } }] }],
      }),
      await told({ messages: [{ role: 'user', content: 'long '.repeat(600) }] }),
      await told({ response_format: { type: 'json_object' } }),
      await told({ tool_choice: 'required' }),
      await told({ tools: [{ name: 'f' }] }),
      await told({ tools: [{ type: 'function', function: { name: 'f' } }] }),
      await told({ top_logprobs: 2 }),
      await told({ reasoning_effort: 'high' }),
    ]).toMatchInlineSnapshot(`
      [
        "400 | messages | messages: is empty",
        "400 | messages | messages[0].role: unknown role "person"; it must be one of system, developer, user, assistant, tool",
        "400 | messages | messages[0].content[0]: must be {"type": "text", "text": …} or {"type": "thinking", "thinking": …}; its type is "image_url"",
        "400 | messages | This model's context is 512 tokens, and messages has 610: there is no room for an answer",
        "400 | response_format | response_format is not supported by this server: replies are free text; ask for the form in the prompt, and check what comes",
        "400 | tool_choice | tool_choice is not supported by this server: a model calls a tool or does not, which is "auto"; without tools it is "none"",
        "400 | tools | tools[0] must be {"type": "function", "function": {"name": …}}",
        "400 | tools | the model's chat template has no tools",
        "400 | top_logprobs | top_logprobs: needs logprobs: true",
        "400 | reasoning_effort | reasoning_effort is not supported by this server: a model reasons as it was trained to",
      ]
    `);
    expect(failures).toEqual([]);
  });
});

describe('tools and reasoning', () => {
  const TOOLS = [
    {
      type: 'function',
      function: { name: 'add', description: 'Adds.', parameters: { type: 'object', properties: {} } },
    },
  ];
  const DECLARED = `{%- if tools %}{{ '<|im_start|>tools\\n' + (tools | tojson) + '<|im_end|>\\n' }}{% endif -%}
{%- for message in messages -%}
{{ '<|im_start|>' + message.role + '\\n' + message.content }}
{%- for call in message.tool_calls or [] -%}{{ '<tool_call>' + (call.function | tojson) + '</tool_call>' }}{%- endfor -%}
{{ '<|im_end|>\\n' }}
{%- endfor -%}
{%- if add_generation_prompt -%}{{ '<|im_start|>assistant\\n' }}{%- endif -%}`;

  /** A model that gives this reply. */
  async function scripted(
    reply: string,
    {
      template = DECLARED,
      cut = false,
      like,
    }: { template?: string | null; cut?: boolean /** A model that is known. */; like?: string } = {},
  ) {
    const config = { eos_token: '<|im_end|>', chat_template: template };
    const directory = await tinyTokenizerDirectory(config, ['<think>', '</think>', '<tool_call>', '</tool_call>']);
    if (like !== undefined) await writeFile(join(directory, 'config.json'), JSON.stringify({ _name_or_path: like }));
    onTestFinished(() => rm(directory, { recursive: true }));
    const tokenizer = await loadTokenizer(directory);
    const script: Script = { tokens: tokenizer.encode(cut ? reply : `${reply}<|im_end|>`), asked: [] };
    const model = { name: 'scripted', aliases: [], source: directory, directory, max_context_length: 4096 };
    const server = await openServed({ besides: [model], service: scriptedService(script) });
    const asked = async (body: object) => {
      const request = { model: 'scripted', messages: USER, ...body };
      const { status, body: answer } = await server.ask('chat/completions', request);
      if (status !== 200) return { status, answer, message: {}, streamed: null, finish_reason: null };
      const [{ message, finish_reason }] = choicesOf(answer);
      const pieces = await streamed(server.url, 'chat/completions', request);
      return { status, answer, message: Object(message), finish_reason, streamed: joined(pieces) };
    };
    const promptOf = (request: number) => tokenizer.decode(tokensOf(script.asked[request].input));
    return { asked, promptOf, script };
  }

  it('calls a tool, and is told the result', async () => {
    const call = '<tool_call>{"name": "add", "arguments": {"a": 2, "b": 3}}</tool_call>';
    const { asked, promptOf } = await scripted(`Let me see.\n${call}`);
    const { message, finish_reason, streamed: pieces } = await asked({ tools: TOOLS });
    expect(finish_reason).toBe('tool_calls');
    expect(message).toMatchObject({
      content: 'Let me see.',
      tool_calls: [{ id: expect.stringMatching(/^call_/), type: 'function', function: { name: 'add' } }],
    });
    expect(JSON.parse(message.tool_calls[0].function.arguments)).toEqual({ a: 2, b: 3 });
    expect(pieces).toMatchObject({ content: 'Let me see.', finish_reason: 'tool_calls' });
    expect(pieces?.tool_calls).toMatchObject([{ index: 0, function: message.tool_calls[0].function }]);
    expect(promptOf(0)).toContain('"name": "add"');

    const result = { role: 'tool', tool_call_id: message.tool_calls[0].id, content: '5' };
    await asked({ tools: TOOLS, messages: [...USER, message, result] });
    expect(promptOf(2)).toContain('<tool_call>');
    expect(promptOf(2)).toContain('<|im_start|>tool\n5<|im_end|>');
    await asked({ tools: TOOLS, tool_choice: 'none' });
    expect(promptOf(4)).not.toContain('add');
  });

  it('tells what it reasons apart from what it says', async () => {
    const { asked } = await scripted('<think>\nTwo and three.\n</think>\n\nIt is 5.');
    const expected = { reasoning_content: 'Two and three.', content: 'It is 5.' };
    const { message, finish_reason, streamed: pieces } = await asked({});
    expect(message).toMatchObject(expected);
    expect(pieces).toMatchObject({ ...expected, finish_reason });
  });

  const ADD = '<tool_call>\n{"name": "add", "arguments": {"a": 2}}\n</tool_call>';

  it.each([
    ['<think>\nTwo and three.\n</think>\n\nIt is 5.', 'Two and three.', 'It is 5.', 0],
    [`<think>\nHm.\n</think>\n\nLet me see.\n${ADD}`, 'Hm.', 'Let me see.', 1],
    [`<think>\nHm.\n</think>\n\n${ADD}\n${ADD}`, 'Hm.', null, 2],
    [`<think>A</think>One.<think>B</think>Two ✓${ADD} and more.`, 'AB', 'One.Two ✓ and more.', 1],
    ['<think>\n\n</think>\n\nNo thought.', undefined, 'No thought.', 0],
    ['<think>A</think>Sure.<tool_call>{"name": add}</tool_call>', 'A', 'Sure.<tool_call>{"name": add}</tool_call>', 0],
    ['<think>A</think>Sure.<tool_call>{"name"', 'A', 'Sure.<tool_call>{"name"', 0],
  ])(
    'streams what Qwen3 thinks, says and calls as the whole answer has it: %s',
    async (reply, reasoning, content, calls) => {
      const { asked } = await scripted(reply, { template: null, like: 'Qwen/Qwen3-8B' });
      const { message, finish_reason, streamed: pieces } = await asked({ tools: TOOLS });
      expect(message).toMatchObject({ content });
      expect([message.reasoning_content, message.tool_calls?.length ?? 0]).toEqual([reasoning, calls]);
      expect(pieces).toMatchObject({ reasoning_content: reasoning ?? '', content: content ?? '', finish_reason });
      const called = (tool_calls: object[] = []) => tool_calls.map((call) => Object(call).function);
      expect(called(pieces?.tool_calls)).toEqual(called(message.tool_calls));
      expect(finish_reason).toBe(calls === 0 ? 'stop' : 'tool_calls');
    },
  );

  it('of Qwen3 keeps a call behind which the reply was cut', async () => {
    const { asked, script } = await scripted(`<think>A</think>${ADD}\nAnd so`, {
      template: null,
      like: 'Qwen/Qwen3-8B',
    });
    const request = { tools: TOOLS, max_tokens: script.tokens.length - 2 };
    const { message, finish_reason, streamed: pieces } = await asked(request);
    const expected = { reasoning_content: 'A', tool_calls: [{ function: { name: 'add' } }] };
    expect(message).toMatchObject(expected);
    expect(pieces).toMatchObject({ ...expected, finish_reason: 'length' });
    expect(finish_reason).toBe('length');
  });

  it('shows a call that cannot be read, or was cut, as the text that it is', async () => {
    const broken = await scripted('<tool_call>{"name": add}</tool_call>');
    const { message, finish_reason, streamed: pieces } = await broken.asked({ tools: TOOLS });
    expect(message).toEqual({ role: 'assistant', content: '<tool_call>{"name": add}</tool_call>', refusal: null });
    expect([finish_reason, pieces?.content]).toEqual(['stop', message.content]);

    const cut = await scripted('Sure. <tool_call>{"name": "add", "argu', { cut: true });
    const answer = await cut.asked({ tools: TOOLS, max_tokens: cut.script.tokens.length - 1 });
    expect(answer.finish_reason).toBe('length');
    expect(answer.message.content).toMatch(/^Sure\. ?<tool_call>\{"name": "add", "arg/);
    expect(answer.streamed?.content).toBe(answer.message.content);
  });

  it('stops at what ends a reply and at the strings of the client', async () => {
    const { asked, script } = await scripted('One. Two. Three.');
    const { message, streamed: pieces } = await asked({ stop: 'Three' });
    expect(script.asked[0].params.stop).toEqual(['<|im_end|>', 'Three']);
    expect([message.content, pieces?.content]).toEqual(['One. Two. ', 'One. Two. ']);
  });

  it('refuses to talk to a model of which nobody knows how, and completes', async () => {
    const { asked } = await scripted('Once.', { template: null });
    const { status, answer } = await asked({});
    expect(status).toBe(400);
    expect(answer).toMatchObject({ error: { param: 'model', code: 'no_chat_template' } });
  });

  it('refuses tools where the template has none', async () => {
    const { asked } = await scripted('Hm.', { template: CHATML });
    expect(await asked({ tools: TOOLS })).toMatchObject({ status: 400, answer: { error: { param: 'tools' } } });
  });
});

// What is told of a reply as it comes, for every format that is read token by token: it joins to the reply as a whole.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { visibleText } from '../../src/completers/completers.ts';
import { CATALOGUE } from '../../src/renderers/catalogue.ts';
import type { Renderer, ToolCall } from '../../src/renderers/types.ts';
import { replyDeltas } from '../../src/serve/openai/reply_deltas.ts';
import { charTokenizer } from '../support/char_tokenizer.ts';

const tokenizer = charTokenizer();
const streaming = CATALOGUE.filter((entry) => entry.supportsStreaming);

const CALL = '<tool_call>\n{"name": "f", "arguments": {}}\n</tool_call>';
const piece = fc.constantFrom(
  ...['A', 'B ', '\n', '\n\n', '<', '</', '<think>', '</think>', '<think>T</think>'],
  ...[CALL, '<tool_call>{"na', '<tool_call>f</tool_call>', '<tool_call>', '</tool_call>', '<｜DSML｜ calls>'],
  '<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>f<｜tool▁sep｜>{}<｜tool▁call▁end｜><｜tool▁calls▁end｜>',
  '<|tool_calls_section_begin|><|tool_call_begin|>functions.f:0<|tool_call_argument_begin|>{}<|tool_call_end|><|tool_calls_section_end|>',
);

interface Told {
  content: string;
  reasoning: string;
  calls: ToolCall[];
}

async function told(renderer: Renderer, tokens: readonly number[]): Promise<Told> {
  const all: Told = { content: '', reasoning: '', calls: [] };
  for await (const delta of replyDeltas(tokens, { renderer, prompt: [], stop: [] })) {
    if (delta.kind === 'tool_calls') all.calls.push(...delta.calls);
    else all[delta.kind] += delta.text;
  }
  return all;
}

const endOf = (renderer: Renderer) => Number(renderer.getStopSequences()[0]);

describe('what is told joins to the whole reply', () => {
  it.each(streaming)('of $name, as long as reasoning closes', async ({ create, thinking }) => {
    const renderer = create(tokenizer);
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 8 }), async (pieces) => {
        const said = pieces.join('');
        const tokens = [...tokenizer.encode(said), endOf(renderer)];
        const { message } = renderer.parseResponse(tokens);
        const text = visibleText(message);
        fc.pre(!text.includes('<think>') && (thinking !== 'opened' || said.includes('</think>')));
        const parts = typeof message.content === 'string' ? [] : message.content;
        const unread = (message.unparsed_tool_calls ?? []).map(({ raw_text }) => raw_text).join('');
        expect(await told(renderer, tokens)).toEqual({
          // A format that takes a call which cannot be read for text has it there.
          content: text.endsWith(unread) ? text : text + unread,
          reasoning: parts.map((part) => (part.type === 'thinking' ? part.thinking : '')).join(''),
          calls: message.tool_calls ?? [],
        });
      }),
      { seed: 11, numRuns: 300 },
    );
  });
});

const F: ToolCall = { type: 'function', id: null, function: { name: 'f', arguments: '{}' } };

describe('of a reply that was cut', () => {
  it.each<[string, Told]>([
    [`A${CALL}B`, { content: 'AB', reasoning: '', calls: [F] }],
    [`<think>T</think>A${CALL}B`, { content: 'AB', reasoning: 'T', calls: [F] }],
    [`<think>T</think>${CALL}`, { content: '', reasoning: 'T', calls: [F] }],
    ['<think>T</think>A<tool_call>{"na', { content: 'A<tool_call>{"na', reasoning: 'T', calls: [] }],
    ['<think>T</think><tool_call>{"na', { content: '<tool_call>{"na', reasoning: 'T', calls: [] }],
    ['A<tool_call>{"na', { content: 'A<tool_call>{"na', reasoning: '', calls: [] }],
    ['<think>T<tool_call>{"na', { content: '', reasoning: 'T<tool_call>{"na', calls: [] }],
    ['A</tool', { content: 'A</tool', reasoning: '', calls: [] }],
  ])('nothing is lost: %s', async (said, expected) => {
    const renderer = streaming.find(({ name }) => name === 'qwen3')?.create(tokenizer);
    if (renderer === undefined) throw new Error('there is no qwen3');
    expect(await told(renderer, tokenizer.encode(said))).toEqual(expected);
  });

  it('whose prompt opened the reasoning, a call in it is none', async () => {
    const renderer = streaming.find(({ name }) => name === 'qwen3_5')?.create(tokenizer);
    if (renderer === undefined) throw new Error('there is no qwen3_5');
    const expected = { content: '', reasoning: `T${CALL}`, calls: [] };
    expect(await told(renderer, tokenizer.encode(`T${CALL}`))).toEqual(expected);
  });
});

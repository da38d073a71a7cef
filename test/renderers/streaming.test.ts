// Replies read while they are sampled: the pieces join to the parts of the message, and a long reply is gone through once.

import fc from 'fast-check';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { CATALOGUE } from '../../src/renderers/catalogue.ts';
import { messageOfText, parseBlocks, type ReplySyntax } from '../../src/renderers/reply_syntax.ts';
import { streamReply } from '../../src/renderers/streaming.ts';
import { readJsonCall } from '../../src/renderers/tool_calls.ts';
import type { ContentPart, ReplyEvent } from '../../src/renderers/types.ts';
import { charTokenizer } from '../support/char_tokenizer.ts';

const tokenizer = charTokenizer();

async function eventsOf(events: AsyncIterable<ReplyEvent>): Promise<ReplyEvent[]> {
  const all: ReplyEvent[] = [];
  for await (const event of events) all.push(event);
  return all;
}

/** Of the pieces of each `content_index`, in the order of these. */
function joined(events: readonly ReplyEvent[]): ContentPart[] {
  const parts: ContentPart[] = [];
  for (const event of events) {
    if (event.type !== 'text' && event.type !== 'thinking') continue;
    const known = parts[event.content_index];
    if (event.type === 'text')
      parts[event.content_index] = { type: 'text', text: `${known?.type === 'text' ? known.text : ''}${event.text}` };
    else {
      const before = known?.type === 'thinking' ? known.thinking : '';
      parts[event.content_index] = { type: 'thinking', thinking: before + event.thinking };
    }
  }
  return parts;
}

function partsOf(content: string | ContentPart[]): ContentPart[] {
  if (typeof content !== 'string') return content;
  return content === '' ? [] : [{ type: 'text', text: content }];
}

describe('the pieces of a content_index are a part of the message', () => {
  const streaming = CATALOGUE.filter((entry) => entry.supportsStreaming).map((entry) => entry.create(tokenizer));
  const names = streaming.map(({ name }) => name);
  const rendererOf = (name: string) => streaming.find((each) => each.name === name) ?? streaming[0];
  const call = {
    deepseek: '<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>f<｜tool▁sep｜>{}<｜tool▁call▁end｜><｜tool▁calls▁end｜>',
    glm: '<tool_call>f</tool_call>',
    kimi: '<|tool_calls_section_begin|><|tool_call_begin|>functions.f:0<|tool_call_argument_begin|>{}<|tool_call_end|><|tool_calls_section_end|>',
    json: '<tool_call>\n{"name": "f", "arguments": {}}\n</tool_call>',
  };
  const piece = fc.oneof(
    fc.constantFrom(
      'A',
      'B ',
      '\n',
      '\n\n',
      '\n\n\n',
      '<',
      '</',
      '<think>',
      '</think>',
      '<think>T</think>',
      ...Object.values(call),
    ),
    fc.constantFrom(
      '<tool_call>',
      '</tool_call>',
      '<|tool_calls_section_begin|>',
      '<｜tool▁calls▁begin｜>',
      '<｜DSML｜ calls>',
    ),
  );

  /** Reasoning that never closes is told as reasoning, and is text in the end. */
  const isOpen = (name: string, said: string, content: readonly ContentPart[]) =>
    content.some((part) => part.type === 'text' && part.text.includes('<think>')) ||
    (CATALOGUE.some((entry) => entry.name === name && entry.thinking === 'opened') && !said.includes('</think>'));

  test('whatever is said, as long as reasoning closes and the reply ends', async () => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...names), fc.array(piece, { maxLength: 10 }), async (name, pieces) => {
        const renderer = rendererOf(name);
        const tokens = [...tokenizer.encode(pieces.join('')), Number(renderer.getStopSequences()[0])];
        const parts = joined(await eventsOf(renderer.parseResponseStreaming(tokens)));
        const content = partsOf(renderer.parseResponse(tokens).message.content);
        if (!isOpen(name, pieces.join(''), content)) expect(parts).toEqual(content);
      }),
      { seed: 7, numRuns: 4000 },
    );
  });

  test.each([
    ['kimi_k2', `A${call.kimi}B`, [{ type: 'text', text: 'AB' }]],
    [
      'glm5_3_max_reasoning',
      `T</think>A${call.glm}B`,
      [
        { type: 'thinking', thinking: 'T' },
        { type: 'text', text: 'AB' },
      ],
    ],
    [
      'qwen3',
      `A${call.json}B`,
      [
        { type: 'text', text: 'A' },
        { type: 'text', text: 'B' },
      ],
    ],
  ])('text around the calls of %s', async (name, said, parts) => {
    const renderer = rendererOf(name);
    const tokens = [...tokenizer.encode(said), Number(renderer.getStopSequences()[0])];
    expect(joined(await eventsOf(renderer.parseResponseStreaming(tokens)))).toEqual(parts);
    expect(partsOf(renderer.parseResponse(tokens).message.content)).toEqual(parts);
  });
});

const SYNTAX: ReplySyntax = {
  ends: [{ token: '<|im_end|>', termination: 'stop_sequence' }],
  thinking: {
    open: '<think>',
    close: '</think>',
    prefilled: true,
    lines: { inside: Number.POSITIVE_INFINITY, after: 2 },
  },
  calls: { open: '<tool_call>', close: '</tool_call>', lines: { before: 1, after: 1 }, read: readJsonCall },
};

describe('characters that are searched', () => {
  afterEach(() => vi.restoreAllMocks());

  /** Those from where a search begins to the end of what is searched. */
  function countSearched(): () => number {
    let count = 0;
    const search = String.prototype.indexOf;
    vi.spyOn(String.prototype, 'indexOf').mockImplementation(function (this: string, sought: string, from = 0) {
      const place = search.call(this, sought, from);
      count += (place === -1 ? this.length : place + sought.length) - from;
      return place;
    });
    return () => count;
  }

  const long = 20_000;
  test.each([
    ['line breaks at the end of reasoning', '\n'.repeat(long)],
    ['a call', `</think><tool_call>${'x'.repeat(long)}</tool_call>`],
    ['calls that do not close', `</think>${'<tool_call>x'.repeat(long / 10)}`],
    ['many calls', `</think>${'<tool_call>x</tool_call>\n'.repeat(long / 25)}`],
  ])('of a stream, %s: few for each', async (_, said) => {
    const tokens = tokenizer.encode(`T${said}`);
    const searched = countSearched();
    await eventsOf(streamReply(tokens, SYNTAX, tokenizer));
    expect(searched()).toBeLessThan(60 * said.length);
  });

  test.each([
    ['many calls before reasoning that does not close', `${'<tool_call>x</tool_call>'.repeat(long / 20)}<think>`],
    ['reasoning again and again, and a call that does not close', `<tool_call>${'<think>T</think>'.repeat(long / 16)}`],
  ])('of a whole reply, %s: few for each', (_, said) => {
    const searched = countSearched();
    messageOfText(said, SYNTAX);
    expect(searched()).toBeLessThan(10 * said.length);
  });
});

test('blocks are found in order, whichever kind comes first', () => {
  const { parts, tool_calls } = parseBlocks(
    'a<think>b</think>c<tool_call>{"name": "f", "arguments": {}}</tool_call>d<think>e</think>',
    SYNTAX,
  );
  expect(parts.map((part) => Object.values(part).at(-1))).toEqual(['a', 'b', 'c', 'd', 'e']);
  expect(tool_calls).toHaveLength(1);
});

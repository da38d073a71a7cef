// Replies read while they are sampled: a long reply is gone through once.

import { afterEach, describe, expect, test, vi } from 'vitest';
import { messageOf, parseBlocks, type ReplySyntax } from '../../src/renderers/reply_syntax.ts';
import { streamReply } from '../../src/renderers/streaming.ts';
import { readJsonCall } from '../../src/renderers/tool_calls.ts';
import type { ReplyEvent } from '../../src/renderers/types.ts';
import { charTokenizer } from '../support/char_tokenizer.ts';

const tokenizer = charTokenizer();

async function eventsOf(events: AsyncIterable<ReplyEvent>): Promise<ReplyEvent[]> {
  const all: ReplyEvent[] = [];
  for await (const event of events) all.push(event);
  return all;
}

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
    messageOf(said, SYNTAX);
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

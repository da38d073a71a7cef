// Reading replies: their end, their reasoning, their tool calls.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseBlocks, parseReply, type ReplySyntax } from '../../src/renderers/reply_syntax.ts';
import { readJsonCall } from '../../src/renderers/tool_calls.ts';
import { tinyTokenizer } from '../support/tiny_tokenizer.ts';

const SYNTAX: ReplySyntax = {
  ends: [
    { token: '<|im_end|>', termination: 'stop_sequence' },
    { token: '<|endoftext|>', termination: 'eos' },
  ],
  thinking: { open: '<think>', close: '</think>', prefilled: false },
  calls: { open: '<tool_call>', close: '</tool_call>', read: readJsonCall },
};
const blocksOf = (text: string) => parseBlocks(text, SYNTAX);

describe('the end of a reply', () => {
  test.each([
    ['hello<|im_end|>', 'hello', 'stop_sequence'],
    ['hello<|im_end|>ignored', 'hello', 'stop_sequence'],
    ['hello<|endoftext|>', 'hello', 'eos'],
    ['hello', 'hello', 'malformed'],
    ['', '', 'malformed'],
    // The sampler was not told to stop; the reference raises an error here.
    ['hello<|im_end|>and<|im_end|>', 'hello<|im_end|>and<|im_end|>', 'malformed'],
  ])('%j', async (reply, content, termination) => {
    const tokenizer = await tinyTokenizer();
    const parsed = parseReply(tokenizer.encode(reply), SYNTAX, tokenizer);
    expect(parsed).toEqual({ message: { role: 'assistant', content }, termination });
  });
});

describe('blocks', () => {
  test('plain text has none', () => {
    expect(blocksOf('plain </think> text').parts).toEqual([{ type: 'text', text: 'plain </think> text' }]);
  });

  test('reasoning and calls are taken out of the text, white space and all', () => {
    const call = '<tool_call>\n{"name": "f", "arguments": {"x": [1, {"y": null}]}, "id": "a1"}\n</tool_call>';
    expect(blocksOf(`<think>\nhm\n</think>\n\nI check ${call} now`)).toEqual({
      parts: [
        { type: 'thinking', thinking: '\nhm\n' },
        { type: 'text', text: '\n\nI check ' },
        { type: 'text', text: ' now' },
      ],
      tool_calls: [{ type: 'function', id: 'a1', function: { name: 'f', arguments: '{"x": [1, {"y": null}]}' } }],
      unparsed_tool_calls: [],
    });
  });

  test('empty reasoning is nothing; reasoning that never closes is text', () => {
    expect(blocksOf('<think></think>A').parts).toEqual([{ type: 'text', text: 'A' }]);
    expect(blocksOf('<think>A').parts).toEqual([{ type: 'text', text: '<think>A' }]);
  });

  test.each([
    ['{bad}', /^Invalid JSON: /],
    ['[1]', /^a tool call must be a JSON object$/],
    ['{"arguments": {}}', /^a tool call must have a "name", a string$/],
    ['{"name": "f", "arguments": "{}"}', /^a tool call must have "arguments", an object$/],
  ])('the call %s is kept as text with what is wrong with it', (call, error) => {
    const raw_text = `<tool_call>${call}</tool_call>`;
    expect(blocksOf(`A${raw_text}`)).toEqual({
      parts: [{ type: 'text', text: 'A' }],
      tool_calls: [],
      unparsed_tool_calls: [{ raw_text, error: expect.stringMatching(error) }],
    });
  });

  test('a call that never closes is told from one that cannot be read', () => {
    expect(blocksOf('A<tool_call>{"name"')).toEqual({
      parts: [{ type: 'text', text: 'A' }],
      tool_calls: [],
      unparsed_tool_calls: [
        {
          raw_text: '<tool_call>{"name"',
          error: "unterminated tool block: '<tool_call>' opened without a matching '</tool_call>'",
        },
      ],
    });
  });

  test('nothing of a reply is lost but tags and empty reasoning', () => {
    const piece = fc.constantFrom('a', '\n', '<think>', '</think>', '<tool_call>', '</tool_call>', '{', '}');
    fc.assert(
      fc.property(fc.array(piece), (pieces) => {
        const reply = pieces.join('');
        const blocks = blocksOf(reply);
        const kept = [
          ...blocks.parts.map((part) => ('text' in part ? part.text : 'thinking' in part ? part.thinking : '')),
          ...blocks.unparsed_tool_calls.map((call) => call.raw_text),
        ];
        const letters = (text: string) =>
          text
            .replaceAll(/<\/?(think|tool_call)>/g, '')
            .split('')
            .sort()
            .join('');
        expect(letters(kept.join(''))).toBe(letters(reply));
      }),
    );
  });
});

// What a person types, as tokens: read back it is what was typed, and it ends as the policy's actions end.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { actionTokens } from '../../src/play/action.ts';
import { modelInputFromTokens } from '../../src/tinker/types.ts';
import { charTokenizer } from '../support/char_tokenizer.ts';
import { loadTokenizerJson, PREFIXES, pieceTokenizerJson } from '../support/piece_tokenizer.ts';
import { tinyTokenizer } from '../support/tiny_tokenizer.ts';

const char = charTokenizer();
const tiny = await tinyTokenizer();
const [end = 0] = tiny.encode('<|im_end|>');
const prompt = modelInputFromTokens(tiny.encode('<|im_start|>user\nhello<|im_end|>\n<|im_start|>assistant\n'));
const typed = (text: string, stop: string[] | number[] = [end]) => tiny.decode(actionTokens(text, prompt, stop, tiny));

describe('an action', () => {
  it('ends with the stop token', () => {
    expect(actionTokens('world', prompt, [end], tiny)).toEqual([...tiny.encode('world'), end]);
    expect(actionTokens('', prompt, [end, 3], tiny)).toEqual([end]);
  });

  it('ends where a person spells out what ends it', () => {
    expect(typed('one<|im_end|>two')).toBe('one<|im_end|>');
    expect(typed('one<|pad|>two')).toBe('one<|pad|>two<|im_end|>');
  });

  it('ends with a string where that is what stops', () => {
    expect(typed('one', ['\n\nUser:'])).toBe('one\n\nUser:');
    expect(typed('one\n\nUser: two', ['\n\nUser:'])).toBe('one\n\nUser:');
    expect(typed('one. two; three', [';', '.'])).toBe('one.');
  });

  it('ends with the end of the text where nothing stops it', () => {
    expect(typed('one', [])).toBe('one<|im_end|>');
  });

  it('is read back as it was typed', () => {
    const text = fc.string({
      unit: fc.oneof(fc.constantFrom(' ', '\n', 'hello', '日', '🚀'), fc.string()),
      maxLength: 40,
    });
    fc.assert(
      fc.property(
        text.filter((each) => !each.includes('<|')),
        (each) => {
          expect(typed(each)).toBe(`${each}<|im_end|>`);
        },
      ),
    );
  });

  it.each(Object.entries(PREFIXES))(
    'gets no space in front of it from a tokenizer that puts one there (%s)',
    async (_, prefix) => {
      const pieces = await loadTokenizerJson(pieceTokenizerJson(prefix));
      const before = modelInputFromTokens(pieces.encode('User: hello\n'));
      const tokens = actionTokens('world', before, ['\n'], pieces);
      expect(pieces.decode(tokens, { continues: true })).toBe('world\n');
    },
  );

  it('stands behind a picture too', () => {
    const image = { type: 'image' as const, data: new Uint8Array(1), format: 'png' as const, expected_tokens: 2 };
    expect(char.decode(actionTokens('a', { chunks: [image] }, [char.eosTokenId ?? 0], char))).toBe('a<|endoftext|>');
  });
});

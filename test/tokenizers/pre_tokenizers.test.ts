// Pre-tokenizers split text as the original library does, whatever JavaScript takes for white space or a digit.

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { toByteCharacters } from '../../src/tokenizers/byte_level.ts';
import { loadTokenizer } from '../../src/tokenizers/hf_tokenizer.ts';
import { tinyTokenizerDirectory, tinyTokenizerJson } from '../support/tiny_tokenizer.ts';

const BYTE_LEVEL = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true };
const digits = (individual_digits: boolean) => ({
  type: 'Sequence',
  pretokenizers: [{ type: 'Digits', individual_digits }, BYTE_LEVEL],
});

/** Whether a text that is a token as a whole is encoded as one: it is not if the pre-tokenizer splits it. */
async function staysWhole(text: string, pre_tokenizer: object): Promise<boolean> {
  const characters = [...toByteCharacters(text)];
  const merges = characters.slice(1).map((character, i) => [characters.slice(0, i + 1).join(''), character]);
  const { model, added_tokens, ...json } = tinyTokenizerJson();
  const vocab = { ...model.vocab };
  for (const [left, right] of merges) vocab[left + right] ??= 1000 + Object.keys(vocab).length;
  const directory = await tinyTokenizerDirectory({});
  const changed = { ...json, pre_tokenizer, added_tokens: [], model: { ...model, vocab, merges } };
  await writeFile(join(directory, 'tokenizer.json'), JSON.stringify(changed));
  return (await loadTokenizer(directory)).encode(text).length === 1;
}

test.each([
  ['U+0085 is white space', '\u0085!', BYTE_LEVEL, false],
  ['U+FEFF is not', '\uFEFF!', BYTE_LEVEL, true],
  ['fractions are digits, each by itself', '½¼', digits(true), false],
  ['or together', '½¼', digits(false), true],
  ['but apart from letters', 'a½', digits(false), false],
  ['a space in front of a word belongs to it', ' ab', BYTE_LEVEL, true],
])('%s', async (_, text, pre_tokenizer, whole) => {
  expect(await staysWhole(text, pre_tokenizer)).toBe(whole);
});

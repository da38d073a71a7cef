// Tokenizers with pieces of SentencePiece, small enough to read: a space is `▁`, and what is no piece is spelled in bytes.

import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadTokenizer } from '../../src/tokenizers/hf_tokenizer.ts';
import type { Tokenizer } from '../../src/tokenizers/types.ts';
import type { JsonObject, JsonValue } from '../../src/util/json.ts';

const SPECIAL = ['<unk>', '<s>', '</s>'];
const BYTES = Array.from({ length: 256 }, (_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`);
const CHARACTERS = [...'▁abcdefghijklmnopqrstuvwxyzUSA:.,!?[]/<>|\n'];
const MERGES = [
  '▁ ▁',
  'h e',
  'l l',
  'he ll',
  'hell o',
  '▁ hello',
  'w o',
  'wo r',
  'l d',
  'wor ld',
  '▁ world',
  'U s',
  'e r',
  'Us er',
  '▁ User',
];
const SPACES = { type: 'Replace', pattern: { String: ' ' }, content: '▁' };

/** How the space in front of a text comes about: by a normalizer at every stretch, or by the pre-tokenizer at the first. */
export const PREFIXES: Readonly<Record<'prepend' | 'metaspace', JsonObject>> = {
  prepend: { normalizer: { type: 'Sequence', normalizers: [{ type: 'Prepend', prepend: '▁' }, SPACES] } },
  metaspace: { pre_tokenizer: { type: 'Metaspace', replacement: '▁', prepend_scheme: 'first', split: false } },
};

const decoder: JsonObject = {
  type: 'Sequence',
  decoders: [
    { type: 'Replace', pattern: { String: '▁' }, content: ' ' },
    { type: 'ByteFallback' },
    { type: 'Fuse' },
    { type: 'Strip', content: ' ', start: 1, stop: 0 },
  ],
};
const added = (content: string, id: number, flags: JsonObject = {}): JsonObject => ({
  id,
  content,
  single_word: false,
  lstrip: false,
  rstrip: false,
  normalized: false,
  special: true,
  ...flags,
});

export function pieceTokenizerJson(
  fields: JsonObject = PREFIXES.prepend,
  words: Record<string, JsonObject> = {},
): JsonObject {
  const pieces = [...SPECIAL, ...BYTES, ...CHARACTERS, ...MERGES.map((merge) => merge.replace(' ', ''))];
  const vocab: JsonValue = Object.fromEntries(pieces.map((piece, id) => [piece, id]));
  const more = Object.entries(words).map(([content, flags], index) => added(content, pieces.length + index, flags));
  return {
    version: '1.0',
    added_tokens: [...SPECIAL.map((content, id) => added(content, id)), ...more],
    normalizer: null,
    pre_tokenizer: null,
    post_processor: null,
    decoder,
    model: { type: 'BPE', vocab, merges: MERGES, unk_token: '<unk>', fuse_unk: true, byte_fallback: true },
    ...fields,
  };
}

/** A Unigram model of the same pieces. */
export function unigramTokenizerJson(): JsonObject {
  const pieces = [...SPECIAL, ...BYTES].map((piece) => [piece, 0]);
  const scored = [...CHARACTERS, 'hello', '▁hello', '▁world'].map((piece) => [piece, -4]);
  const model = { type: 'Unigram', unk_id: 0, byte_fallback: true, vocab: [...pieces, ...scored] };
  return { ...pieceTokenizerJson(), model };
}

export async function loadTokenizerJson(json: JsonObject, config: JsonObject = {}): Promise<Tokenizer> {
  const directory = await mkdtemp(join(tmpdir(), 'tokenizer-'));
  await writeFile(join(directory, 'tokenizer.json'), JSON.stringify(json));
  const names = { bos_token: '<s>', eos_token: '</s>', unk_token: '<unk>' };
  await writeFile(join(directory, 'tokenizer_config.json'), JSON.stringify({ ...names, ...config }));
  return await loadTokenizer(directory);
}

// A real byte-level BPE tokenizer, small enough to read, written the way Hugging Face writes one.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadTokenizer } from '../../src/tokenizers/hf_tokenizer.ts';
import type { Tokenizer } from '../../src/tokenizers/types.ts';

export const CHATML = `{%- for message in messages -%}
{{ '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' }}
{%- endfor -%}
{%- if add_generation_prompt -%}{{ '<|im_start|>assistant\\n' }}{%- endif -%}`;

const SPECIAL_TOKENS = ['<|endoftext|>', '<|im_start|>', '<|im_end|>', '<|pad|>', '<|bos|>'];

/** `Ġ` is a space, as in all byte-level vocabularies. */
const MERGES = ['h e', 'l l', 'he ll', 'hell o', 'Ġ w', 'o r', 'Ġw or', 'l d', 'Ġwor ld', 'u s', 'us er', 'e r', '< |'];

/** `tokenizer.json` as an object: 256 bytes, then the merges, then the special tokens, then `words`, which are a token each. */
export function tinyTokenizerJson(words: readonly string[] = []) {
  const pieces = [...byteAlphabet(), ...MERGES.map((merge) => merge.replace(' ', ''))];
  return {
    version: '1.0',
    added_tokens: [...SPECIAL_TOKENS, ...words].map((content, index) => ({
      id: pieces.length + index,
      content,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: SPECIAL_TOKENS.includes(content),
    })),
    normalizer: null,
    pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
    post_processor: null,
    decoder: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
    model: {
      type: 'BPE',
      unk_token: null,
      vocab: Object.fromEntries(pieces.map((piece, id) => [piece, id])),
      merges: MERGES,
    },
  };
}

/** A model directory with the tokenizer, in which `words` are a token each, and what is given of its configuration. */
export async function tinyTokenizerDirectory(config: object, words: readonly string[] = []): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'tokenizer-'));
  await writeFile(join(directory, 'tokenizer.json'), JSON.stringify(tinyTokenizerJson(words)));
  await writeFile(join(directory, 'tokenizer_config.json'), JSON.stringify(config));
  return directory;
}

/** A tokenizer whose EOS is `<|im_end|>`, with a ChatML template unless another is given. */
export async function tinyTokenizer(config: object = {}): Promise<Tokenizer> {
  const eos = { bos_token: null, eos_token: '<|im_end|>', pad_token: '<|pad|>', chat_template: CHATML };
  const directory = await tinyTokenizerDirectory({ ...eos, ...config });
  const tokenizer = await loadTokenizer(directory);
  await rm(directory, { recursive: true });
  return tokenizer;
}

/** The 256 characters that stand for bytes: printable ones for themselves, the others moved up from U+0100. */
function byteAlphabet(): string[] {
  const printable = (byte: number) =>
    (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || (byte >= 0xae && byte <= 0xff);
  let moved = 0;
  return Array.from({ length: 256 }, (_, byte) => String.fromCodePoint(printable(byte) ? byte : 256 + moved++));
}

// A tokenizer with one id for each character and one for each special token of the families: the one that the golden files
// of test/renderers/golden were captured with.

import type { TextPiece, Tokenizer } from '../../src/tokenizers/types.ts';

export const SPECIAL_TOKENS = [
  ...['<BOS>', '<|begin_of_text|>', '<|start_header_id|>', '<|end_header_id|>', '<|eot_id|>'],
  ...['<|im_start|>', '<|im_end|>', '<|endoftext|>', '<|vision_start|>', '<|vision_end|>'],
  ...['<think>', '</think>', '<tool_call>', '</tool_call>', '<tool_response>', '</tool_response>'],
  ...['<｜begin▁of▁sentence｜>', '<｜end▁of▁sentence｜>', '<｜User｜>', '<｜Assistant｜>', '<｜System｜>', '｜DSML｜'],
  ...[
    '<｜tool▁calls▁begin｜>',
    '<｜tool▁calls▁end｜>',
    '<｜tool▁call▁begin｜>',
    '<｜tool▁call▁end｜>',
    '<｜tool▁sep｜>',
  ],
  ...['<｜tool▁output▁begin｜>', '<｜tool▁output▁end｜>'],
  ...['<|start|>', '<|end|>', '<|message|>', '<|channel|>', '<|constrain|>', '<|return|>', '<|call|>'],
  ...['<|im_system|>', '<|im_user|>', '<|im_assistant|>', '<|im_middle|>', '<|media_begin|>', '<|media_content|>'],
  ...['<|media_end|>', '<|tool_calls_section_begin|>', '<|tool_calls_section_end|>', '<|tool_call_begin|>'],
  ...['<|tool_call_argument_begin|>', '<|tool_call_end|>'],
  ...['[gMASK]', '<sop>', '<|system|>', '<|user|>', '<|assistant|>', '<|observation|>'],
];
const ESCAPED = SPECIAL_TOKENS.map((token) => token.replace(/[|[\]]/g, '\\$&'));
const PIECES = new RegExp(`${ESCAPED.join('|')}|[^]`, 'gu');
/** Code points end below. */
const FIRST_SPECIAL = 0x110000;

/** By their spelling: the token that begins a text (none unless given), and the one that ends it. */
export function charTokenizer({
  bos = null,
  eos = '<|endoftext|>',
}: {
  bos?: string | null;
  eos?: string;
} = {}): Tokenizer {
  const tokenId = (text: string) => {
    const index = SPECIAL_TOKENS.indexOf(text);
    if (index !== -1) return FIRST_SPECIAL + index;
    return [...text].length === 1 ? (text.codePointAt(0) ?? null) : null;
  };
  const encode = (text: string, { special = true } = {}) =>
    (special ? (text.match(PIECES) ?? []) : [...text]).map((piece) => tokenId(piece) ?? 0xfffd);
  const bosTokenId = bos === null ? null : tokenId(bos);
  const eosTokenId = tokenId(eos);
  return {
    vocabSize: FIRST_SPECIAL + SPECIAL_TOKENS.length,
    bosTokenId,
    eosTokenId,
    padTokenId: null,
    endTokenIds: eosTokenId === null ? [] : [eosTokenId],
    chatTemplate: null,
    specialTokens: SPECIAL_TOKENS,
    encode,
    encodePieces: (pieces: readonly TextPiece[]) => pieces.map(({ text, special }) => encode(text, { special })),
    decode: (tokens, { skipSpecialTokens = false } = {}) =>
      tokens
        .map((token) => {
          if (token < FIRST_SPECIAL) return String.fromCodePoint(token);
          return skipSpecialTokens ? '' : SPECIAL_TOKENS[token - FIRST_SPECIAL];
        })
        .join(''),
    tokenId,
    tokenText: (token) => (token < FIRST_SPECIAL ? String.fromCodePoint(token) : (SPECIAL_TOKENS[token - FIRST_SPECIAL] ?? null)),
    isSpecial: (token) => token >= FIRST_SPECIAL,
  };
}

/** The same with one id for each byte of UTF-8, so that most characters come in several tokens. */
export function byteTokenizer(): Tokenizer {
  const whole = charTokenizer();
  const encode = (text: string, { special = true } = {}) =>
    whole.encode(text, { special }).flatMap((token) => (whole.isSpecial(token) ? [token] : bytesOf(token)));
  return {
    ...whole,
    encode,
    encodePieces: (pieces) => pieces.map(({ text, special }) => encode(text, { special })),
    decode(tokens) {
      let text = '';
      let bytes: number[] = [];
      const flush = () => {
        text += new TextDecoder().decode(Uint8Array.from(bytes));
        bytes = [];
      };
      for (const token of tokens) {
        if (!whole.isSpecial(token)) bytes.push(token);
        else {
          flush();
          text += whole.decode([token]);
        }
      }
      flush();
      return text;
    },
  };
}

const bytesOf = (codePoint: number) => [...new TextEncoder().encode(String.fromCodePoint(codePoint))];

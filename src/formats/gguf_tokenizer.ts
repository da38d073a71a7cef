// The tokenizer in the metadata of a GGUF file, as the tokenizer.json and tokenizer_config.json of Hugging Face.
import type { JsonObject, JsonValue } from '../util/json.ts';
import { describe, type Fields } from './json_fields.ts';
import { sentencePieceMerges } from './sentencepiece_merges.ts';

const TOKENS = 'tokenizer.ggml.tokens';
const TOKEN_TYPES = 'tokenizer.ggml.token_type';
const SCORES = 'tokenizer.ggml.scores';
const MERGES = 'tokenizer.ggml.merges';

/** Numbers of `enum llama_token_type`. */
const NORMAL = 1;
const UNKNOWN = 2;
const CONTROL = 3;
const USER_DEFINED = 4;
/** Far above any piece; the ways to put one together grow with the square of its length. */
const MAX_PIECE_LENGTH = 512;

/** Names in tokenizer_config.json. */
const SPECIAL_TOKENS: Readonly<Record<string, string>> = {
  bos_token: 'tokenizer.ggml.bos_token_id',
  eos_token: 'tokenizer.ggml.eos_token_id',
  unk_token: 'tokenizer.ggml.unknown_token_id',
  pad_token: 'tokenizer.ggml.padding_token_id',
};

interface PreTokenizer {
  readonly normalizer: JsonObject | null;
  readonly pre_tokenizer: JsonObject;
  /** A word that is a token as a whole is not put together by merges. */
  readonly ignore_merges: boolean;
  readonly addBos: boolean;
}

/** How text is cut into words before the merges, by `tokenizer.ggml.pre`: as the tokenizer.json of these models says. */
const PRE_TOKENIZERS: Readonly<Record<string, PreTokenizer>> = {
  'gpt-2': { normalizer: null, pre_tokenizer: byteLevel(true), ignore_merges: false, addBos: false },
  smollm: {
    normalizer: null,
    pre_tokenizer: {
      type: 'Sequence',
      pretokenizers: [{ type: 'Digits', individual_digits: true }, byteLevel(true)],
    },
    ignore_merges: false,
    addBos: false,
  },
  qwen2: { normalizer: { type: 'NFC' }, pre_tokenizer: splitWords('\\p{N}'), ignore_merges: false, addBos: false },
  'llama-bpe': { normalizer: null, pre_tokenizer: splitWords('\\p{N}{1,3}'), ignore_merges: true, addBos: true },
};

export interface HfTokenizerFiles {
  /** Number of tokens, added ones too. */
  readonly size: number;
  /** Content of tokenizer.json. */
  readonly tokenizer: JsonObject;
  /** Content of tokenizer_config.json, the chat template in it. */
  readonly tokenizer_config: JsonObject;
}

interface Vocabulary {
  readonly metadata: Fields;
  readonly tokens: readonly string[];
  readonly ids: ReadonlyMap<string, number>;
  readonly types: readonly number[];
  /** Texts of the special tokens, under their names in tokenizer_config.json. */
  readonly special: ReadonlyMap<string, string>;
}

interface TokenizerParts {
  readonly normalizer: JsonObject | null;
  readonly pre_tokenizer: JsonObject | null;
  readonly model: JsonObject;
  readonly decoder: JsonObject;
  readonly addBos: boolean;
}

/** Translates the tokenizer of a GGUF file. Throws WeightsError for an unknown kind and for tables that contradict each other. */
export function ggufTokenizer(metadata: Fields): HfTokenizerFiles {
  const vocabulary = readVocabulary(metadata);
  const { addBos, ...parts } = readParts(vocabulary);
  const add_bos_token = metadata.flag('tokenizer.ggml.add_bos_token', addBos);
  const add_eos_token = metadata.flag('tokenizer.ggml.add_eos_token');
  const chatTemplate = metadata.text('tokenizer.chat_template');
  return {
    size: vocabulary.tokens.length,
    tokenizer: {
      version: '1.0',
      truncation: null,
      padding: null,
      added_tokens: addedTokens(vocabulary),
      ...parts,
      post_processor: postProcessor(vocabulary, add_bos_token, add_eos_token),
    },
    tokenizer_config: {
      tokenizer_class: 'PreTrainedTokenizerFast',
      ...Object.fromEntries(vocabulary.special),
      add_bos_token,
      add_eos_token,
      clean_up_tokenization_spaces: false,
      ...(chatTemplate === undefined ? {} : { chat_template: chatTemplate }),
    },
  };
}

function readVocabulary(metadata: Fields): Vocabulary {
  const tokens = list(metadata, TOKENS, isText);
  const ids = new Map(tokens.map((token, id) => [token, id]));
  const twice = tokens.find((token, id) => ids.get(token) !== id);
  if (twice !== undefined) throw metadata.error(TOKENS, `${describe(twice)} is there twice`);
  const types = metadata.has(TOKEN_TYPES) ? list(metadata, TOKEN_TYPES, isNumber) : tokens.map(() => NORMAL);
  if (types.length !== tokens.length) {
    throw metadata.error(TOKEN_TYPES, `${types.length} types for ${tokens.length} tokens`);
  }
  const special = new Map<string, string>();
  for (const [name, field] of Object.entries(SPECIAL_TOKENS)) {
    const id = metadata.value(field);
    if (id === undefined) continue;
    if (!isNumber(id) || !Object.hasOwn(tokens, id)) {
      throw metadata.error(field, `expected the id of one of ${tokens.length} tokens, not ${describe(id)}`);
    }
    special.set(name, tokens[id]);
  }
  return { metadata, tokens, ids, types, special };
}

function readParts(vocabulary: Vocabulary): TokenizerParts {
  const { metadata } = vocabulary;
  const model = metadata.text('tokenizer.ggml.model');
  if (model === 'gpt2') return byteLevelParts(vocabulary);
  if (model === 'llama') return sentencePieceParts(vocabulary);
  throw metadata.error('tokenizer.ggml.model', `unknown tokenizer ${describe(model)}`, 'Known: gpt2, llama.');
}

/** Byte-level BPE, of GPT-2, Llama 3, Qwen and SmolLM. */
function byteLevelParts({ metadata, tokens, ids }: Vocabulary): TokenizerParts {
  const pre = metadata.text('tokenizer.ggml.pre');
  if (pre === undefined || !Object.hasOwn(PRE_TOKENIZERS, pre)) {
    throw metadata.error(
      'tokenizer.ggml.pre',
      `unknown pre-tokenizer ${describe(pre)}`,
      `Known: ${Object.keys(PRE_TOKENIZERS).join(', ')}.`,
    );
  }
  const { normalizer, pre_tokenizer, ignore_merges, addBos } = PRE_TOKENIZERS[pre];
  const merges = list(metadata, MERGES, isText).map((merge) => {
    const pair = merge.split(' ');
    if (pair.length === 2 && [...pair, pair.join('')].every((text) => ids.has(text))) return pair;
    throw metadata.error(MERGES, `${describe(merge)} does not join two tokens to a third`);
  });
  const vocab = Object.fromEntries(tokens.map((token, id) => [token, id]));
  return {
    normalizer,
    pre_tokenizer,
    model: { type: 'BPE', vocab, merges, ignore_merges, unk_token: null, byte_fallback: false },
    decoder: byteLevel(true),
    addBos,
  };
}

/** BPE of SentencePiece, of Llama 1 and 2: a space is "▁", and what is no token is spelled out in bytes. */
function sentencePieceParts({ metadata, tokens, types, ids, special }: Vocabulary): TokenizerParts {
  const scores = list(metadata, SCORES, isNumber);
  if (scores.length !== tokens.length) {
    throw metadata.error(SCORES, `${scores.length} scores for ${tokens.length} tokens`);
  }
  const long = tokens.findIndex((text) => text.length > MAX_PIECE_LENGTH);
  if (long >= 0) throw metadata.error(TOKENS, `token ${long} has ${tokens[long].length} characters`);
  const pieces = tokens.flatMap((text, id) => (types[id] === NORMAL ? [{ text, score: scores[id] }] : []));
  const spacePrefix = metadata.flag('tokenizer.ggml.add_space_prefix', true);
  const spaces = { type: 'Replace', pattern: { String: ' ' }, content: '▁' };
  const undoSpaces = { type: 'Replace', pattern: { String: '▁' }, content: ' ' };
  return {
    normalizer: {
      type: 'Sequence',
      normalizers: [...(spacePrefix ? [{ type: 'Prepend', prepend: '▁' }] : []), spaces],
    },
    pre_tokenizer: null,
    model: {
      type: 'BPE',
      vocab: Object.fromEntries(ids),
      merges: sentencePieceMerges(pieces),
      ignore_merges: false,
      unk_token: special.get('unk_token') ?? tokens.find((_, id) => types[id] === UNKNOWN) ?? null,
      fuse_unk: true,
      byte_fallback: true,
    },
    decoder: {
      type: 'Sequence',
      decoders: [
        undoSpaces,
        { type: 'ByteFallback' },
        { type: 'Fuse' },
        ...(spacePrefix ? [{ type: 'Strip', content: ' ', start: 1, stop: 0 }] : []),
      ],
    },
    addBos: true,
  };
}

/** Tokens that are found in text by their spelling, before it is cut into words. */
function addedTokens({ tokens, types }: Vocabulary): JsonObject[] {
  return tokens.flatMap((content, id) => {
    const special = types[id] === CONTROL || types[id] === UNKNOWN;
    if (!special && types[id] !== USER_DEFINED) return [];
    return [{ id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special }];
  });
}

/** Puts the tokens that begin and end a text around it, where the model was trained with them. */
function postProcessor({ ids, special }: Vocabulary, addBos: boolean, addEos: boolean): JsonObject | null {
  const special_tokens: JsonObject = {};
  const item = (name: string, type_id: number): JsonObject[] => {
    const token = special.get(name);
    const id = token === undefined ? undefined : ids.get(token);
    if (token === undefined || id === undefined) return [];
    special_tokens[token] = { id: token, ids: [id], tokens: [token] };
    return [{ SpecialToken: { id: token, type_id } }];
  };
  const sequence = (id: string, type_id: number): JsonObject[] => [
    ...(addBos ? item('bos_token', type_id) : []),
    { Sequence: { id, type_id } },
    ...(addEos ? item('eos_token', type_id) : []),
  ];
  const single = sequence('A', 0);
  if (single.length === 1) return null;
  return { type: 'TemplateProcessing', single, pair: [...single, ...sequence('B', 1)], special_tokens };
}

function byteLevel(use_regex: boolean): JsonObject {
  return { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex };
}

/** The word pattern that GPT-4, Llama 3 and Qwen share but for how they cut numbers. */
function splitWords(numbers: string): JsonObject {
  const pattern = [
    "(?i:'s|'t|'re|'ve|'m|'ll|'d)",
    '[^\\r\\n\\p{L}\\p{N}]?\\p{L}+',
    numbers,
    ' ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*',
    '\\s*[\\r\\n]+',
    '\\s+(?!\\S)',
    '\\s+',
  ];
  const split = { type: 'Split', pattern: { Regex: pattern.join('|') }, behavior: 'Isolated', invert: false };
  return { type: 'Sequence', pretokenizers: [split, byteLevel(false)] };
}

function list<T extends JsonValue>(metadata: Fields, field: string, isItem: (value: JsonValue) => value is T): T[] {
  const value = metadata.value(field);
  if (Array.isArray(value) && value.every(isItem)) return value;
  throw metadata.error(field, value === undefined ? 'missing' : `not the expected list, but ${describe(value)}`);
}

function isText(value: JsonValue): value is string {
  return typeof value === 'string';
}

function isNumber(value: JsonValue): value is number {
  return typeof value === 'number';
}

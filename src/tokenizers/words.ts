// What stands between added tokens: normalized, split into words, and each word into tokens by the model of the library.

import { Tokenizer as HfTokenizer } from '@huggingface/tokenizers';
import { messageOf, RendererError, WeightsError } from '../util/errors.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../util/json.ts';
import type { AddedToken } from './added_tokens.ts';
import type { WordEncoder } from './encoder.ts';
import { boundedMatches } from './patterns.ts';
import { createPreTokenizer, marksBeginnings, type PreTokenizer } from './pre_tokenizers.ts';
import { tokenWidths } from './token_widths.ts';

/** Words whose ids are remembered: most of a text are words that came before. */
const MAX_SEEN = 50_000;
const MAX_SEEN_LENGTH = 48;

/** What is used of the library's tokenizer. */
interface LibraryTokenizer {
  normalizer: { normalize(text: string): string } | null;
  model: {
    vocab: string[];
    tokens_to_ids: ReadonlyMap<string, number>;
    unk_token_id?: number;
    /** Tokens of words, runs of unknown ones as one where the model says so. */
    _call(words: string[]): string[];
  };
  decoder: object | null;
  decode(ids: number[], options: { clean_up_tokenization_spaces: boolean }): string;
  id_to_token(id: number): string | undefined;
  token_to_id(token: string): number | undefined;
}

/** The library's tokenizer, which knows ids and decodes, and the way from text to ids. */
export interface Words extends WordEncoder {
  library: LibraryTokenizer;
}

/** Throws a WeightsError for what the library or this does not know. `specialIds`: never made of mere text. */
export function createWords(
  json: JsonObject,
  addedTokens: readonly AddedToken[],
  specialIds: ReadonlySet<number>,
  file: string,
): Words {
  let library: LibraryTokenizer;
  let preTokenize: PreTokenizer;
  try {
    checkModel(json.model);
    preTokenize = createPreTokenizer(json.pre_tokenizer ?? null);
    library = new HfTokenizer(
      {
        normalizer: null,
        decoder: null,
        ...json,
        model: withUnknown(withoutSpecialPieces(json.model, specialIds)),
        pre_tokenizer: null,
        // Its one effect is to add special tokens, and that is the renderers' business.
        post_processor: null,
        added_tokens: addedTokens,
      },
      {},
    );
    boundReplacements(library.normalizer, json.normalizer ?? null);
  } catch (error) {
    throw new WeightsError(`${file}: not a tokenizer that can be loaded: ${messageOf(error)}`, { cause: error });
  }
  keepByteOrderMarks(library.decoder);
  const { model, normalizer } = library;
  const ids = model.tokens_to_ids;
  const toBytes = byteFallback(json.model, ids);
  const seen = new Map<string, readonly number[]>();
  return {
    library,
    normalize: normalizer === null ? null : (text) => normalizer.normalize(text),
    marksBeginnings: marksBeginnings(json.normalizer ?? null) || marksBeginnings(json.pre_tokenizer ?? null),
    width: tokenWidths(json, {
      unknownId: model.unk_token_id ?? null,
      addedIds: new Set(addedTokens.map(({ id }) => id)),
      tokenOf: (id) => library.id_to_token(id),
    }),
    encode(text, first) {
      const words = preTokenize(text, first);
      return idsOfWords(words) ?? idsOfText(words, text);
    },
  };

  function idsOfText(words: string[], text: string): number[] {
    return model._call(words).flatMap((token) => {
      const id = ids.get(token);
      if (id !== undefined) return [id];
      if (token === UNKNOWN) throw new RendererError(withoutTokens(text));
      const known = toBytes(token) ?? model.unk_token_id ?? null;
      if (known !== null) return known;
      throw new RendererError(withoutTokens(token));
    });
  }

  /** Null where a word has unknown parts: what becomes of these is for the whole text to say. */
  function idsOfWords(words: readonly string[]): number[] | null {
    const all: number[] = [];
    for (const word of words) {
      const own = seen.get(word) ?? idsOfWord(word);
      if (own === null) return null;
      for (const id of own) all.push(id);
    }
    return all;
  }

  function idsOfWord(word: string): readonly number[] | null {
    const own: number[] = [];
    for (const token of model._call([word])) {
      const id = ids.get(token);
      if (id === undefined || id === model.unk_token_id) return null;
      own.push(id);
    }
    if (seen.size >= MAX_SEEN) seen.clear();
    if (word.length <= MAX_SEEN_LENGTH) seen.set(word, own);
    return own;
  }
}

/**
 * A Unigram model would find special pieces in any text. Under a name that no text has they keep their ids; as added
 * tokens they get their names back.
 */
function withoutSpecialPieces(model: JsonObject['model'], specialIds: ReadonlySet<number>): JsonObject['model'] {
  if (!isJsonObject(model) || !Array.isArray(model.vocab)) return model;
  const hidden = model.vocab.map((entry, id) =>
    Array.isArray(entry) && specialIds.has(id) && id !== model.unk_id ? [`\uFDD1${id}`, entry[1]] : entry,
  );
  return { ...model, vocab: hidden };
}

/** Stands for what a BPE model without a token for the unknown would leave out in silence. No text holds it. */
const UNKNOWN = '\uFDD0';

function withUnknown(model: JsonObject['model']): JsonObject['model'] {
  return isJsonObject(model) && model.type === 'BPE' && (model.unk_token ?? null) === null
    ? { ...model, unk_token: UNKNOWN }
    : model;
}

function withoutTokens(text: string): string {
  const shown = text.length > 60 ? `${text.slice(0, 60)}…` : text;
  return `the tokenizer has no token for all of ${JSON.stringify(shown)}, nor one for what is unknown`;
}

/** Ids of the bytes of a piece that a Unigram model does not know, if it falls back to them; the library does not. */
function byteFallback(
  model: JsonObject['model'],
  ids: ReadonlyMap<string, number>,
): (piece: string) => number[] | null {
  if (!isJsonObject(model) || model.byte_fallback !== true) return () => null;
  const encoder = new TextEncoder();
  return (piece) => {
    const bytes = [...encoder.encode(piece)].map((byte) =>
      ids.get(`<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`),
    );
    const known = bytes.filter((id) => id !== undefined);
    return known.length === bytes.length ? known : null;
  };
}

/** The decoders of the library drop U+FEFF at the beginning of bytes. */
function keepByteOrderMarks(decoder: object | null): void {
  if (decoder === null) return;
  if ('text_decoder' in decoder) decoder.text_decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  if ('decoders' in decoder && Array.isArray(decoder.decoders)) decoder.decoders.forEach(keepByteOrderMarks);
}

/** The library searches for what a normalizer replaces without a bound. `json` is what the normalizer was made of. */
function boundReplacements(normalizer: object | null, json: JsonValue): void {
  if (normalizer === null || !isJsonObject(json)) return;
  if ('normalizers' in normalizer && Array.isArray(normalizer.normalizers)) {
    const stages = Array.isArray(json.normalizers) ? json.normalizers : [];
    for (const [index, stage] of normalizer.normalizers.entries()) boundReplacements(stage, stages[index] ?? null);
  }
  const isRegex = isJsonObject(json.pattern) && typeof json.pattern.Regex === 'string';
  if (!isRegex || !('pattern' in normalizer && normalizer.pattern instanceof RegExp && 'normalize' in normalizer))
    return;
  const matches = boundedMatches(normalizer.pattern);
  const content = typeof json.content === 'string' ? json.content : '';
  normalizer.normalize = (text: string) => {
    const places = matches(text);
    let [replaced, end] = ['', 0];
    for (let index = 0; index < places.length; index += 2) {
      replaced += text.slice(end, places[index]) + content;
      end = places[index + 1];
    }
    return replaced + text.slice(end);
  };
}

/** What changes ids and is computed nowhere is refused. */
function checkModel(model: JsonObject['model']): void {
  if (!isJsonObject(model)) throw new Error('model must be an object');
  // The library guesses at other types from what else the model has. Files of long ago name none.
  const type = model.type ?? null;
  if (type !== null && !['BPE', 'Unigram', 'WordPiece'].some((known) => known === type))
    throw new Error(`Unknown TokenizerModel type: ${String(type)}`);
  for (const [name, harmless] of [
    ['dropout', 0],
    ['continuing_subword_prefix', ''],
  ] as const) {
    const value = model[name] ?? null;
    if (model.type === 'BPE' && value !== null && value !== harmless)
      throw new Error(`model.${name} is ${JSON.stringify(value)}, which is not supported`);
  }
}

// Trains a byte-level BPE tokenizer on texts and states it as a Hugging Face `tokenizer.json`.

import { ConfigurationError } from '../util/errors.ts';
import type { JsonObject } from '../util/json.ts';
import { BYTE_CHARACTERS, toByteCharacters } from './byte_level.ts';

/**
 * What merges never cross: English contractions, words with the space before them, single digits, runs of punctuation,
 * white space. Digits stand alone so that a number is always spelled the same way and sums can be learnt column by column.
 */
const PRE_TOKENIZER_PATTERN = "'(?:[sdmt]|ll|ve|re)| ?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";

export interface TrainBpeOptions {
  /** Number of entries, special tokens and the 256 bytes included. */
  vocabSize: number;
  /** They take the first ids, in this order. */
  specialTokens: readonly string[];
}

/** A distinct pre-token: its current segmentation into token ids, and how often the texts hold it. */
interface Word {
  ids: number[];
  count: number;
}

/** Two neighbouring tokens: how often they meet, and in which words. */
interface Pair {
  left: number;
  right: number;
  count: number;
  words: Set<Word>;
}

/**
 * Byte-pair encoding (Sennrich et al. 2016, https://arxiv.org/abs/1508.07909) over UTF-8 bytes: the most frequent pair of
 * neighbouring tokens becomes a token, until the vocabulary is full. Ties go to the pair of lower ids, so the result is a
 * function of the texts alone. Throws ConfigurationError when the texts hold too little to fill the vocabulary.
 */
export function trainBpe(texts: Iterable<string>, options: TrainBpeOptions): { tokenizerJson: JsonObject } {
  const { vocabSize, specialTokens } = options;
  const smallest = specialTokens.length + BYTE_CHARACTERS.length;
  if (vocabSize < smallest) {
    throw new ConfigurationError(`a vocabulary of ${vocabSize} cannot hold 256 bytes and the special tokens`, {
      hint: `Ask for at least ${smallest} entries.`,
    });
  }
  // Bytes take their ids in the order of their characters, as in every published byte-level tokenizer.
  const tokens = [...specialTokens, ...[...BYTE_CHARACTERS].sort()];
  const idOf = new Map(tokens.map((token, id) => [token, id]));
  const merges: [string, string][] = [];
  const pairs = new PairTable(countWords(texts, idOf));
  while (tokens.length < vocabSize) {
    const best = pairs.mostFrequent();
    if (best === null) {
      throw new ConfigurationError(`the texts fill a vocabulary of ${tokens.length} entries, not ${vocabSize}`, {
        hint: 'Train on more text or ask for a smaller vocabulary.',
      });
    }
    merges.push([tokens[best.left], tokens[best.right]]);
    const merged = tokens[best.left] + tokens[best.right];
    // "ab" + "c" may spell what "a" + "bc" already does: two merges, one token.
    const id = idOf.get(merged) ?? tokens.push(merged) - 1;
    idOf.set(merged, id);
    pairs.merge(best, id);
  }
  return { tokenizerJson: tokenizerJson(tokens, merges, specialTokens) };
}

function countWords(texts: Iterable<string>, idOf: ReadonlyMap<string, number>): Word[] {
  const counts = new Map<string, number>();
  const pattern = new RegExp(PRE_TOKENIZER_PATTERN, 'gu');
  for (const text of texts) {
    for (const [word] of text.matchAll(pattern)) counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  const words: Word[] = [];
  for (const [text, count] of counts) {
    const ids = Array.from(toByteCharacters(text), (character) => idOf.get(character) ?? 0);
    words.push({ ids, count });
  }
  return words;
}

/** All pairs of neighbours in a list of words, kept up to date while pairs merge. */
class PairTable {
  readonly #pairs = new Map<string, Pair>();

  constructor(words: readonly Word[]) {
    for (const word of words) this.#count(word, 1);
  }

  /** The pair to merge next, or null when every word is a single token. */
  mostFrequent(): Pair | null {
    let best: Pair | null = null;
    for (const pair of this.#pairs.values()) {
      if (best === null || comesBefore(pair, best)) best = pair;
    }
    return best;
  }

  /** Replaces the pair by one token wherever it occurs; only the words that hold it are counted anew. */
  merge(pair: Pair, merged: number): void {
    for (const word of [...pair.words]) {
      this.#count(word, -1);
      word.ids = replacePair(word.ids, pair, merged);
      this.#count(word, 1);
    }
  }

  #count(word: Word, sign: 1 | -1): void {
    for (let i = 0; i + 1 < word.ids.length; i++) {
      const left = word.ids[i];
      const right = word.ids[i + 1];
      const key = `${left},${right}`;
      const pair = this.#pairs.get(key) ?? { left, right, count: 0, words: new Set<Word>() };
      pair.count += sign * word.count;
      if (sign === 1) pair.words.add(word);
      else pair.words.delete(word);
      if (pair.count > 0) this.#pairs.set(key, pair);
      else this.#pairs.delete(key);
    }
  }
}

function comesBefore(a: Pair, b: Pair): boolean {
  if (a.count !== b.count) return a.count > b.count;
  return a.left !== b.left ? a.left < b.left : a.right < b.right;
}

function replacePair(ids: readonly number[], { left, right }: Pair, merged: number): number[] {
  const replaced: number[] = [];
  for (let i = 0; i < ids.length; i++) {
    if (ids[i] === left && ids[i + 1] === right) {
      replaced.push(merged);
      i++;
    } else replaced.push(ids[i]);
  }
  return replaced;
}

/** The layout that Hugging Face `tokenizers` writes, so that every reader of it loads the file. */
function tokenizerJson(
  tokens: readonly string[],
  merges: readonly [string, string][],
  specialTokens: readonly string[],
): JsonObject {
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: specialTokens.map((content, id) => ({
      id,
      content,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: true,
    })),
    normalizer: null,
    pre_tokenizer: {
      type: 'Sequence',
      pretokenizers: [
        { type: 'Split', pattern: { Regex: PRE_TOKENIZER_PATTERN }, behavior: 'Isolated', invert: false },
        { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: false },
      ],
    },
    post_processor: null,
    decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
      merges: merges.map(([left, right]) => `${left} ${right}`),
    },
  };
}

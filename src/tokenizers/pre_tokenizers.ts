// Pre-tokenizers: text to words. Patterns are read by the library; what it leaves out or computes with JavaScript's idea of
// white space and digits is computed here as the original does: behaviours of splits, words after a metaspace, every
// number of Unicode a digit, U+0085 white space and U+FEFF none.

import { Tokenizer as HfTokenizer } from '@huggingface/tokenizers';
import { isJsonObject, type JsonObject, type JsonValue } from '../util/json.ts';
import { toByteCharacters } from './byte_level.ts';
import { boundedMatches, type Matches, matchesOf } from './patterns.ts';

/** Words of a text. `first`: nothing stands before it. */
export type PreTokenizer = (text: string, first: boolean) => string[];

/** How GPT-2 splits text, which `ByteLevel` does unless told otherwise. */
const GPT2_PATTERN = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";
const SPACES = '\\t-\\r\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000';
const SPACE = `[${SPACES}]`;
const WORD = '\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\u200c\\u200d';
const PUNCTUATION = /[!-/:-@[-`{-~\p{P}]/gu;

const BEHAVIORS = ['removed', 'isolated', 'mergedwithprevious', 'mergedwithnext', 'contiguous'] as const;
type Behavior = (typeof BEHAVIORS)[number];

/** Throws an Error that says what is not known of it. */
export function createPreTokenizer(json: JsonValue): PreTokenizer {
  if (json === null) return (text) => [text];
  if (!isJsonObject(json)) throw new Error('pre_tokenizer must be an object');
  switch (json.type) {
    case 'Sequence': {
      const stages = Array.isArray(json.pretokenizers) ? json.pretokenizers.map(createPreTokenizer) : [];
      return (text, first) =>
        stages.reduce<string[]>(
          (words, stage) => words.flatMap((word, index) => stage(word, first && index === 0)),
          [text],
        );
    }
    case 'ByteLevel':
      return byteLevel(json);
    case 'Split':
      return splitting(patternOf(json.pattern), behaviorOf(json.behavior), json.invert === true);
    case 'Digits':
      return splitting(matchesOf(json.individual_digits === true ? /\p{N}/gu : /\p{N}+/gu), 'isolated');
    case 'Metaspace':
      return metaspace(json);
    case 'Punctuation':
      return splitting(matchesOf(PUNCTUATION), behaviorOf(json.behavior ?? 'Isolated'));
    case 'WhitespaceSplit':
      return splitting(matchesOf(new RegExp(`${SPACE}+`, 'gu')), 'removed');
    case 'Whitespace':
      return splitting(matchesOf(new RegExp(`[${WORD}]+|[^${WORD}${SPACES}]+`, 'gu')), 'removed', true);
    case 'BertPreTokenizer': {
      const words = splitting(matchesOf(new RegExp(`${SPACE}`, 'gu')), 'removed');
      const marks = splitting(matchesOf(PUNCTUATION), 'isolated');
      return (text, first) => words(text, first).flatMap((word) => marks(word, false));
    }
    case 'CharDelimiterSplit':
      return splitting(patternOf({ String: json.delimiter ?? ' ' }), 'removed');
    default:
      throw new Error(`unknown pre_tokenizer ${JSON.stringify(json.type)}`);
  }
}

/** Whether it puts something in front of a text that a text which goes on does not get. */
export function marksBeginnings(json: JsonValue): boolean {
  if (Array.isArray(json)) return json.some(marksBeginnings);
  if (!isJsonObject(json)) return false;
  if (json.type === 'Prepend') return true;
  if (json.type === 'Metaspace') return json.prepend_scheme !== 'never' && json.add_prefix_space !== false;
  if (json.type === 'ByteLevel') return json.add_prefix_space !== false;
  return (
    json.type === 'Sequence' && [json.normalizers, json.pretokenizers].some((stages) => marksBeginnings(stages ?? null))
  );
}

function byteLevel(json: JsonObject): PreTokenizer {
  const words = json.use_regex === false ? null : splitting(matchesOf(expressionOf(GPT2_PATTERN)), 'isolated');
  const prefixed = json.add_prefix_space !== false;
  return (text, first) => {
    const whole = prefixed && !text.startsWith(' ') ? ` ${text}` : text;
    return (words === null ? [whole] : words(whole, first)).map(toByteCharacters);
  };
}

function metaspace(json: JsonObject): PreTokenizer {
  const mark = typeof json.replacement === 'string' ? json.replacement : '▁';
  // Older files say only whether there is a prefix.
  const scheme = json.prepend_scheme ?? (json.add_prefix_space === false ? 'never' : 'always');
  const words = json.split === false ? null : splitting(patternOf({ String: mark }), 'mergedwithnext');
  return (text, first) => {
    const marked = text.replaceAll(' ', mark);
    const prefixed = (scheme === 'always' || (scheme === 'first' && first)) && !marked.startsWith(mark);
    const whole = prefixed ? mark + marked : marked;
    return words === null ? [whole] : words(whole, first);
  };
}

/** The matches of a pattern of a tokenizer.json. */
function patternOf(pattern: JsonValue | undefined): Matches {
  if (isJsonObject(pattern) && typeof pattern.String === 'string')
    return matchesOf(new RegExp(pattern.String.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&'), 'gu'));
  if (!isJsonObject(pattern) || typeof pattern.Regex !== 'string') throw new Error('a split needs a pattern');
  return boundedMatches(expressionOf(pattern.Regex));
}

/** The regular expression as the library reads it: those of tokenizer.json are Oniguruma's. */
function expressionOf(source: string): RegExp {
  const split = { type: 'Split', pattern: { Regex: source }, behavior: 'Isolated', invert: false };
  const model = { type: 'BPE', vocab: {}, merges: [] };
  const around = { normalizer: null, decoder: null, post_processor: null, added_tokens: [] };
  const compiled: unknown = new HfTokenizer({ ...around, model, pre_tokenizer: split }, {}).pre_tokenizer?.pattern;
  if (compiled instanceof RegExp) return compiled;
  throw new Error(`the pattern ${JSON.stringify(source)} cannot be read`);
}

function behaviorOf(value: JsonValue | undefined): Behavior {
  const name = typeof value === 'string' ? value.toLowerCase().replaceAll('_', '') : '';
  const behavior = BEHAVIORS.find((known) => known === name);
  if (behavior === undefined) throw new Error(`unknown behavior of a split: ${JSON.stringify(value ?? null)}`);
  return behavior;
}

/** Splits at matches of a pattern, or at what is between them. */
function splitting(matches: Matches, behavior: Behavior, invert = false): PreTokenizer {
  return (text) => {
    const parts: { text: string; isMatch: boolean }[] = [];
    const push = (start: number, end: number, isMatch: boolean) => {
      if (start < end) parts.push({ text: text.slice(start, end), isMatch: isMatch !== invert });
    };
    let end = 0;
    const places = matches(text);
    for (let index = 0; index < places.length; index += 2) {
      push(end, places[index], false);
      push(places[index], places[index + 1], true);
      end = places[index + 1];
    }
    push(end, text.length, false);
    return merge(parts, behavior);
  };
}

function merge(parts: readonly { text: string; isMatch: boolean }[], behavior: Behavior): string[] {
  if (behavior === 'removed') return parts.filter(({ isMatch }) => !isMatch).map(({ text }) => text);
  if (behavior === 'isolated') return parts.map(({ text }) => text);
  const words: string[] = [];
  const isJoined = (index: number): boolean => {
    const [before, here] = [parts[index - 1], parts[index]];
    if (before === undefined) return false;
    if (behavior === 'contiguous') return before.isMatch === here.isMatch;
    return behavior === 'mergedwithprevious' ? here.isMatch && !before.isMatch : before.isMatch && !here.isMatch;
  };
  parts.forEach(({ text }, index) => {
    if (isJoined(index)) words.push(`${words.pop() ?? ''}${text}`);
    else words.push(text);
  });
  return words;
}

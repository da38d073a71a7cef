// The 25 instructions of IFEval (arXiv 2311.07911) that a program can verify, by their ids and with their arguments. What each asks
// for is the paper's; how it is checked is ours.

import { closestNames, didYouMean } from '../../registry/suggest.ts';
import { field, kindOf } from '../../supervised/data/fields.ts';
import { DataValidationError } from '../../util/errors.ts';
import type { JsonObject } from '../../util/json.ts';
import { knownLanguages, languageOf, partsBetween, sentencesOf, wordsOf } from './texts.ts';

// A model may write anything, and 100 000 line breaks or quotes in a row are what a broken one writes. Each expression is such that a
// text is passed over once: nothing that repeats can be divided in two ways, and nothing is looked for again from each of its characters.

/** Blanks before the mark are those of its own line: those of empty lines above would be read again from each of these lines. */
const BULLET = /^[^\S\n\r\u2028\u2029]*(?:\*(?!\*)|-(?!-)).*\S/gm;
/** Something between asterisks that is not blank, within a line. */
const HIGHLIGHT = /\*\*[^\S\n]*[^\n*\s][^\n*]*\*\*|\*[^\S\n]*[^\n*\s][^\n*]*\*/g;
/** From the first letter or digit to the last. */
const BARE_WORD = /[\p{L}\p{N}](?:.*[\p{L}\p{N}])?/su;
/** Without the quotes at either end. */
const UNQUOTED = /[^"](?:.*[^"])?/s;

/** Whether a reply follows an instruction. */
export type Follows = (reply: string) => boolean;

/** Reads the arguments of an instruction. @throws DataValidationError that names the one that is wrong */
type ReadInstruction = (kwargs: JsonObject) => Follows;

const INSTRUCTIONS: Readonly<Record<string, ReadInstruction>> = {
  'keywords:existence'(kwargs) {
    const keywords = textsIn(kwargs, 'keywords').map(folded);
    return (reply) => keywords.every((keyword) => folded(reply).includes(keyword));
  },
  'keywords:frequency'(kwargs) {
    const keyword = folded(textIn(kwargs, 'keyword'));
    const suits = relationIn(kwargs, 'relation', 'frequency');
    return (reply) => suits(folded(reply).split(keyword).length - 1);
  },
  'keywords:forbidden_words'(kwargs) {
    const words = textsIn(kwargs, 'forbidden_words').map(wholeWord);
    return (reply) => !words.some((word) => word.test(reply));
  },
  'keywords:letter_frequency'(kwargs) {
    const letter = folded(textIn(kwargs, 'letter'));
    const suits = relationIn(kwargs, 'let_relation', 'let_frequency');
    return (reply) => suits(folded(reply).split(letter).length - 1);
  },
  'language:response_language'(kwargs) {
    const language = textIn(kwargs, 'language');
    if (!knownLanguages.includes(language)) {
      throw new DataValidationError(`language: ${JSON.stringify(language)} is none that can be told`);
    }
    return (reply) => isMaybe(reply, language);
  },
  'length_constraints:number_sentences'(kwargs) {
    const suits = relationIn(kwargs, 'relation', 'num_sentences');
    return (reply) => suits(sentencesOf(reply).length);
  },
  'length_constraints:number_paragraphs'(kwargs) {
    const count = numberIn(kwargs, 'num_paragraphs');
    return (reply) => partsBetween(reply, /\s?\*\*\*\s?/)?.length === count;
  },
  'length_constraints:number_words'(kwargs) {
    const suits = relationIn(kwargs, 'relation', 'num_words');
    return (reply) => suits(wordsOf(reply).length);
  },
  'length_constraints:nth_paragraph_first_word'(kwargs) {
    const count = numberIn(kwargs, 'num_paragraphs');
    const nth = numberIn(kwargs, 'nth_paragraph');
    const first = folded(textIn(kwargs, 'first_word'));
    return (reply) => {
      const paragraphs = reply.split(/\n\n/).filter((paragraph) => paragraph.trim() !== '');
      const [word = ''] = (paragraphs[nth - 1] ?? '').trim().split(/\s/);
      return paragraphs.length === count && folded(BARE_WORD.exec(word)?.[0] ?? '') === first;
    };
  },
  'detectable_content:number_placeholders'(kwargs) {
    const least = numberIn(kwargs, 'num_placeholders');
    return (reply) => countOf(reply, /\[[^[\]]*\]/g) >= least;
  },
  'detectable_content:postscript'(kwargs) {
    const marker = textIn(kwargs, 'postscript_marker');
    // With or without spaces between its letters.
    const pattern = escaped(marker.trim().replaceAll(' ', ''))
      .replaceAll('\\.', '\\.\\s?')
      .replace(/\\s\?$/, '');
    return (reply) => new RegExp(pattern, 'i').test(reply);
  },
  'detectable_format:number_bullet_lists'(kwargs) {
    const count = numberIn(kwargs, 'num_bullets');
    return (reply) => countOf(reply, BULLET) === count;
  },
  'detectable_format:constrained_response': () => (reply) => /My answer is (?:yes|no|maybe)\./.test(reply),
  'detectable_format:number_highlighted_sections'(kwargs) {
    const least = numberIn(kwargs, 'num_highlights');
    return (reply) => countOf(reply, HIGHLIGHT) >= least;
  },
  'detectable_format:multiple_sections'(kwargs) {
    const splitter = textIn(kwargs, 'section_spliter');
    const least = numberIn(kwargs, 'num_sections');
    return (reply) => countOf(reply, new RegExp(`${escaped(splitter)}\\s?\\d+`, 'g')) >= least;
  },
  'detectable_format:json_format': () => (reply) => {
    const bare = reply
      .trim()
      .replace(/^```(?:json)?\s*\n?/i, '')
      .replace(/```$/, '');
    try {
      JSON.parse(bare);
      return true;
    } catch {
      return false;
    }
  },
  'detectable_format:title': () => (reply) => reply.split('\n').some(hasTitle),
  'combination:two_responses': () => (reply) => {
    const parts = partsBetween(reply, /\*{6}/);
    return parts !== null && parts.length === 2 && parts[0] !== parts[1];
  },
  'combination:repeat_prompt'(kwargs) {
    const prompt = folded(textIn(kwargs, 'prompt_to_repeat').trim());
    return (reply) => folded(reply.trim()).startsWith(prompt);
  },
  'startend:end_checker'(kwargs) {
    const phrase = folded(textIn(kwargs, 'end_phrase').trim());
    return (reply) => folded((UNQUOTED.exec(reply.trim())?.[0] ?? '').trim()).endsWith(phrase);
  },
  'change_case:capital_word_frequency'(kwargs) {
    const suits = relationIn(kwargs, 'capital_relation', 'capital_frequency');
    return (reply) =>
      suits(wordsOf(reply).filter((word) => /\p{Lu}/u.test(word) && word === word.toUpperCase()).length);
  },
  'change_case:english_capital': () => (reply) =>
    hasLetters(reply) && reply === reply.toUpperCase() && isMaybe(reply, 'en'),
  'change_case:english_lowercase': () => (reply) =>
    hasLetters(reply) && reply === reply.toLowerCase() && isMaybe(reply, 'en'),
  'punctuation:no_comma': () => (reply) => !reply.includes(','),
  'startend:quotation': () => (reply) => /^".*"$/s.test(reply.trim()),
};

export const INSTRUCTION_IDS: readonly string[] = Object.keys(INSTRUCTIONS);

/** @throws DataValidationError for an id that there is not, and for arguments that are wrong */
export function instructionOf(id: string, kwargs: JsonObject): Follows {
  const read = Object.hasOwn(INSTRUCTIONS, id) ? INSTRUCTIONS[id] : undefined;
  if (read !== undefined) return read(kwargs);
  throw new DataValidationError(
    `unknown instruction ${JSON.stringify(id)}${didYouMean(closestNames(id, INSTRUCTION_IDS))}`,
  );
}

const folded = (text: string): string => text.toLowerCase();
const escaped = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
const countOf = (text: string, pattern: RegExp): number => [...text.matchAll(pattern)].length;
const hasLetters = (text: string): boolean => /\p{L}/u.test(text);
/** Of a reply that is too short to tell nobody can say that it is in another language. */
const isMaybe = (text: string, language: string): boolean => (languageOf(text) ?? language) === language;

/** A title stands between << and >>, and more than these marks. */
function hasTitle(line: string): boolean {
  for (let start = line.indexOf('<<'); start !== -1; ) {
    const end = line.indexOf('>>', start + 3);
    if (end === -1) return false;
    const title = line.slice(start + 2, end);
    if (title.replaceAll(/[<>]/g, '').trim() !== '') return true;
    start = line.indexOf('<<', end + 2);
  }
  return false;
}

const wholeWord = (word: string): RegExp => new RegExp(`(?<![\\p{L}\\p{N}_])${escaped(word)}(?![\\p{L}\\p{N}_])`, 'iu');

function textIn(kwargs: JsonObject, name: string): string {
  const value = field(kwargs, name);
  if (typeof value === 'string' && value !== '') return value;
  throw new DataValidationError(`${name}: must be text, not ${kindOf(value)}`);
}

function textsIn(kwargs: JsonObject, name: string): string[] {
  const value = field(kwargs, name);
  const isTexts = (each: unknown): each is string[] =>
    Array.isArray(each) && each.every((text) => typeof text === 'string' && text !== '');
  if (isTexts(value) && value.length > 0) return value;
  throw new DataValidationError(`${name}: must be a list of texts, not ${kindOf(value)}`);
}

function numberIn(kwargs: JsonObject, name: string): number {
  const value = field(kwargs, name);
  if (typeof value === 'number' && Number.isFinite(value) && value >= 0) return value;
  throw new DataValidationError(`${name}: must be a number, not ${kindOf(value)}`);
}

/** `less than` or `at least` so many. */
function relationIn(kwargs: JsonObject, relation: string, number: string): (count: number) => boolean {
  const bound = numberIn(kwargs, number);
  const value = field(kwargs, relation);
  if (value === 'less than') return (count) => count < bound;
  if (value === 'at least') return (count) => count >= bound;
  throw new DataValidationError(`${relation}: must be "less than" or "at least", not ${kindOf(value)}`);
}

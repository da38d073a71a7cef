// A reply as words, sentences and paragraphs, and its language: what verifiable instructions count.

import { franc } from 'franc';

/** Runs of letters, digits and underscores of any script. */
export const wordsOf = (text: string): string[] => text.match(/[\p{L}\p{M}\p{N}_]+/gu) ?? [];

const ABBREVIATION = /(?:^|[\s("'])(?:mr|mrs|ms|dr|prof|st|sr|jr|vs|etc|e\.g|i\.e|no|fig|inc|ltd|co|[a-z])\.\s*$/i;

/** By Unicode's rules, over the ends of lines, and not behind abbreviations. */
export function sentencesOf(text: string): string[] {
  // Whole runs of blanks: an expression that wants a line break in one looks for it from each of its blanks.
  const joined = text.replaceAll(/\s+/g, (blanks) => (blanks.includes('\n') ? ' ' : blanks)).trim();
  const sentences: string[] = [];
  let goesOn = false;
  for (const segment of segmentsOf(joined)) {
    if (goesOn) sentences[sentences.length - 1] += segment;
    else sentences.push(segment);
    // Blanks alone leave it as it was. The piece tells, and not the sentence so far, which many abbreviations make long.
    if (segment.trim() !== '') goesOn = ABBREVIATION.test(segment);
  }
  return sentences.filter((sentence) => wordsOf(sentence).length > 0);
}

const SEGMENTER = new Intl.Segmenter('en', { granularity: 'sentence' });
const WINDOW = 2048;

/**
 * By Unicode's rules. The segmenter goes through its whole text for each segment, so it is given a window of it. Where a sentence begins
 * depends on nothing before it, and where it ends at most on the sentence behind it: the last two of a window are looked at again.
 */
function* segmentsOf(text: string): Generator<string> {
  for (let start = 0, width = WINDOW; start < text.length; ) {
    const segments = Array.from(SEGMENTER.segment(text.slice(start, start + width)), ({ segment }) => segment);
    const sure = start + width >= text.length ? segments : segments.slice(0, -2);
    yield* sure;
    for (const segment of sure) start += segment.length;
    width = sure.length === 0 ? 2 * width : WINDOW;
  }
}

/** Parts between dividers. Null where one in the middle is empty; empty ones at either end are none. */
export function partsBetween(text: string, divider: RegExp): string[] | null {
  const parts = text.split(divider).map((part) => part.trim());
  if (parts.slice(1, -1).includes('')) return null;
  return parts.filter((part) => part !== '');
}

/** Codes of ISO 639-1 that data sets have, by those of ISO 639-3 that the detector has. */
const LANGUAGES: Readonly<Record<string, string>> = {
  afr: 'af',
  arb: 'ar',
  bul: 'bg',
  ben: 'bn',
  cat: 'ca',
  ces: 'cs',
  cym: 'cy',
  dan: 'da',
  deu: 'de',
  ell: 'el',
  eng: 'en',
  spa: 'es',
  ekk: 'et',
  pes: 'fa',
  fin: 'fi',
  fra: 'fr',
  guj: 'gu',
  heb: 'he',
  hin: 'hi',
  hrv: 'hr',
  hun: 'hu',
  ind: 'id',
  ita: 'it',
  jpn: 'ja',
  kan: 'kn',
  kor: 'ko',
  lit: 'lt',
  lvs: 'lv',
  mkd: 'mk',
  mal: 'ml',
  mar: 'mr',
  npi: 'ne',
  nld: 'nl',
  nob: 'no',
  pan: 'pa',
  pol: 'pl',
  por: 'pt',
  ron: 'ro',
  rus: 'ru',
  slk: 'sk',
  slv: 'sl',
  som: 'so',
  als: 'sq',
  swe: 'sv',
  swh: 'sw',
  tam: 'ta',
  tel: 'te',
  tha: 'th',
  tgl: 'tl',
  tur: 'tr',
  ukr: 'uk',
  urd: 'ur',
  vie: 'vi',
  cmn: 'zh',
};

export const knownLanguages: readonly string[] = Object.values(LANGUAGES);

/** The language of a text; null where it is too short to tell, or of none that is known. */
export function languageOf(text: string): string | null {
  return LANGUAGES[franc(text.toLowerCase(), { only: Object.keys(LANGUAGES) })] ?? null;
}

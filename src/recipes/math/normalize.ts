// The second normal form of an answer: plain text without LaTeX, units, spaces and capitals, that can be read as a formula. It
// is the one of PRM800K's grader (arXiv 2305.20050).

import { latexToText, UnreadableLatex } from './latex_to_text.ts';
import { unwrapped } from './normalize_answer.ts';
import { wholeNumber, wholeNumberWithCommas } from './number_text.ts';

const UNITS = 'degree cm centimeter meter mile second minute hour day week month year foot feet inch yard'.split(' ');

/**
 * `strict` follows the reference where it is wrong: it takes units out of the middle of words (of `monday` it leaves `mon`), and
 * loses what braces group.
 */
export function normalize(answer: string, strict: boolean): string {
  const text = unwrapped(answer)
    .replaceAll(/\\?[%$]/g, '')
    .replaceAll(' or ', ' , ')
    .replaceAll(' and ', ' , ')
    .replaceAll('million', '*10^6')
    .replaceAll('billion', '*10^9')
    .replaceAll('trillion', '*10^12');
  const plain = withoutUnits(text, strict)
    .replaceAll(/\^ *\\circ/g, '')
    .replace(/^\{([\s\S]*)\}$/, '$1')
    .replaceAll(/,\\! */g, '');
  const spelled = asText(wholeNumber(plain, strict) ?? plain, strict)
    .replaceAll(/- */g, '-')
    // A mixed number is a sum: of `7 3/4`, `7+3/4`.
    .replaceAll(/(\d) +(\d)/g, '$1+$2')
    .replaceAll(/[ {}]/g, '')
    .toLowerCase();
  return wholeNumberWithCommas(spelled, strict) ?? spelled;
}

/** The reference leaves `kilo` of kilometers. As whole words units are removed from all but answers that are nothing else. */
function withoutUnits(text: string, strict: boolean): string {
  const rest = (strict ? UNITS_ANYWHERE : UNIT_WORDS).reduce((left, unit) => left.replaceAll(unit, ''), text);
  return strict || rest.trim() !== '' ? rest : text;
}

const UNITS_ANYWHERE = UNITS.map((unit) => new RegExp(`${unit}(?:es)?s? *(?:\\^\\d+)?`, 'g'));
const UNIT_WORDS = [new RegExp(`(?<!\\p{L})(?:${UNITS.join('|')})(?:es)?s?(?!\\p{L}) *(?:\\^\\d+)?`, 'gu')];

/** Without backslashes there is nothing to read; braces count where they hold an exponent together. */
function asText(text: string, strict: boolean): string {
  if (!text.includes('\\') && (strict || !text.includes('^{'))) return text;
  try {
    return latexToText(text, strict);
  } catch (error) {
    if (error instanceof UnreadableLatex) return text;
    throw error;
  }
}

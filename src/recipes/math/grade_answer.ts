// Whether an answer to a problem of mathematics is the right one, by text and by value (tinker_cookbook/recipes/math_rl/
// math_grading.py; Hendrycks' normal form, then that of PRM800K and a comparison of formulas).

import { normalize } from './normalize.ts';
import { normalizeAnswer } from './normalize_answer.ts';
import { isFraction, wholeNumberWithCommas } from './number_text.ts';
import { splitTuple } from './split_tuple.ts';
import { symbolicEqual } from './symbolic_equal.ts';

export interface GradeOptions {
  /**
   * Grade as the Python cookbook does, mistakes included: `\frac{a+b}{2}` is then a + b/2 and `\sqrt[3]{8}` is √8, units are
   * taken out of the middle of words, and no answer is the right answer where the truth is empty.
   */
  strictReference?: boolean;
}

/**
 * Whether `given` answers what `truth` does. An answer that is a whole number has to be given as one, fractions in lowest
 * terms, elements of tuples in their order; formulas may differ in form where they have at most two letters. Any text is
 * graded within milliseconds: what would take longer is wrong.
 */
export function gradeAnswer(
  given: string | null,
  truth: string,
  { strictReference = false }: GradeOptions = {},
): boolean {
  if (given === null) return false;
  const strict = strictReference;
  const plain = normalizeAnswer(given);
  if (plain === normalizeAnswer(truth) && (strict || plain !== '')) return true;
  const [givenText, truthText] = [normalize(given, strict), normalize(truth, strict)];
  if (givenText === truthText && (strict || givenText !== '')) return true;
  return givenText !== '' && equalByValue(givenText, truthText, strict);
}

function equalByValue(given: string, truth: string, strict: boolean): boolean {
  const [givenElements, truthElements] = [splitTuple(given, strict), splitTuple(truth, strict)];
  if (truthElements.length !== givenElements.length) return false;
  const isTuple = truthElements.length > 1;
  if (isTuple && (truth[0] !== given[0] || truth.at(-1) !== given.at(-1))) return false;
  return truthElements.every((element, index) => equalElements(givenElements[index], element, strict));
}

function equalElements(given: string, truth: string, strict: boolean): boolean {
  if (isFraction(truth) && isFraction(given)) return truth === given;
  const isWhole = (text: string) => wholeNumberWithCommas(text, strict) !== null;
  if (isWhole(truth) !== isWhole(given)) return false;
  return symbolicEqual(truth, given, strict);
}

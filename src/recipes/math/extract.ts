// The final answer of a reply in words: where datasets and models put it, and in which order to look.

import { DataValidationError } from '../../util/errors.ts';
import { firstBoxed } from './boxed.ts';

/**
 * What GSM8K marks as the answer: behind `####` on a line of its own, the last one, else behind the last `####` anywhere.
 * @throws DataValidationError where there is no such mark
 */
export function extractGsm8kFinalAnswer(text: string): string {
  const marked = text
    .split('####')
    .slice(1)
    .map((part) => part.split('\n', 1)[0]);
  const onLines = [...text.matchAll(/^[^\S\n]*####(.*)/gm)].map(([, answer]) => answer);
  const answer = [...marked, ...onLines].map((part) => part.trim()).findLast((part) => part !== '');
  if (answer === undefined) throw new DataValidationError('the text has no answer behind "####"');
  return answer.replace(/^:/, '').replaceAll(',', '').trim();
}

/** The last whole number, whatever stands before it: the answer of an arithmetic problem. null where there is none. */
export function extractLastInteger(text: string): number | null {
  const last = text.replaceAll(',', '').match(/-?\d+/g)?.at(-1);
  return last === undefined ? null : Number(last);
}

const NUMBER = String.raw`-?\$?(?:\d[\d,]*(?:\.\d+)?|\.\d+)`;

/** Where a reply to a word problem may have its answer, unless it is boxed; the surest place first. */
const PLACES = [
  String.raw`####[\s:]*(${NUMBER})`,
  String.raw`answer(?:\s+is|:)[^\d\n.-]{0,40}(${NUMBER})`,
  // The number is taken whole, or not at all: the rest of a bold text may be digits too.
  String.raw`\*\*\s*(?=(${NUMBER}))\1[^*\n]*\*\*`,
  String.raw`(?<![\d.])(${NUMBER})`,
].map((place) => new RegExp(place, 'gi'));

/**
 * The number that a reply to a word problem ends in: boxed, behind `####`, behind "answer is" or "answer:", the last bold one,
 * or else the last of all; without commas and dollars. null where there is none, or none in the box.
 */
export function extractNumericAnswer(text: string): string | null {
  const boxed = firstBoxed(text);
  const found = boxed === null ? lastInFirstPlace(text) : new RegExp(NUMBER).exec(boxed)?.[0];
  return found?.replaceAll(/[$,]/g, '') ?? null;
}

function lastInFirstPlace(text: string): string | undefined {
  for (const place of PLACES) {
    const last = [...text.matchAll(place)].at(-1);
    if (last !== undefined) return last[1];
  }
  return undefined;
}

// The final answer of a reply in words: where datasets and models put it, and in which order to look.

import { DataValidationError } from '../../util/errors.ts';
import { firstBoxed } from './boxed.ts';

/**
 * What GSM8K marks as the answer: behind `####` on a line of its own, the last one, else behind the last `####` anywhere.
 * @throws DataValidationError where there is no such mark
 */
export function extractGsm8kFinalAnswer(text: string): string {
  const lines = text.split(/\r?\n/).map((line) => line.trim());
  const marked = lines.findLast((line) => line.startsWith('####'))?.slice('####'.length);
  const answer = marked ?? [...text.matchAll(/####[^\S\n]*(\S.*)/g)].at(-1)?.[1];
  if (answer === undefined) throw new DataValidationError('the text has no answer behind "####"');
  return answer.trim().replace(/^:/, '').replaceAll(',', '').trim();
}

/** The last whole number, whatever stands before it: the answer of an arithmetic problem. null where there is none. */
export function extractLastInteger(text: string): number | null {
  const last = text.replaceAll(',', '').match(/-?\d+/g)?.at(-1);
  return last === undefined ? null : Number(last);
}

const NUMBER = String.raw`-?\$?(?:\d[\d,]*(?:\.\d+)?|\.\d+)`;

/** Where a reply to a word problem may have its answer, the surest place first. */
const PLACES = [
  (text: string) => /####\s*(.*)/.exec(text)?.[1],
  (text: string) => lastMatch(text, new RegExp(String.raw`answer(?:\s+is|:)[^\d\n.-]{0,40}(${NUMBER})`, 'gi')),
  (text: string) => lastMatch(text, new RegExp(String.raw`\*\*\s*(${NUMBER})[^*\n]*\*\*`, 'g')),
  (text: string) => lastMatch(text, new RegExp(String.raw`(?<![\d.])(${NUMBER})`, 'g')),
];

/**
 * The number that a reply to a word problem ends in: boxed, behind `####`, behind "answer is" or "answer:", the last bold one,
 * or else the last of all; without commas and dollars. null where the first of these places that is there holds no number.
 */
export function extractNumericAnswer(text: string): string | null {
  const boxed = firstBoxed(text);
  const found = boxed ?? PLACES.reduce<string | undefined>((before, place) => before ?? place(text), undefined);
  const number = found === undefined ? null : new RegExp(NUMBER).exec(found);
  return number === null ? null : number[0].replaceAll(/[$,]/g, '');
}

function lastMatch(text: string, pattern: RegExp): string | undefined {
  return [...text.matchAll(pattern)].at(-1)?.[1];
}

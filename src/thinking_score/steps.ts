// The steps of a chain of thought, and copies of them with other numbers in them (tinker_cookbook/recipes/true_thinking_score).

import type { RandomGenerator } from 'pure-rand/types/RandomGenerator';
import { nextBelow } from '../util/random.ts';

/** What a line begins with that begins a step: a number of a list, a heading, a bullet, or a word that says so. */
const BEGINS =
  /^\s*(?:\d+[.)]\s|#{1,6}\s|[-*•]\s|\*\*|(?:Step|First|Second|Third|Next|Then|Now|So|Also|Thus|Hence|Therefore|Finally|Wait|But|However|Alternatively|Let|Since|Because|Check|Hmm|Okay|OK|Actually|Checking|Verify)\b)/;

/** Where a thought looks back at itself. */
const VERIFIES = /\b(?:wait|check|verify|verif|double-check|re-?check|make sure|confirm)/i;

export const isSelfVerification = (step: string): boolean => VERIFIES.test(step);

/**
 * Pieces that make up the text when they are joined. One begins at a line that begins a step, and behind an empty line; one that is shorter
 * than `fewest` characters goes with the one before it, or behind it at the beginning.
 */
export function splitSteps(text: string, fewest: number): string[] {
  const pieces: string[] = [];
  let isBehindEmpty = true;
  for (const line of text.match(/[^\n]*\n|[^\n]+$/g) ?? []) {
    const isEmpty = line.trim() === '';
    const begins = !isEmpty && (isBehindEmpty || BEGINS.test(line));
    if (begins || pieces.length === 0) pieces.push(line);
    else pieces[pieces.length - 1] += line;
    isBehindEmpty = isEmpty;
  }
  const steps: string[] = [];
  let held = '';
  for (const piece of pieces) {
    const whole = held + piece;
    held = '';
    if (whole.trim().length >= fewest) steps.push(whole);
    else if (steps.length > 0) steps[steps.length - 1] += whole;
    else held = whole;
  }
  if (held.trim() !== '') steps.push(held);
  return steps;
}

const OFFSETS = [-3, -2, -1, 1, 2, 3];

/** Not the number of a list, which says nothing. */
const NUMBERS = /(^\s*\d+[.)]\s)|\d+(?:\.\d+)?/g;

/** Every number moved by one to three, up or down; null for a text without any. Digits behind a point stay as many as they are. */
export function perturbed(text: string, random: RandomGenerator): string | null {
  let isChanged = false;
  const changed = text.replaceAll(NUMBERS, (number: string, list: string | undefined) => {
    if (list !== undefined) return list;
    isChanged = true;
    const offset = OFFSETS[nextBelow(random, OFFSETS.length)];
    const [whole, fraction] = number.split('.');
    const moved = BigInt(whole) + BigInt(offset);
    // Below nothing it goes the other way, so that no sign comes in.
    const kept = moved < 0n ? BigInt(whole) - BigInt(offset) : moved;
    return fraction === undefined ? String(kept) : `${kept}.${fraction}`;
  });
  return isChanged ? changed : null;
}

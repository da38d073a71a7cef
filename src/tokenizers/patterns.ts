// Searches for the patterns of a tokenizer.json in a text: as fast as JavaScript's own, and bounded, because a pattern that
// comes with a model can backtrack for ever on the wrong text.

import { createContext, Script } from 'node:vm';
import { messageOf } from '../util/errors.ts';
import { type CountedSearch, countedSearch, widthAt } from './pattern_machine.ts';

/** Start and end of each match, one after another: `[start, end, start, end, …]`. */
export type Matches = (text: string) => number[];

/** Characters that any pattern can do without taking long; those of a plain pattern may be more. */
const FEW_CHARACTERS = 24;
const FEW_FOR_PLAIN_PATTERNS = 2000;

/** How much of a text is searched at a time. Patterns in use take less than a millisecond for it. */
const STRIDE = 32_768;
const QUICK_MS = 5;
/**
 * Steps that a stride may take, and more in long texts, all of which a single search may go through. No processor takes so
 * many in the time of a quick search: whether a text is refused depends on its steps alone.
 */
const STEPS = 40_000_000;
const STEPS_PER_CHARACTER = 64;

/** Of a pattern that is known to take a time in proportion to the text. */
export function matchesOf(pattern: RegExp): Matches {
  return (text) => search(pattern, text, 0, text.length + 1).found;
}

/**
 * Of any pattern. JavaScript's own search is given a moment for each stretch of the text. Where that is too little, the
 * search is made again in counted steps, which finds the same or throws a TooManyStepsError.
 * @throws Error for a pattern that is not known here
 */
export function boundedMatches(pattern: RegExp): Matches {
  const counted = countedOf(pattern.source);
  const few = isPlain(pattern.source) ? FEW_FOR_PLAIN_PATTERNS : FEW_CHARACTERS;
  const quick = matchesOf(pattern);
  return (text) => {
    if (text.length <= few) return quick(text);
    const all: number[] = [];
    for (let from = 0; from <= text.length; ) {
      const to = from + STRIDE;
      const start = from;
      const { found, next } =
        inTime(() => search(pattern, text, start, to), QUICK_MS) ?? searchCounted(counted, text, start, to);
      for (const place of found) all.push(place);
      from = next;
    }
    return all;
  };
}

function countedOf(source: string): CountedSearch {
  try {
    return countedSearch(source);
  } catch (error) {
    throw new Error(`the pattern ${JSON.stringify(source)} cannot be read: ${messageOf(error)}`, { cause: error });
  }
}

/** No group is repeated, so that the time grows with no more than a small power of the text's length. */
function isPlain(pattern: string): boolean {
  const structure = pattern.replace(/\\[pPu]\{[^}]*\}|\\./gs, 'x').replace(/\[[^\]]*\]/g, 'x');
  if (/\)(?:[*+]|\{)/.test(structure)) return false;
  return structure.split('|').every((alternative) => (alternative.match(/[*+]|\{\d*,\}/g) ?? []).length <= 2);
}

interface Found {
  found: number[];
  /** Where the search goes on. */
  next: number;
}

/** The matches from a place on, up to the first that ends at `to` or later. */
function search(pattern: RegExp, text: string, from: number, to: number): Found {
  const found: number[] = [];
  pattern.lastIndex = from;
  for (;;) {
    const match = pattern.exec(text);
    if (match === null) return { found, next: text.length + 1 };
    const end = match.index + match[0].length;
    found.push(match.index, end);
    if (match[0] === '') pattern.lastIndex += widthAt(text, end);
    if (pattern.lastIndex >= to) return { found, next: pattern.lastIndex };
  }
}

function searchCounted(counted: CountedSearch, text: string, from: number, to: number): Found {
  const budget = { steps: STEPS + STEPS_PER_CHARACTER * text.length };
  const found: number[] = [];
  for (let at = from; ; ) {
    const match = counted(text, at, budget);
    if (match === null) return { found, next: text.length + 1 };
    found.push(match.start, match.end);
    at = match.end + (match.start === match.end ? widthAt(text, match.end) : 0);
    if (at >= to) return { found, next: at };
  }
}

const SCRIPT = new Script('work()');
const TIMEOUT = 'ERR_SCRIPT_EXECUTION_TIMEOUT';
const CONTEXT = createContext(Object.create(null));

/** What `work` returns; null where V8 has ended it, inside of a regular expression too, after the time. Costs about 70 µs. */
function inTime<T>(work: () => T, timeout: number): T | null {
  const results: T[] = [];
  CONTEXT.work = () => {
    results.push(work());
  };
  try {
    SCRIPT.runInContext(CONTEXT, { timeout });
    return results[0];
  } catch (error) {
    // The error is of the other context's Error.
    if (typeof error === 'object' && error !== null && 'code' in error && error.code === TIMEOUT) return null;
    throw error;
  }
}

// Which letter a reply to a multiple-choice question chooses, however it says so.

import { boxedAnswer } from '../math/boxed_problem.ts';
import { LETTERS } from './choice_row.ts';

/** Behind its reasoning a reply has its answer in its last words. */
const LAST_CHARACTERS = 300;

/**
 * The letter in the last box; else behind the last "answer is" or "answer:"; else the one that the whole reply, or its last line,
 * is; else the last in parentheses, or alone, near the end. A reply that is one of the choices to the letter chooses it.
 * @returns its place among the choices; null where nothing is chosen
 */
export function chosenPlace(reply: string, choices: readonly string[]): number | null {
  const range = `A-${LETTERS[choices.length - 1]}`;
  const placed = (letter: string | undefined) => (letter === undefined ? null : placeIn(letter, choices));
  const boxed = boxedAnswer(reply);
  const inBox = boxed === null ? null : (placed(lettered(range, boxed)) ?? placeOfText(boxed, choices));
  // A box may hold a step: a number on the way to the letter.
  if (inBox !== null) return inBox;
  const plain = withoutRuns(reply.replaceAll(/[*_`]/g, '')).trim();
  const lastLine = plain.split('\n').at(-1)?.trim() ?? '';
  const end = plain.slice(-LAST_CHARACTERS);
  return (
    placed(
      lastMatch(
        plain,
        `\\banswer(?:\\s+is)?\\s*:?\\s*(?:option|choice)?\\s*\\(?([${range}])\\)?(?![\\w'’])`,
        'gi',
        isCapital,
      ),
    ) ??
    placed(lettered(range, plain)) ??
    placed(lettered(range, lastLine)) ??
    placeOfText(plain, choices) ??
    placeOfText(lastLine, choices) ??
    placed(lastMatch(end, `\\(([${range}])\\)`, 'g')) ??
    placed(lastMatch(end, `(?<![\\w'’])([${range}])(?=[.):,]|\\s*$)`, 'gm'))
  );
}

/** One blank, or one end of a line, for many: patterns would try all ways to share them. */
function withoutRuns(text: string): string {
  return text.replaceAll(/[^\S\n]+/g, ' ').replaceAll(/ ?\n[ \n]*/g, '\n');
}

/** "A" stands for a letter, "a" for a word. */
const isCapital = (letter: string): boolean => letter === letter.toUpperCase();

/** The letter that a text is, in whatever dress: `B`, `(B)`, `B.`, `\text{B}`, `B) Paris`. */
function lettered(range: string, text: string): string | undefined {
  const bare = text.trim().replace(/^\\(?:text|textbf|mathrm|mathbf)\{(.*)\}$/s, '$1');
  return new RegExp(`^\\(?([${range}])(?:\\)?[.:]?|\\)\\s.*|[.:]\\s.*)$`).exec(bare.trim())?.[1];
}

function lastMatch(
  text: string,
  pattern: string,
  flags: string,
  counts: (letter: string) => boolean = () => true,
): string | undefined {
  return [...text.matchAll(new RegExp(pattern, flags))].map(([, letter = '']) => letter).findLast(counts);
}

function placeIn(letter: string, choices: readonly string[]): number | null {
  const place = LETTERS.indexOf(letter.toUpperCase());
  return place >= 0 && place < choices.length ? place : null;
}

/** Where a text is one choice and no other. */
function placeOfText(text: string, choices: readonly string[]): number | null {
  const bare = (each: string) => each.trim().replace(/\.$/, '').toLowerCase();
  const places = choices.flatMap((choice, place) => (bare(choice) === bare(text) && bare(text) !== '' ? place : []));
  return places.length === 1 ? (places[0] ?? null) : null;
}

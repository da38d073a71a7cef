// Regular expressions in counted steps: what a backtracking search finds, or that it takes too many of them. It is the same
// on every machine, and slow: for texts on which JavaScript's own search does not come to an end.

import { type Pattern, readPattern } from './pattern_syntax.ts';

type Step =
  | { type: 'character'; matches(point: number): boolean; back: boolean }
  /** One way, and if that fails the other. */
  | { type: 'either'; first: number; second: number }
  | { type: 'go'; to: number }
  | { type: 'look'; steps: Step[]; negated: boolean }
  | { type: 'edge'; of: 'start' | 'end' }
  /** Begins a round of a repetition whose rounds may match nothing … */
  | { type: 'round' }
  /** … and ends it: one that has matched nothing fails. */
  | { type: 'moved' };

/** Far more than patterns in use take; `(?:a{1000}){1000}` takes a million. */
const MOST_STEPS = 20_000;

/** A search that takes more steps than it may. */
export class TooManyStepsError extends Error {}

/** Steps that are left to a search. */
interface Budget {
  steps: number;
}

/** Finds the first match from a place on. */
export type CountedSearch = (text: string, from: number, budget: Budget) => { start: number; end: number } | null;

/** Throws an Error for a pattern that is not known here; the search throws a TooManyStepsError. */
export function countedSearch(source: string): CountedSearch {
  const steps: Step[] = [];
  emit(readPattern(source), steps, false);
  return (text, from, budget) => {
    for (let start = from; start <= text.length; start += widthAt(text, start)) {
      const end = run(steps, text, start, budget);
      if (end !== -1) return { start, end };
    }
    return null;
  };
}

/** UTF-16 units of the character at a place. */
export function widthAt(text: string, at: number): number {
  return (text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1;
}

/** `back`: the text is gone through from its end to its beginning, as it is before a place. */
function emit(pattern: Pattern, steps: Step[], back: boolean): void {
  if (steps.length > MOST_STEPS) throw new Error('it repeats too much');
  switch (pattern.type) {
    case 'character':
      steps.push({ type: 'character', matches: pattern.matches, back });
      return;
    case 'edge':
      steps.push(pattern);
      return;
    case 'sequence':
      for (const part of back ? pattern.parts.toReversed() : pattern.parts) emit(part, steps, back);
      return;
    case 'look': {
      const inner: Step[] = [];
      emit(pattern.part, inner, pattern.behind);
      steps.push({ type: 'look', steps: inner, negated: pattern.negated });
      return;
    }
    case 'choice':
      emitChoice(pattern.parts, steps, back);
      return;
    case 'repeat':
      emitRepeat(pattern, steps, back);
  }
}

function emitChoice(parts: readonly Pattern[], steps: Step[], back: boolean): void {
  const exits: { to: number }[] = [];
  for (const part of parts.slice(0, -1)) {
    const either = { type: 'either' as const, first: steps.length + 1, second: 0 };
    const exit = { type: 'go' as const, to: 0 };
    steps.push(either);
    emit(part, steps, back);
    steps.push(exit);
    exits.push(exit);
    either.second = steps.length;
  }
  for (const part of parts.slice(-1)) emit(part, steps, back);
  for (const exit of exits) exit.to = steps.length;
}

function emitRepeat(
  { part, min, max, lazy }: Extract<Pattern, { type: 'repeat' }>,
  steps: Step[],
  back: boolean,
): void {
  for (let round = 0; round < min; round++) {
    const { length } = steps;
    emit(part, steps, back);
    if (steps.length === length) return;
  }
  const ways: { first: number; second: number }[] = [];
  const emitRound = () => {
    const either = { type: 'either' as const, first: 0, second: 0 };
    steps.push(either);
    ways.push(either);
    const body = steps.length;
    if (lazy) either.second = body;
    else either.first = body;
    const isChecked = mayBeEmpty(part);
    if (isChecked) steps.push({ type: 'round' });
    emit(part, steps, back);
    if (isChecked) steps.push({ type: 'moved' });
  };
  if (max === Number.POSITIVE_INFINITY) {
    const start = steps.length;
    emitRound();
    steps.push({ type: 'go', to: start });
  } else for (let round = min; round < max; round++) emitRound();
  for (const way of ways) {
    if (lazy) way.first = steps.length;
    else way.second = steps.length;
  }
}

function mayBeEmpty(pattern: Pattern): boolean {
  if (pattern.type === 'character') return false;
  if (pattern.type === 'sequence') return pattern.parts.every(mayBeEmpty);
  if (pattern.type === 'choice') return pattern.parts.some(mayBeEmpty);
  return pattern.type !== 'repeat' || pattern.min === 0 || mayBeEmpty(pattern.part);
}

/** Where the rounds that are under way began, the innermost first. */
interface Rounds {
  at: number;
  outer: Rounds | null;
}

/** Where a match that begins at `start` ends; -1 if there is none. */
function run(
  steps: readonly Step[],
  text: string,
  start: number,
  budget: Budget,
  rounds: Rounds | null = null,
): number {
  /** Ways not yet tried: of each the step and the place, and its rounds. They can be millions. */
  const ways: number[] = [];
  const roundsOfWays: (Rounds | null)[] = [];
  let [next, at] = [0, start];
  for (;;) {
    budget.steps -= 1;
    if (budget.steps < 0) throw new TooManyStepsError('the search takes too many steps');
    const step = steps[next];
    if (step === undefined) return at;
    next += 1;
    let fails = false;
    switch (step.type) {
      case 'character': {
        const width = step.back ? widthBefore(text, at) : widthAt(text, at);
        const from = step.back ? at - width : at;
        fails = from < 0 || from >= text.length || !step.matches(text.codePointAt(from) ?? 0);
        at += step.back ? -width : width;
        break;
      }
      case 'either':
        ways.push(step.second, at);
        roundsOfWays.push(rounds);
        next = step.first;
        break;
      case 'go':
        next = step.to;
        break;
      case 'look':
        fails = (run(step.steps, text, at, budget) === -1) !== step.negated;
        break;
      case 'edge':
        fails = at !== (step.of === 'start' ? 0 : text.length);
        break;
      case 'round':
        rounds = { at, outer: rounds };
        break;
      case 'moved':
        fails = rounds?.at === at;
        rounds = rounds?.outer ?? null;
    }
    if (!fails) continue;
    if (ways.length === 0) return -1;
    at = ways.pop() ?? 0;
    next = ways.pop() ?? 0;
    rounds = roundsOfWays.pop() ?? null;
  }
}

/** UTF-16 units of the character before a place. */
function widthBefore(text: string, at: number): number {
  return at >= 2 && (text.codePointAt(at - 2) ?? 0) > 0xffff ? 2 : 1;
}

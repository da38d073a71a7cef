// Successive halving without waiting for a whole rung: which steps the rungs lie at, and who goes on from them. Li et al., "A System for
// Massively Parallel Hyperparameter Tuning" (2020), Algorithm 2.

import type { Rung } from '../types.ts';
import { comparable } from './values.ts';

/** `first`, and each the factor later than the one before, below the last step. */
export function rungSteps(first: number, reduction_factor: number, total_steps: number): number[] {
  const steps: number[] = [];
  for (let step = first; step < total_steps; step *= reduction_factor) steps.push(step);
  return steps;
}

export interface Promotion {
  trial: number;
  rung: number;
}

/**
 * Of n that have reached a rung, the best ⌊n / factor⌋ may go on; the highest rung with one that has not yet comes first, and in it the
 * best of these. Of equal values the trial with the lower number is the better one, so the order of reaching does not matter.
 *
 * With fewer than the factor at a rung nobody goes on from it. Where all is settled, and nobody has gone on from the highest rung that was
 * reached, its best does: somebody comes to an end.
 */
export function promotion(
  reached: readonly Rung[],
  waiting: readonly Rung[],
  { reduction_factor, isSettled }: { reduction_factor: number; isSettled: boolean },
): Promotion | null {
  const waits = new Set(waiting.map(keyOf));
  const height = reached.reduce((most, { rung }) => Math.max(most, rung + 1), 0);
  const fromTheTop = Array.from({ length: height }, (_, down) => {
    const at = height - 1 - down;
    return ranked(reached.filter(({ rung }) => rung === at));
  });

  for (const members of fromTheTop) {
    const best = members.slice(0, Math.floor(members.length / reduction_factor));
    const next = best.find((member) => waits.has(keyOf(member)) && Number.isFinite(member.value));
    if (next !== undefined) return { trial: next.trial, rung: next.rung };
  }

  const [highest = []] = fromTheTop;
  const [best] = highest;
  if (!isSettled || best === undefined || !Number.isFinite(best.value)) return null;
  return highest.every((member) => waits.has(keyOf(member))) ? { trial: best.trial, rung: best.rung } : null;
}

const keyOf = ({ trial, rung }: Rung): string => `${trial}/${rung}`;

/** The best first; what is not finite stands behind, and each trial once. */
function ranked(members: readonly Rung[]): Rung[] {
  const once = new Map(members.map((member) => [member.trial, member]));
  return [...once.values()].sort((a, b) => compare(comparable(a.value), comparable(b.value)) || a.trial - b.trial);
}

/** Infinity less infinity is no number. */
const compare = (a: number, b: number): number => (a < b ? -1 : a > b ? 1 : 0);

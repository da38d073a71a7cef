// Tables of trials that PED-ANOVA is tried on, made of a fixed sequence of numbers.

import type { Parameter } from '../../../src/report/study/ped_anova.ts';

export interface TrialTable {
  parameters: Parameter[];
  losses: number[];
  n_best: number;
}

/** From 0 to 1, always the same. */
function sequence(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48271) % 2147483647;
    return state / 2147483647;
  };
}

/** A grid of rates and ranks; a random search in which a field is there for some trials only. */
export const TABLES: Record<string, TrialTable> = {
  grid: gridTable(),
  random: randomTable(60, 5),
  large: randomTable(400, 40),
};

function gridTable(): TrialTable {
  const next = sequence(3);
  const points = [1e-4, 1e-3, 1e-2, 1e-1].flatMap((rate) => [4, 16, 64].map((rank) => ({ rate, rank })));
  return {
    parameters: [
      number(
        'rate',
        true,
        points.map(({ rate }) => rate),
      ),
      number(
        'rank',
        true,
        points.map(({ rank }) => rank),
      ),
    ],
    losses: points.map(({ rate, rank }) => Math.abs(Math.log10(rate) + 2.3) + rank / 200 + next() / 10),
    n_best: 3,
  };
}

function randomTable(count: number, n_best: number): TrialTable {
  const next = sequence(count);
  const points = Array.from({ length: count }, () => ({
    rate: 10 ** (-5 + 4 * next()),
    dropout: next() < 0.3 ? null : next() / 2,
    schedule: Math.floor(next() * 3),
    noise: next(),
  }));
  return {
    parameters: [
      number(
        'rate',
        true,
        points.map(({ rate }) => rate),
      ),
      number(
        'dropout',
        false,
        points.map(({ dropout }) => dropout),
      ),
      { name: 'schedule', domain: { kind: 'category', choices: 3 }, values: points.map(({ schedule }) => schedule) },
    ],
    losses: points.map(
      ({ rate, dropout, schedule, noise }) =>
        (Math.log10(rate) + 3) ** 2 + (dropout ?? 0.4) + (schedule === 1 ? 0 : 0.3) + noise / 4,
    ),
    n_best,
  };
}

function number(name: string, log: boolean, values: (number | null)[]): Parameter {
  const there = values.filter((value) => value !== null);
  return { name, domain: { kind: 'number', low: Math.min(...there), high: Math.max(...there), log }, values };
}

/** Those of the trials that are the best. */
export function bestOf({ losses, n_best }: TrialTable): boolean[] {
  const cutoff = losses.toSorted((a, b) => a - b)[n_best - 1] ?? Number.NaN;
  return losses.map((loss) => loss <= cutoff);
}

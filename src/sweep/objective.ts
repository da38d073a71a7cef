// What a sweep found: each configuration's objective over its seeds, and which configuration is the best.

import { readMetrics } from '../run_files/metrics_log.ts';
import type { JsonValue } from '../util/json.ts';
import { type Objective, parseAt } from './grammar.ts';

/** A finished run, as far as its objective is concerned. */
interface FinishedRun {
  axes: Record<string, JsonValue>;
  /** Shared by the replicates of a configuration. */
  config_hash: string;
  value: number;
}

export interface ConfigurationScore {
  config_hash: string;
  axes: Record<string, JsonValue>;
  mean: number;
  /** Standard deviation over the seeds with n − 1; null for one seed. */
  sd: number | null;
  /** Seeds that have a value, of those planned. */
  n: number;
  planned: number;
}

/** The value that counts for a run; null when its log does not have it, or it is not a number. */
export async function objectiveOf(directory: string, { metric, goal, at }: Objective): Promise<number | null> {
  const values = (await readMetrics(directory)).flatMap((row) => {
    const value = row[metric];
    return typeof value === 'number' ? [{ step: row.step, value }] : [];
  });
  const which = parseAt(at);
  if (which === 'best') return best(values.map(({ value }) => value).filter(Number.isFinite), goal);
  const row = which === 'last' ? values.at(-1) : values.find(({ step }) => step === which?.step);
  return row !== undefined && Number.isFinite(row.value) ? row.value : null;
}

/**
 * The configuration with the best mean. One that lost seeds to divergence or failure is beaten by any that has them all:
 * the seeds that are left would flatter it.
 * @param planned number of seeds by `config_hash`
 */
export function bestConfiguration(
  runs: readonly FinishedRun[],
  planned: ReadonlyMap<string, number>,
  objective: Objective,
): ConfigurationScore | null {
  const values = new Map<string, { axes: FinishedRun['axes']; values: number[] }>();
  for (const { axes, config_hash, value } of runs) {
    const configuration = values.get(config_hash) ?? { axes, values: [] };
    configuration.values.push(value);
    values.set(config_hash, configuration);
  }
  const scores = [...values].map(([hash, { axes, values }]) =>
    score(hash, axes, values, planned.get(hash) ?? values.length),
  );
  const complete = scores.filter(({ n, planned }) => n === planned);
  const eligible = complete.length > 0 ? complete : scores;
  const winner = best(
    eligible.map(({ mean }) => mean),
    objective.goal,
  );
  return eligible.find(({ mean }) => mean === winner) ?? null;
}

function score(
  config_hash: string,
  axes: FinishedRun['axes'],
  values: readonly number[],
  planned: number,
): ConfigurationScore {
  const n = values.length;
  const mean = values.reduce((sum, value) => sum + value, 0) / n;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { config_hash, axes, mean, sd: n > 1 ? Math.sqrt(squares / (n - 1)) : null, n, planned };
}

function best(values: readonly number[], goal: Objective['goal']): number | null {
  if (values.length === 0) return null;
  return values.reduce((a, b) => (goal === 'minimize' ? Math.min(a, b) : Math.max(a, b)));
}

// The SQL behind charts: SELECTs over the views of docs/report.md that give the numbers that are drawn.

import { parseAt } from '../../run_files/objective.ts';
import { quoteName } from '../columns.ts';
import type { Study } from '../study/study.ts';

const JOINED = 'JOIN runs USING (run)\nJOIN configs USING (config_id)';

/** Curves of a metric: means over seeds, with the least and the greatest. */
export function curvesQuestion({ summary, sql }: Study, metric: string): string {
  const value = sql.metrics.get(metric) ?? 'NULL::DOUBLE';
  return `SELECT ${selected(sql, summary.shown)}metrics.step AS step,
  avg(${value}) AS mean, min(${value}) AS low, max(${value}) AS high, count(*) AS n
FROM metrics ${JOINED}
WHERE ${sql.where} AND isfinite(${value}) AND metrics.step IS NOT NULL
GROUP BY ALL ORDER BY ALL`;
}

/** What the runs with each value of some fields reached. */
export function levelsQuestion(study: Study, fields: readonly string[]): string {
  const { summary, sql } = study;
  const best = summary.goal === null ? 'NULL::DOUBLE' : summary.goal === 'minimize' ? 'min(value)' : 'max(value)';
  return `${scores(study)}
SELECT ${selected(sql, fields)}avg(value) AS mean,
  quantile_cont(value, 0.25) AS low, quantile_cont(value, 0.75) AS high, ${best} AS best, count(*) AS n
FROM scores ${JOINED}
WHERE isfinite(value)
GROUP BY ALL ORDER BY ALL`;
}

/** A row a run that counts, with what it took. */
export function spendingQuestion(study: Study, what: 'seconds' | 'cost'): string {
  const { sql } = study;
  const cost = sql.metrics.get('cost/total') ?? 'NULL::DOUBLE';
  const spent = what === 'seconds' ? 'runs.seconds' : 'cost';
  const costs = `, costs AS (
  SELECT metrics.run, arg_max(${cost}, metrics.step) AS cost FROM metrics GROUP BY ALL
)`;
  return `${scores(study)}${what === 'cost' ? costs : ''}
SELECT runs.run AS run, runs.state AS state, ${spent} AS ${what}, value
FROM scores JOIN runs USING (run)${what === 'cost' ? ' JOIN costs USING (run)' : ''}
WHERE isfinite(value) AND ${spent} IS NOT NULL
ORDER BY ALL`;
}

/** A row a run that counts in the order of their starts, with the best value up to then. */
export function historyQuestion(study: Study): string {
  const best = study.summary.goal === 'maximize' ? 'max' : 'min';
  const order = 'OVER (ORDER BY runs.started_at, runs.run)';
  return `${scores(study)}
SELECT row_number() ${order} AS nth, runs.run AS run, value, ${best}(value) ${order} AS best
FROM scores JOIN runs USING (run)
WHERE isfinite(value) AND runs.started_at IS NOT NULL
ORDER BY nth`;
}

/** For each value that a run which counts has reached, the share of those runs that are as good or better. */
export function distributionQuestion(study: Study): string {
  const order = study.summary.goal === 'maximize' ? 'value DESC' : 'value';
  return `${scores(study)}
SELECT DISTINCT value, cume_dist() OVER (ORDER BY ${order}) AS share
FROM scores
WHERE isfinite(value)
ORDER BY share`;
}

/** From when to when each run ran: to its end, or to its last sign of life. */
export function timelineQuestion({ sql }: Study): string {
  return `SELECT started_at, coalesce(ended_at, updated_at) AS ended_at, run, state
FROM runs
WHERE ${sql.where} AND started_at IS NOT NULL
ORDER BY ALL`;
}

/** Runs of each stage by state. */
export function stagesQuestion({ sql }: Study): string {
  return `SELECT stage, state, count(*) AS n
FROM runs
WHERE ${sql.stages_where} AND stage IS NOT NULL
GROUP BY ALL ORDER BY ALL`;
}

/** The value that counts of every run that counts, as a table \`scores\`. */
function scores({ summary, sql }: Study): string {
  const value = sql.metrics.get(summary.metric) ?? 'NULL::DOUBLE';
  const at = parseAt(summary.at) ?? { kind: 'last' as const };
  const extreme = summary.goal === 'maximize' ? 'max' : 'min';
  const last = `arg_max(${value}, metrics.step)`;
  const chosen =
    at.kind === 'best'
      ? `${extreme}(${value}) FILTER (isfinite(${value}))`
      : at.kind === 'step'
        ? `${last} FILTER (metrics.step <= ${at.step})`
        : last;
  const states = at.kind === 'step' ? `runs.state <> 'diverged'` : `runs.state IN ('done', 'stopped', 'unknown')`;
  const reached = at.kind === 'step' ? ` HAVING max(metrics.step) >= ${at.step}` : '';
  return `WITH scores AS (
  SELECT runs.run, ${chosen} AS value
  FROM metrics JOIN runs USING (run)
  WHERE ${sql.where} AND ${states}
  GROUP BY ALL${reached}
)`;
}

function selected({ fields }: Study['sql'], names: readonly string[]): string {
  return names.map((name) => `${fields.get(name) ?? 'NULL'} AS ${quoteName(name)}, `).join('');
}

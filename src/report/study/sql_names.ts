// What SQL over the views calls the runs, metrics and fields of a table, so that the question behind a chart can be asked again.

import { quoteName, quoteText } from '../columns.ts';
import { RUN_COLUMNS, type RunEntry } from '../run_entry.ts';
import type { ViewedMetric } from '../views.ts';
import type { Axis, StudySql } from './study.ts';

/** What the views are: the columns of `configs` by field, and the metrics. */
export interface Views {
  fields: ReadonlyMap<string, string>;
  metrics: readonly ViewedMetric[];
}

/**
 * @param entries all that the views hold, of which `members` are those of one table
 * @param place those of all stages that lie where the members do
 */
export function studySql(
  { fields, metrics }: Views,
  entries: readonly RunEntry[],
  members: readonly RunEntry[],
  shown: readonly string[],
  axes: readonly Axis[],
  place: readonly RunEntry[],
): StudySql {
  const scales = new Map(axes.map(({ field, scale }) => [field, scale]));
  return {
    where: conditionOn(entries, members),
    stages_where: conditionOn(entries, place),
    metrics: new Map(metrics.map(({ metric, name }) => [metric, `metrics.${name}`])),
    fields: new Map(shown.map((field) => [field, expressionOf(field, fields, scales.get(field) ?? 'category')])),
  };
}

function expressionOf(field: string, columns: ReadonlyMap<string, string>, scale: Axis['scale']): string {
  const column = columns.get(field);
  if (column !== undefined) return `configs.${quoteName(column)}`;
  if (Object.hasOwn(RUN_COLUMNS, field)) return `runs.${quoteName(field)}`;
  const axis = `json_extract(runs.axes, ${quoteText(`$.${JSON.stringify(field)}`)})`;
  return scale === 'category' ? axis : `${axis}::DOUBLE`;
}

/** The shortest of those that hold for the members and for no other run. */
function conditionOn(entries: readonly RunEntry[], members: readonly RunEntry[]): string {
  const conditions = [allRuns(), placeCondition(members, false), placeCondition(members, true)];
  const isMember = new Set(members.map(({ row }) => row.run));
  const written = conditions.flatMap((condition) => {
    if (condition === null) return [];
    const others = entries.filter((entry) => condition.holds(entry) && !isMember.has(entry.row.run));
    return others.length === 0 ? [condition.sql] : [`${condition.sql} AND runs.run NOT IN (${namesOf(others)})`];
  });
  written.push(`runs.run IN (${namesOf(members)})`);
  return written.reduce((shortest, each) => (each.length < shortest.length ? each : shortest));
}

interface Condition {
  sql: string;
  holds(entry: RunEntry): boolean;
}

const allRuns = (): Condition => ({ sql: 'true', holds: () => true });

/** That all members are of one sweep, and of one stage. */
function placeCondition(members: readonly RunEntry[], withStage: boolean): Condition | null {
  const sweeps = new Set(members.map(({ row }) => row.sweep));
  const stages = new Set(members.map(({ row }) => row.stage));
  const [sweep] = sweeps;
  const [stage] = stages;
  if (sweeps.size !== 1 || sweep == null || (withStage && (stages.size !== 1 || stage == null))) return null;
  const ofSweep = `runs.sweep = ${quoteText(sweep)}`;
  if (!withStage || stage == null) return { sql: ofSweep, holds: ({ row }) => row.sweep === sweep };
  return {
    sql: `${ofSweep} AND runs.stage = ${quoteText(stage)}`,
    holds: ({ row }) => row.sweep === sweep && row.stage === stage,
  };
}

function namesOf(entries: readonly RunEntry[]): string {
  return entries.map(({ row }) => quoteText(row.run)).join(', ');
}

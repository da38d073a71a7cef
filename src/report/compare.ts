// Reads off the metrics what the tables of a summary compare, each by its own objective.

import type { DuckDBConnection } from '@duckdb/node-api';
import { closestNames, didYouMean } from '../registry/suggest.ts';
import type { Measurement, Objective } from '../run_files/objective.ts';
import { ConfigurationError } from '../util/errors.ts';
import type { Grouping } from './grouping.ts';
import { MetricFiles } from './metric_files.ts';
import { findMetrics, type MetricColumn } from './metrics.ts';
import { type ObjectiveOptions, objectivesFor } from './objective.ts';
import { Readings } from './readings.ts';
import type { RunEntry } from './run_entry.ts';
import { type MeasuredRun, type Summary, summarise } from './summary.ts';

export interface Comparison {
  /** One for each grouping of the entries. */
  summaries: Summary[];
  /** What could not be read or found. */
  notices: string[];
}

/** Loads the metrics that the tables need, and compares by them. */
export async function compare(
  connection: DuckDBConnection,
  entries: readonly RunEntry[],
  groupings: readonly Grouping[],
  options: ObjectiveOptions,
): Promise<Comparison> {
  const readings = await Readings.read(connection, entries, metricsOf(groupings, options));
  const { summaries, notices } = await compareBy(readings, connection, entries, groupings, options);
  return { summaries, notices: [...readings.notices, ...notices] };
}

/** Only what some table needs: parsing fewer values is what keeps a summary near the time of a plain scan. */
function metricsOf(groupings: readonly Grouping[], options: ObjectiveOptions): string[] {
  const objectives = groupings.flatMap((grouping) => objectivesFor(membersOf(grouping), options));
  return [...new Set([...objectives.map(({ metric }) => metric), COST.metric])];
}

/** @param columns what METRIC_ROWS holds: a metric that it lacks counts as one that was never logged */
export async function compareLoaded(
  connection: DuckDBConnection,
  entries: readonly RunEntry[],
  groupings: readonly Grouping[],
  options: ObjectiveOptions,
  columns: readonly MetricColumn[],
): Promise<Comparison> {
  const judging = new Set(metricsOf(groupings, options));
  const readings = await Readings.ofTable(
    connection,
    columns.filter(({ metric }) => judging.has(metric)),
  );
  return compareBy(readings, connection, entries, groupings, options);
}

async function compareBy(
  readings: Readings,
  connection: DuckDBConnection,
  entries: readonly RunEntry[],
  groupings: readonly Grouping[],
  options: ObjectiveOptions,
): Promise<Comparison> {
  const measurements = new Measurements(readings, entries);
  const summaries: Summary[] = [];
  const notices: string[] = [];
  let isFound = false;
  for (const grouping of groupings) {
    const members = membersOf(grouping);
    const objectives = objectivesFor(members, options);
    const objective = measurements.firstLogged(objectives, members);
    const measured = measurements.of(objective, members, objectives);
    const isMissing = members.every((entry) => measured(entry).value === null);
    isFound ||= !isMissing;
    // A metric that is asked for is that of one stage: the others need not say that they lack it.
    if (isMissing && options.metric !== undefined && members.every(({ row }) => row.stage !== null)) continue;
    if (isMissing) {
      notices.push(await missingMetric(connection, members, grouping.title, objective));
    }
    summaries.push(summarise(grouping, objective, measured));
  }
  if (options.metric !== undefined && !isFound) await refuseUnknown(options.metric, connection, entries);
  return { summaries, notices };
}

const membersOf = ({ cells }: Grouping): RunEntry[] => cells.flatMap(({ entries }) => entries);

/** What a run whose prices are known has cost so far. */
export const COST: Objective = { metric: 'cost/total', goal: null, at: { kind: 'last' } };

/** A metric that was asked for and that nobody has ever logged is a slip of the keyboard. */
async function refuseUnknown(
  metric: string,
  connection: DuckDBConnection,
  entries: readonly RunEntry[],
): Promise<void> {
  const names = Object.keys(await findMetrics(await MetricFiles.open(connection, entries)));
  if (names.length === 0 || names.includes(metric)) return;
  throw new ConfigurationError(
    `--metric ${metric}: no run has such a metric${didYouMean(closestNames(metric, names))}`,
    {
      hint: `There is ${someOf(names)}.`,
    },
  );
}

const MOST_NAMES = 30;

function someOf(names: readonly string[]): string {
  const left = names.length - MOST_NAMES;
  return `${names.slice(0, MOST_NAMES).join(', ')}${left > 0 ? ` and ${left} more` : ''}`;
}

/** Values of all runs by objective, each found once: many tables of one report share their objective. */
class Measurements {
  readonly #readings: Readings;
  readonly #indexOf: Map<RunEntry, number>;
  readonly #known = new Map<string, Map<number, Measurement>>();

  constructor(readings: Readings, entries: readonly RunEntry[]) {
    this.#readings = readings;
    this.#indexOf = new Map(entries.map((entry, index) => [entry, index]));
  }

  /** The first objective that any of the runs has a value of, else the preferred one. */
  firstLogged(objectives: readonly [Objective, ...Objective[]], members: readonly RunEntry[]): Objective {
    for (const objective of objectives) {
      const values = this.#values(objective);
      if (members.some((entry) => values.has(this.#index(entry)))) return objective;
    }
    return objectives[0];
  }

  /** @param others objectives that tell of a run that did not log the metric of this one, the most telling first */
  of(
    objective: Objective,
    members: readonly RunEntry[],
    others: readonly Objective[],
  ): (entry: RunEntry) => MeasuredRun {
    const values = this.#values(objective);
    const instead = new Map<number, MeasuredRun['instead']>();
    const isAnyWithout = members.some((entry) => !values.has(this.#index(entry)));
    for (const other of isAnyWithout ? others.toReversed() : []) {
      for (const [index, { value }] of this.#values(other)) {
        if (value !== null && Number.isFinite(value)) instead.set(index, { metric: other.metric, value });
      }
    }
    const indices = members.map((entry) => this.#index(entry));
    const costs = this.#values(COST);
    const courses = this.#readings.curves(objective.metric, indices);
    return (entry) => ({
      entry,
      curve: courses.get(this.#index(entry)) ?? [],
      instead: instead.get(this.#index(entry)) ?? null,
      cost: costs.get(this.#index(entry))?.value ?? null,
      ...(values.get(this.#index(entry)) ?? { value: null, step: null }),
    });
  }

  #values(objective: Objective): Map<number, Measurement> {
    const key = JSON.stringify(objective);
    const known = this.#known.get(key) ?? this.#readings.measure(objective);
    this.#known.set(key, known);
    return known;
  }

  #index(entry: RunEntry): number {
    return this.#indexOf.get(entry) ?? -1;
  }
}

/** Why a table is empty. Only then is it worth reading all files for the names of the metrics that there are. */
async function missingMetric(
  connection: DuckDBConnection,
  entries: readonly RunEntry[],
  title: string,
  { metric, at }: Objective,
): Promise<string> {
  const names = Object.keys(await findMetrics(await MetricFiles.open(connection, entries)));
  const what = `${title}: no run has a value of "${metric}"${at.kind === 'step' ? ` at step ${at.step}` : ''}`;
  if (names.length === 0) return `${what}; no metrics have been logged yet`;
  if (names.includes(metric)) return what;
  const near = closestNames(metric, names);
  return `${what}; ${near.length > 0 ? `did you mean --metric ${near.join(' or ')}` : `there is ${someOf(names)}`}`;
}

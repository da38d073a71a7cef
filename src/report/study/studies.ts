// From the summaries of a report and the metrics in DuckDB to the studies that its charts are drawn from.

import { basename, dirname } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { counts, parseAt } from '../../run_files/objective.ts';
import { COST } from '../compare.ts';
import { measure } from '../measure.ts';
import { MetricOrder } from '../metric_order.ts';
import { numbersIn } from '../metrics.ts';
import { tellingMetrics } from '../objective.ts';
import type { RunEntry } from '../run_entry.ts';
import { stageGraph } from '../stages.ts';
import type { Configuration, Summary } from '../summary.ts';
import { axesOf } from './axes.ts';
import { type CurveMember, metricCurves } from './curves.ts';
import { effectOf } from './effects.ts';
import { uniqueIds } from './ids.ts';
import { importanceOf } from './importance.ts';
import { studySql, type Views } from './sql_names.ts';
import type { MetricCurves, Study, StudyRun } from './study.ts';

/** Metrics beyond these are asked for in SQL. */
const MOST_METRICS = 9;

/**
 * @param summaries of tables over these entries
 * @param views as they were created from these entries
 */
export async function studiesOf(
  connection: DuckDBConnection,
  entries: readonly RunEntry[],
  summaries: readonly Summary[],
  views: Views,
): Promise<Study[]> {
  const positions = new Map(entries.map(({ row }, index) => [row.run, index]));
  const costs = await costsOf(connection, views);
  const ids = uniqueIds(summaries.map(({ group }) => basename(group)));
  const placesSeen = new Set<string>();
  const studies: Study[] = [];
  for (const [i, summary] of summaries.entries()) {
    const members = membersOf(summary, entries, positions);
    const place = newPlace(
      members.map(({ entry }) => entry),
      entries,
      placesSeen,
    );
    const table: Table = { id: ids[i] ?? '', summary, members, place };
    studies.push(await studyOf(connection, table, entries, views, costs));
  }
  return studies;
}

/** A run of a table, and what is known of it elsewhere. */
interface TableMember {
  /** Position of its entry among all. */
  index: number;
  entry: RunEntry;
  /** Position of its configuration in the table. */
  configuration: number;
  replicate: Configuration['runs'][number];
}

interface Table {
  id: string;
  summary: Summary;
  members: readonly TableMember[];
  /** The runs of all stages where its own lie. */
  place: readonly RunEntry[];
}

function membersOf(
  { configurations }: Summary,
  entries: readonly RunEntry[],
  positions: ReadonlyMap<string, number>,
): TableMember[] {
  return configurations.flatMap(({ runs }, configuration) =>
    runs.flatMap((replicate) => {
      const index = positions.get(replicate.run) ?? -1;
      const entry = entries[index];
      return entry === undefined ? [] : [{ index, entry, configuration, replicate }];
    }),
  );
}

async function studyOf(
  connection: DuckDBConnection,
  { id, summary, members, place }: Table,
  entries: readonly RunEntry[],
  views: Views,
  costs: Costs,
): Promise<Study> {
  const own = members.map(({ entry }) => entry);
  const runs = members.map((member) => runOf(member, summary, costs));
  const axes = axesOf(summary);
  const points = runs.flatMap(({ counts, value, configuration }) =>
    counts && value !== null ? { value, fields: summary.configurations[configuration]?.fields ?? {} } : [],
  );
  const { importance, note } = importanceOf(axes, summary.configurations, summary.goal);
  return {
    id,
    summary,
    axes,
    runs,
    curves: await allCurves(connection, members.map(curveMember), metricsToDraw(summary, own, views), views),
    effects: axes.map((axis) => effectOf(axis, points, summary.goal)),
    importance,
    importance_note: note,
    stages: place.length === 0 ? [] : stageGraph(place),
    sql: studySql(views, entries, own, summary.shown, axes, place),
  };
}

const curveMember = ({ index, configuration, replicate: { run, state } }: TableMember): CurveMember => ({
  index,
  configuration,
  run,
  state,
});

function runOf({ index, entry, configuration, replicate }: TableMember, summary: Summary, costs: Costs): StudyRun {
  const { run, seed, state, value, step } = replicate;
  const at = parseAt(summary.at) ?? COST.at;
  return {
    run,
    name: entry.row.name,
    configuration,
    seed,
    state,
    counts: value !== null && Number.isFinite(value) && counts(state, value, at),
    value,
    step,
    started_at: entry.row.started_at,
    ended_at: entry.row.ended_at ?? entry.row.updated_at,
    seconds: entry.row.seconds,
    cost: costs.get(index)?.value ?? null,
  };
}

/** By the position of the run's entry. */
type Costs = Awaited<ReturnType<typeof measure>>;

async function costsOf(connection: DuckDBConnection, { metrics }: Views): Promise<Costs> {
  const cost = metrics.find(({ metric }) => metric === COST.metric);
  return cost === undefined ? new Map() : await measure(connection, numbersIn(cost), COST);
}

/** Those that tell how a run does, and that are numbers. */
function metricsToDraw({ metric }: Summary, entries: readonly RunEntry[], views: Views): string[] {
  const telling = [metric, ...entries.flatMap((entry) => tellingMetrics(entry).map((told) => told.metric))];
  const order = new MetricOrder([...new Set(telling)]);
  const numeric = views.metrics.flatMap((each) =>
    each.type === 'DOUBLE' || each.metric === metric ? each.metric : [],
  );
  return numeric.filter((each) => !order.isDetail(each)).sort((a, b) => order.compare(a, b));
}

async function allCurves(
  connection: DuckDBConnection,
  members: readonly CurveMember[],
  metrics: readonly string[],
  views: Views,
): Promise<MetricCurves[]> {
  const drawn: MetricCurves[] = [];
  for (const metric of metrics) {
    const viewed = views.metrics.find((each) => each.metric === metric);
    if (viewed === undefined || drawn.length === MOST_METRICS) continue;
    const curves = await metricCurves(connection, { metric, column: numbersIn(viewed) }, members);
    if (curves.curves.length > 0) drawn.push(curves);
  }
  return drawn;
}

/** The runs of all stages where these lie; none where these are no stages, or a study before has them. */
function newPlace(own: readonly RunEntry[], entries: readonly RunEntry[], seen: Set<string>): RunEntry[] {
  const placeOf = ({ row }: RunEntry) => row.sweep ?? dirname(row.run);
  const first = own.find(({ row }) => row.stage !== null);
  if (first === undefined || seen.has(placeOf(first))) return [];
  seen.add(placeOf(first));
  return entries.filter((entry) => entry.row.stage !== null && placeOf(entry) === placeOf(first));
}

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
import type { Summary } from '../summary.ts';
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
  const indexOf = new Map(entries.map(({ row }, index) => [row.run, index]));
  const cost = views.metrics.find(({ metric }) => metric === COST.metric);
  const costs = cost === undefined ? new Map() : await measure(connection, numbersIn(cost), COST);
  const ids = uniqueIds(summaries.map(({ group }) => basename(group)));
  const placesSeen = new Set<string>();
  const studies: Study[] = [];
  for (const [i, summary] of summaries.entries()) {
    const members: CurveMember[] = [];
    const runs: StudyRun[] = [];
    for (const [configuration, { runs: replicates }] of summary.configurations.entries()) {
      for (const { run, seed, state, value, step } of replicates) {
        const index = indexOf.get(run) ?? -1;
        const row = entries[index]?.row;
        members.push({ index, configuration, run, state });
        runs.push({
          run,
          name: row?.name ?? run,
          configuration,
          seed,
          state,
          counts: value !== null && Number.isFinite(value) && counts(state, value, parseAt(summary.at) ?? COST.at),
          value,
          step,
          seconds: row?.seconds ?? null,
          cost: costs.get(index)?.value ?? null,
        });
      }
    }
    const own = members.flatMap(({ index }) => entries[index] ?? []);
    const axes = axesOf(summary);
    const place = newPlace(own, entries, placesSeen);
    const points = runs.flatMap(({ counts, value, configuration }) =>
      counts && value !== null ? { value, fields: summary.configurations[configuration]?.fields ?? {} } : [],
    );
    const { importance, note } = importanceOf(axes, summary.configurations, summary.goal);
    studies.push({
      id: ids[i] ?? '',
      summary,
      axes,
      runs,
      curves: await allCurves(connection, members, metricsToDraw(summary, own, views), views),
      effects: axes.map((axis) => effectOf(axis, points, summary.goal)),
      importance,
      importance_note: note,
      stages: place.length === 0 ? [] : stageGraph(place),
      sql: studySql(views, entries, own, summary.shown, axes, place),
    });
  }
  return studies;
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

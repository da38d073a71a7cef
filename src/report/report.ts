// `cookbook report` from directories to an answer: the same for people, as data, and as a table for other programs.

import type { DuckDBConnection } from '@duckdb/node-api';
import { ConfigurationError } from '../errors.ts';
import type { JsonObject, JsonValue } from '../json.ts';
import { closestNames } from '../registry/suggest.ts';
import { openDatabase, type QueryResult, resultOf } from './database.ts';
import { discoverRuns } from './discover.ts';
import type { Block } from './document.ts';
import { formatValue, printable } from './format.ts';
import { groupByFields, groupBySweep } from './grouping.ts';
import { curves, type Measurement, measure } from './measure.ts';
import { findMetrics, loadMetrics } from './metrics.ts';
import { type Objective, type ObjectiveOptions, objectivesFor } from './objective.ts';
import { fillFromResult, fillFromTable } from './parquet.ts';
import { type RunEntry, readRunEntry } from './run_entry.ts';
import { runBlocks, summariseRun } from './run_summary.ts';
import { ask, prepareQuestion } from './sql.ts';
import { type MeasuredRun, type Summary, summarise } from './summary.ts';
import { summaryBlocks } from './summary_document.ts';
import { type DataTable, runTable, summaryTable } from './summary_table.ts';

export interface ReportOptions extends ObjectiveOptions {
  /** Directories to look for runs in, relative to `cwd`. */
  directories: readonly string[];
  cwd: string;
  sql?: string | undefined;
  groupBy?: readonly string[] | undefined;
}

export interface Report {
  /** What could not be read, one line each. */
  notices: string[];
  blocks: Block[];
  json: JsonValue;
  table: Pick<QueryResult, 'columns' | 'rows'>;
  /** Creates the table `result` with exact types, for Parquet. */
  fill(connection: DuckDBConnection): Promise<void>;
}

/**
 * @throws ConfigurationError for directories without runs, fields and metrics that there are not, and SQL that is wrong
 */
export async function makeReport(options: ReportOptions): Promise<Report> {
  const { runs, notices } = discoverRuns(options.directories, options.cwd);
  if (runs.length === 0) {
    throw new ConfigurationError([...notices, `no runs in ${options.directories.join(', ')}`].join('\n'), {
      hint: 'A run is a directory with a run.json, metrics.jsonl or config.json. Start one: cookbook run configs/sl_basic.yaml',
    });
  }
  const entries = runs.map(readRunEntry);
  const connection = await openDatabase();
  try {
    const report = await reportOn(connection, entries, options);
    return { ...report, notices: [...notices, ...report.notices] };
  } finally {
    connection.closeSync();
  }
}

function reportOn(connection: DuckDBConnection, entries: readonly RunEntry[], options: ReportOptions): Promise<Report> {
  if (options.sql !== undefined) return reportOnQuestion(connection, entries, options.sql);
  const [only] = entries;
  const plain = [options.metric, options.goal, options.at, options.groupBy].every((option) => option === undefined);
  if (entries.length === 1 && only !== undefined && plain) return reportOnRun(connection, only);
  return reportOnConfigurations(connection, entries, options);
}

async function reportOnQuestion(
  connection: DuckDBConnection,
  entries: readonly RunEntry[],
  sql: string,
): Promise<Report> {
  const notices = await prepareQuestion(connection, sql, entries);
  const result = await ask(connection, sql);
  const table = await resultOf(result);
  return {
    notices,
    blocks: [{ table: textTable(table) }],
    json: table.rows.map((row) => Object.fromEntries(table.columns.map(({ name }, i) => [name, row[i] ?? null]))),
    table,
    fill: fillFromResult(result),
  };
}

async function reportOnRun(connection: DuckDBConnection, entry: RunEntry): Promise<Report> {
  const { summary, notices } = await summariseRun(connection, entry);
  const metrics = summary.metrics.map(({ curve: _, ...metric }) => metric);
  return {
    notices,
    blocks: runBlocks(summary, entry.look),
    json: { run: { ...summary.run }, metrics },
    ...tableReport(runTable(summary)),
  };
}

async function reportOnConfigurations(
  connection: DuckDBConnection,
  entries: readonly RunEntry[],
  options: ReportOptions,
): Promise<Report> {
  const groupings = options.groupBy === undefined ? groupBySweep(entries) : [groupByFields(entries, options.groupBy)];
  const tables = groupings.map((grouping) => ({
    grouping,
    objectives: objectivesFor(
      grouping.cells.flatMap((cell) => cell.entries),
      options,
    ),
  }));
  const metrics = new Set(tables.flatMap(({ objectives }) => objectives.map(({ metric }) => metric)));
  const notices = await loadMetrics(
    connection,
    entries,
    Object.fromEntries([...metrics].map((metric) => [metric, 'DOUBLE'])),
  );
  const indexOf = new Map(entries.map((entry, index) => [entry, index]));
  const measurements = new Measurements(connection);
  const summaries: Summary[] = [];
  for (const { grouping, objectives } of tables) {
    const members = grouping.cells.flatMap((cell) => cell.entries.map((entry) => indexOf.get(entry) ?? -1));
    const objective = await measurements.firstLogged(objectives, members);
    const values = await measurements.of(objective);
    if (!members.some((index) => values.has(index))) {
      notices.push(
        await missingMetric(
          connection,
          members.flatMap((index) => entries[index] ?? []),
          grouping.title,
          objective,
        ),
      );
    }
    const courses = await curves(connection, objective.metric, members);
    const measured = (entry: RunEntry): MeasuredRun => {
      const index = indexOf.get(entry) ?? -1;
      return { entry, curve: courses.get(index) ?? [], ...(values.get(index) ?? { value: null, step: null }) };
    };
    summaries.push(summarise(grouping, objective, measured));
  }
  return {
    notices,
    blocks: summaryBlocks(summaries),
    json: summaries.map(summaryJson),
    ...tableReport(summaryTable(summaries)),
  };
}

/** Why a table is empty. Only then is it worth reading all files for the names of the metrics that there are. */
async function missingMetric(
  connection: DuckDBConnection,
  entries: readonly RunEntry[],
  title: string,
  { metric, at }: Objective,
): Promise<string> {
  const names = Object.keys(await findMetrics(connection, entries));
  const what = `${title}: no run has a value of "${metric}"${at.kind === 'step' ? ` at step ${at.step}` : ''}`;
  if (names.length === 0) return `${what}; no metrics have been logged yet`;
  if (names.includes(metric)) return what;
  const near = closestNames(metric, names);
  return `${what}; ${near.length > 0 ? `did you mean --metric ${near.join(' or ')}` : `there is ${names.join(', ')}`}`;
}

/** Values of all runs by objective, each read off the table once: many tables of one report share their objective. */
class Measurements {
  readonly #connection: DuckDBConnection;
  readonly #known = new Map<string, Map<number, Measurement>>();

  constructor(connection: DuckDBConnection) {
    this.#connection = connection;
  }

  async of(objective: Objective): Promise<Map<number, Measurement>> {
    const key = JSON.stringify(objective);
    const known = this.#known.get(key) ?? (await measure(this.#connection, objective));
    this.#known.set(key, known);
    return known;
  }

  /** The first objective that any of the runs has a value of, else the preferred one. */
  async firstLogged(
    objectives: readonly [Objective, ...Objective[]],
    runIndices: readonly number[],
  ): Promise<Objective> {
    for (const objective of objectives) {
      const values = await this.of(objective);
      if (runIndices.some((index) => values.has(index))) return objective;
    }
    return objectives[0];
  }
}

function summaryJson({ configurations, problems, ...summary }: Summary): JsonObject {
  return {
    ...summary,
    configurations: configurations.map(({ curve: _, runs, ...configuration }) => ({
      ...configuration,
      states: { ...configuration.states },
      runs: runs.map((run) => ({ ...run, value: jsonNumber(run.value) })),
    })),
    problems: problems.map((problem) => ({ ...problem })),
  };
}

/** As in metrics.jsonl: what JSON has no number for is text. */
function jsonNumber(value: number | null): JsonValue {
  return value === null || Number.isFinite(value) ? value : String(value);
}

function tableReport({ columns, rows }: DataTable): Pick<Report, 'table' | 'fill'> {
  const names = Object.keys(columns);
  return {
    table: {
      columns: Object.entries(columns).map(([name, type]) => ({ name, type })),
      rows: rows.map((row) => names.map((name) => row[name] ?? null)),
    },
    fill: fillFromTable({ columns, rows }),
  };
}

const NUMERIC = /^(U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|U?INTEGER|FLOAT|DOUBLE|DECIMAL.*)$/;

function textTable({ columns, rows }: QueryResult) {
  return {
    columns: columns.map(({ name, type }) => ({
      name: printable(name),
      align: NUMERIC.test(type) ? ('right' as const) : ('left' as const),
    })),
    rows: rows.map((row) => row.map(formatValue)),
  };
}

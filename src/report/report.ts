// `cookbook report` from directories to an answer: the same for people, as data, and as a table for other programs.

import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { readForeignLines } from '../run_files/foreign_json.ts';
import { newestIterationFile } from '../training/iteration_directory.ts';
import type { JsonObject, JsonValue } from '../util/json.ts';
import { printable } from '../util/printable.ts';
import { compare } from './compare.ts';
import { dropCopies } from './copies.ts';
import { jsonReader, openDatabase, type QueryResult } from './database.ts';
import type { Block } from './document.ts';
import { readEntries } from './entries.ts';
import { formatValue } from './format.ts';
import { groupByFields, groupBySweep } from './grouping.ts';
import { defaultLimits, type Limits, withinText } from './limits.ts';
import type { ObjectiveOptions } from './objective.ts';
import { fillFromAnswer, fillFromTable } from './parquet.ts';
import { runBlocks } from './run_document.ts';
import { type RunEntry, UNFINISHED } from './run_entry.ts';
import { summariseRun } from './run_summary.ts';
import { ask, prepareQuestion } from './sql.ts';
import type { Summary } from './summary.ts';
import { summaryBlocks } from './summary_document.ts';
import { type DataTable, runTable, summaryTable } from './summary_table.ts';

export interface ReportOptions extends ObjectiveOptions {
  /** Directories to look for runs in, relative to `cwd`. */
  directories: readonly string[];
  cwd: string;
  sql?: string | undefined;
  groupBy?: readonly string[] | undefined;
  limits?: Partial<Limits> | undefined;
  /** Leaves nothing out of what people read: every metric of a run, and every run that needs a look. */
  all?: boolean | undefined;
}

export interface Report {
  /** What could not be read, one line each. */
  notices: string[];
  readonly blocks: Block[];
  readonly json: JsonValue;
  readonly table: QueryResult;
  /** Creates the table `result` with exact types, for Parquet. */
  fill(connection: DuckDBConnection): Promise<void>;
}

/** @throws ConfigurationError for directories without runs, fields that no run has, and SQL that is wrong */
export async function makeReport(options: ReportOptions): Promise<Report> {
  const { entries, notices } = readEntries(options.directories, options.cwd);
  const limits = { ...defaultLimits(), ...options.limits };
  const connection = await openDatabase(limits.bytes);
  try {
    const report = await reportOn(connection, entries, options, limits);
    report.notices.unshift(...notices);
    return report;
  } finally {
    connection.closeSync();
  }
}

function reportOn(
  connection: DuckDBConnection,
  entries: readonly RunEntry[],
  options: ReportOptions,
  limits: Limits,
): Promise<Report> {
  if (options.sql !== undefined) return reportOnQuestion(connection, entries, options.sql, limits);
  const [only] = entries;
  const plain = [options.metric, options.goal, options.at, options.groupBy].every((option) => option === undefined);
  if (entries.length === 1 && only !== undefined && plain) return reportOnRun(connection, only, options);
  return reportOnConfigurations(connection, entries, options);
}

async function reportOnQuestion(
  connection: DuckDBConnection,
  entries: readonly RunEntry[],
  sql: string,
  limits: Limits,
): Promise<Report> {
  const notices = await prepareQuestion(connection, sql, entries);
  const answer = await ask(connection, sql, limits);
  const toJson = await jsonReader();
  // Only when asked for: Parquet takes the answer as it is, and that may be more than fits into JSON.
  let read: QueryResult | null = null;
  const table = () => {
    read ??= withinText(() => toJson(answer));
    return read;
  };
  return {
    notices,
    get table() {
      return table();
    },
    get blocks() {
      return [{ table: textTable(table()) }];
    },
    get json() {
      const { columns, rows } = table();
      return rows.map((row) => Object.fromEntries(columns.map(({ name }, i) => [name, row[i] ?? null])));
    },
    fill: fillFromAnswer(answer),
  };
}

async function reportOnRun(
  connection: DuckDBConnection,
  entry: RunEntry,
  { all = false }: Pick<ReportOptions, 'all'>,
): Promise<Report> {
  const { summary, notices } = await summariseRun(connection, entry);
  const { run, learned } = summary;
  const { warnings, stopped } = entry;
  const metrics = summary.metrics.map(({ curve: _, isDetail: __, ...metric }) => metric);
  // What a plan calls a run that is not there is no path to look at.
  const newest = entry.isPlanned ? null : await newestIterationFile(run.directory, 'train.html');
  const again = UNFINISHED.has(run.state) ? entry.command : null;
  const isResumable = entry.checkpointsFile !== null && readForeignLines(entry.checkpointsFile).objects.length > 0;
  const transcript = newest === null ? null : join(run.run, newest);
  return {
    notices,
    blocks: runBlocks(summary, {
      look: entry.look,
      warnings,
      again,
      isResumable,
      transcript,
      stopped,
      best: entry.best(),
      all,
    }),
    json: { run: { ...run }, learned: learned && { ...learned }, warnings, metrics },
    ...tableReport(runTable(summary)),
  };
}

async function reportOnConfigurations(
  connection: DuckDBConnection,
  entries: readonly RunEntry[],
  options: ReportOptions,
): Promise<Report> {
  const tables = options.groupBy === undefined ? groupBySweep(entries) : [groupByFields(entries, options.groupBy)];
  const { groupings, notices: copies } = dropCopies(tables);
  const { summaries, notices } = await compare(connection, entries, groupings, options);
  return {
    notices: [...copies, ...notices],
    blocks: summaryBlocks(summaries, options.all),
    json: summaries.map(summaryJson),
    ...tableReport(summaryTable(summaries)),
  };
}

function summaryJson({ configurations, problems, shown: _, again: __, stages: ___, ...summary }: Summary): JsonObject {
  return {
    ...summary,
    states: { ...summary.states },
    configurations: configurations.map(({ curve: _, instead: __, runs, ...configuration }) => ({
      ...configuration,
      mean: jsonNumber(configuration.mean),
      sd: jsonNumber(configuration.sd),
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
      rows: rows.map((row) => names.map((name) => (Object.hasOwn(row, name) ? (row[name] ?? null) : null))),
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

// `cookbook report` from directories to an answer: the same for people, as data, and as a table for other programs.

import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { readForeignLines } from '../run_files/foreign_json.ts';
import { newestIterationFile } from '../training/iteration_directory.ts';
import type { JsonObject, JsonValue } from '../util/json.ts';
import { type ReportContents, reportOnAnswer } from './answer_report.ts';
import { compare } from './compare.ts';
import { dropCopies } from './copies.ts';
import { openDatabase } from './database.ts';
import { type RunPlaces, readEntries } from './entries.ts';
import { readEvaluations, type SeenEvaluation, scoreOf } from './evaluations.ts';
import { groupByFields, groupBySweep } from './grouping.ts';
import { defaultLimits, type Limits } from './limits.ts';
import type { ObjectiveOptions } from './objective.ts';
import { fillFromTable } from './parquet.ts';
import { runBlocks } from './run_document.ts';
import { type RunEntry, UNFINISHED } from './run_entry.ts';
import { summariseRun } from './run_summary.ts';
import { askedFor } from './search_order.ts';
import { ask, prepareQuestion, type Question } from './sql.ts';
import type { Summary } from './summary.ts';
import { summaryBlocks } from './summary_document.ts';
import { type DataTable, runTable, summaryTable } from './summary_table.ts';

export interface ReportOptions extends ObjectiveOptions, RunPlaces {
  sql?: string | undefined;
  /** The file that the question was read from, as the user would type it. */
  sqlFile?: string | undefined;
  groupBy?: readonly string[] | undefined;
  limits?: Partial<Limits> | undefined;
  /** Leaves nothing out of what people read: every metric of a run, and every run that needs a look. */
  all?: boolean | undefined;
}

export interface Report extends ReportContents {
  /** What could not be read, one line each. */
  notices: string[];
}

/** @throws ConfigurationError for directories without runs, fields that no run has, and SQL that is wrong */
export async function makeReport(options: ReportOptions): Promise<Report> {
  const { entries, notices } = readEntries(options);
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
  const { sql, sqlFile: file = null } = options;
  if (sql !== undefined) return reportOnQuestion(connection, entries, { sql, file }, { limits, places: options });
  const [only] = entries;
  const plain = [options.metric, options.goal, options.at, options.groupBy].every((option) => option === undefined);
  if (entries.length === 1 && only !== undefined && plain) return reportOnRun(connection, only, options);
  return reportOnConfigurations(connection, entries, options);
}

async function reportOnQuestion(
  connection: DuckDBConnection,
  entries: readonly RunEntry[],
  question: Question,
  { limits, places }: { limits: Limits; places: RunPlaces },
): Promise<Report> {
  const notices = await prepareQuestion(connection, question, entries, places);
  const answer = await ask(connection, question, limits);
  return { notices, ...(await reportOnAnswer(answer)) };
}

async function reportOnRun(
  connection: DuckDBConnection,
  entry: RunEntry,
  { all = false, directories, cwd }: Pick<ReportOptions, 'all' | 'directories' | 'cwd'>,
): Promise<Report> {
  const { summary, notices } = await summariseRun(connection, entry);
  const { run, learned } = summary;
  const { warnings, stopped } = entry;
  const metrics = summary.metrics.map(({ curve: _, isDetail: __, ...metric }) => metric);
  // What a plan calls a run that is not there is no path to look at.
  const newest = entry.isPlanned ? null : await newestIterationFile(run.directory, 'train.html');
  const again = UNFINISHED.has(run.state) ? entry.command : null;
  const { evaluations, notices: unread } = entry.isPlanned
    ? { evaluations: [], notices: [] }
    : await readEvaluations([entry], { directories, cwd }, { ofSteps: false });
  const measured = evaluations.filter(({ settings }) => Object.keys(settings).length > 0).map(measuredBy);
  const isResumable = entry.checkpointsFile !== null && readForeignLines(entry.checkpointsFile).objects.length > 0;
  const transcript = newest === null ? null : join(run.run, newest);
  return {
    notices: [...notices, ...unread],
    blocks: runBlocks(summary, {
      evaluations: measured,
      look: entry.look,
      warnings,
      again,
      isResumable,
      transcript,
      stopped,
      best: entry.best(),
      all,
    }),
    json: { run: { ...run }, learned: learned && { ...learned }, warnings, metrics, evaluations: measured },
    ...tableReport(runTable(summary)),
  };
}

const measuredBy = (seen: SeenEvaluation) => {
  const { evaluation, benchmark, step } = seen;
  return { evaluation, benchmark, step, ...scoreOf(seen) };
};

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
    blocks: summaryBlocks(summaries, { all: options.all, askedFor: (summary) => askedFor(summary, entries) }),
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

function tableReport({ columns, rows }: DataTable): Pick<ReportContents, 'table' | 'fill'> {
  const names = Object.keys(columns);
  return {
    table: {
      columns: Object.entries(columns).map(([name, type]) => ({ name, type })),
      rows: rows.map((row) => names.map((name) => (Object.hasOwn(row, name) ? (row[name] ?? null) : null))),
    },
    fill: fillFromTable({ columns, rows }),
  };
}

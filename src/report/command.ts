// cookbook report: makes a report and writes it to a file, or gives the text to print.

import type { JsonValue } from '../util/json.ts';
import { printable } from '../util/printable.ts';
import { toText } from './document.ts';
import { DEFAULT_ROWS, DEFAULT_SECONDS, defaultBytes, parseBytes } from './limits.ts';
import { type Format, formatReport, writeReport } from './output.ts';
import { type QuestionPlaces, readQuestion, savedQuestions } from './queries.ts';
import { makeReport, type ReportOptions } from './report.ts';

export interface ReportCommandOptions extends Omit<ReportOptions, 'limits' | 'sqlFile'> {
  /** A file of SQL, or the name of a saved question. */
  question: string | undefined;
  maxSeconds: number | undefined;
  maxRows: number | undefined;
  /** Such as 2GB. */
  maxMemory: string | undefined;
  /** Null where the data itself is asked for, with --json. */
  format: Format | null;
  /** The file to write a page to, in the place of all else. */
  html: string | undefined;
  /** The file to write to. */
  output: string | undefined;
  /** The directory to draw charts into, instead of a report. */
  svg: string | undefined;
  /** Columns of the terminal that shows it; unlimited where none does. */
  width: number;
  /** Told what could not be read, one line each. */
  notify(notice: string): void;
}

export interface ReportEnd {
  /** To be printed; null where it went to a file, or is asked for as data. */
  text: string | null;
  /** Undefined unless it is asked for. */
  json: JsonValue | undefined;
}

export async function reportCommand(options: ReportCommandOptions): Promise<ReportEnd> {
  const { format, html, output, svg, notify, width, maxSeconds, maxRows, maxMemory, question, ...asked } = options;
  const limits = {
    seconds: maxSeconds ?? DEFAULT_SECONDS,
    rows: maxRows ?? DEFAULT_ROWS,
    bytes: maxMemory === undefined ? defaultBytes() : parseBytes('--max-memory', maxMemory),
  };
  if (html !== undefined) {
    const { writePage } = await import('./page/write_page.ts');
    for (const notice of await writePage({ ...asked, bytes: limits.bytes }, html)) notify(notice);
    return { text: null, json: undefined };
  }
  if (svg !== undefined) {
    // Imported only where it is asked for, as what draws is large.
    const { writeCharts } = await import('./charts/svg_files.ts');
    const files = await writeCharts({ ...asked, limits }, svg, notify);
    return {
      text: format === null ? null : files.map(printable).join('\n'),
      json: format === null ? files : undefined,
    };
  }
  const read = question === undefined ? null : await readQuestion(question, asked);
  const report = await makeReport({
    ...asked,
    limits,
    ...(read === null ? {} : { sql: read.sql, sqlFile: read.file ?? undefined }),
  });
  for (const notice of report.notices) notify(notice);
  const isAnswer = read !== null || asked.sql !== undefined;
  if (isAnswer && format === 'table' && output === undefined && report.table.rows.length === 0)
    notify('the answer has no rows');
  if (output !== undefined) await writeReport(report, format ?? 'json', output);
  const text = output === undefined && format !== null ? formatReport(report, format, width) : null;
  return { text, json: format === null ? report.json : undefined };
}

/** The saved questions that can be asked of these directories: a table for people, or data. */
export function listQuestions(places: QuestionPlaces, width: number): { text: string; json: JsonValue } {
  const questions = savedQuestions(places);
  const columns = ['name', 'what it asks', 'file'].map((name) => ({ name, align: 'left' as const }));
  const rows = questions.map(({ name, about, file }) => [name, about ?? '', file].map(printable));
  return { text: toText([{ table: { columns, rows } }], width), json: questions.map((question) => ({ ...question })) };
}

// cookbook report: makes a report and writes it to a file, or gives the text to print.

import type { JsonValue } from '../util/json.ts';
import { type Format, formatReport, writeReport } from './output.ts';
import { makeReport, type ReportOptions } from './report.ts';

export interface ReportCommandOptions extends ReportOptions {
  /** Null where the data itself is asked for, with --json. */
  format: Format | null;
  /** The file to write to. */
  output: string | undefined;
  /** Told what could not be read, one line each. */
  notify(notice: string): void;
}

export interface ReportEnd {
  /** To be printed; null where it went to a file, or is asked for as data. */
  text: string | null;
  json: JsonValue;
}

export async function reportCommand({ format, output, notify, ...options }: ReportCommandOptions): Promise<ReportEnd> {
  const report = await makeReport(options);
  const { json } = report;
  for (const notice of report.notices) notify(notice);
  if (output === undefined) return { json, text: format === null ? null : formatReport(report, format) };
  await writeReport(report, format ?? 'json', output);
  return { json, text: null };
}

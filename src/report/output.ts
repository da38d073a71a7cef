// The formats that a report can be had in, to standard output or to a file.

import { ConfigurationError, messageOf } from '../util/errors.ts';
import type { JsonValue } from '../util/json.ts';
import { toMarkdown, toText } from './document.ts';
import { writeParquet } from './parquet.ts';
import type { Report } from './report.ts';

export type Format = 'table' | 'json' | 'csv' | 'markdown' | 'parquet';

/** @throws ConfigurationError for Parquet, which is not text */
export function formatReport(report: Report, format: Format): string {
  if (format === 'table') return toText(report.blocks);
  if (format === 'markdown') return toMarkdown(report.blocks);
  if (format === 'json') return JSON.stringify(report.json, null, 2);
  if (format === 'csv') return toCsv(report.table);
  throw new ConfigurationError('Parquet is not text: it goes to a file', { hint: 'Add --output FILE.parquet.' });
}

/** Writes the report to a file in one step: whoever reads it sees the old contents or all of the new. */
export async function writeReport(report: Report, format: Format, file: string): Promise<void> {
  try {
    if (format === 'parquet') return await writeParquet(file, (connection) => report.fill(connection));
    const { default: writeFileAtomic } = await import('write-file-atomic');
    await writeFileAtomic(file, `${formatReport(report, format)}\n`);
  } catch (error) {
    throw new ConfigurationError(`cannot write ${file}: ${messageOf(error).split('\n')[0]}`, { cause: error });
  }
}

/** RFC 4180, with a line feed after each row; null is empty, numbers are exact. */
function toCsv({ columns, rows }: Report['table']): string {
  const lines = [columns.map(({ name }) => name), ...rows.map((row) => row.map(csvText))];
  return lines.map((cells) => cells.map(quoteCsv).join(',')).join('\n');
}

function csvText(value: JsonValue): string {
  if (value === null) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function quoteCsv(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

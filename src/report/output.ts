// The formats that a report can be had in, to standard output or to a file.

import { ConfigurationError, CookbookError } from '../util/errors.ts';
import type { JsonValue } from '../util/json.ts';
import type { ReportContents } from './answer_report.ts';
import { toMarkdown, toText } from './document.ts';
import { withinText } from './limits.ts';
import { writeParquet } from './parquet.ts';
import { placeOf, writeError } from './place.ts';

export type Format = 'table' | 'json' | 'csv' | 'markdown' | 'parquet';

/**
 * @param width what a line of a table may take
 * @throws ConfigurationError for Parquet, which is not text
 */
export function formatReport(report: ReportContents, format: Format, width = Number.POSITIVE_INFINITY): string {
  return withinText(() => formatted(report, format, width));
}

function formatted(report: ReportContents, format: Format, width: number): string {
  if (format === 'table') return toText(report.blocks, width);
  if (format === 'markdown') return toMarkdown(report.blocks);
  if (format === 'json') return JSON.stringify(report.json, null, 2);
  if (format === 'csv') return toCsv(report.table);
  throw new ConfigurationError('Parquet is not text: it goes to a file', { hint: 'Add --output FILE.parquet.' });
}

/**
 * Writes the report to a file in one step: whoever reads it sees the old contents or all of the new. What is no regular file,
 * such as a pipe, is written through.
 */
export async function writeReport(report: ReportContents, format: Format, file: string): Promise<void> {
  try {
    const place = await placeOf(file);
    if (format !== 'parquet') return await place.write(`${formatReport(report, format)}\n`);
    await place.writeFrom((temporary) => writeParquet(temporary, (connection) => report.fill(connection)));
  } catch (error) {
    throw error instanceof CookbookError ? error : writeError(file, error);
  }
}

/** RFC 4180, with a line feed after each row; null is empty, numbers are exact, and those that JSON has no word for are words. */
function toCsv({ columns, rows }: ReportContents['table']): string {
  const lines = [columns.map(({ name }) => name), ...rows.map((row) => row.map(csvText))];
  // Readers skip empty lines, and an empty cell of its own would be one.
  return lines.map((cells) => cells.map(quoteCsv).join(',') || '""').join('\n');
}

function csvText(value: JsonValue): string {
  if (value === null) return '';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

function quoteCsv(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

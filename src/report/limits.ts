// How much a report may take: bounds on time, memory and rows, so that a question without end ends in an error of one line.

import { totalmem } from 'node:os';
import { ConfigurationError } from '../util/errors.ts';
import { errorCode } from '../util/files.ts';

export interface Limits {
  /** For the answer to a question in SQL. */
  seconds: number;
  rows: number;
  /** Of the database. */
  bytes: number;
}

export const DEFAULT_SECONDS = 60;
export const DEFAULT_ROWS = 1_000_000;

/** Of a report as text, where the parts of a number or a name are counted generously: a text in memory may hold half a billion. */
const MOST_CHARACTERS = 400_000_000;
/** Inside lists too: what a process can hold beside the database. */
const MOST_VALUES = 20_000_000;

/** @throws ConfigurationError for more than a process can hold */
export function checkSize(values: number, characters: number): void {
  if (values > MOST_VALUES || characters > MOST_CHARACTERS) throw tooLarge();
}

/** Runs what makes one text of a report. @throws ConfigurationError where it is longer than a text can be */
export function withinText<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof RangeError || errorCode(error) === 'ERR_STRING_TOO_LONG') throw tooLarge(error);
    throw error;
  }
}

function tooLarge(cause?: unknown): ConfigurationError {
  return new ConfigurationError('the report is larger than text in memory can be', {
    cause,
    hint: 'Ask for less, with a LIMIT or fewer columns, or write it with --format parquet.',
  });
}

/** Half of the memory that there is for this process. */
export function defaultBytes(): number {
  const constrained = process.constrainedMemory();
  return Math.floor(Math.min(totalmem(), constrained > 0 ? constrained : Number.POSITIVE_INFINITY) / 2);
}

export function defaultLimits(): Limits {
  return { seconds: DEFAULT_SECONDS, rows: DEFAULT_ROWS, bytes: defaultBytes() };
}

const UNITS = new Map([
  ['MB', 1e6],
  ['GB', 1e9],
  ['MiB', 2 ** 20],
  ['GiB', 2 ** 30],
]);

/** @throws ConfigurationError for a text that is no size, `500MB` or `4 GiB` */
export function parseBytes(option: string, text: string): number {
  const [, count, unit = ''] = /^(\d+(?:\.\d+)?)\s*([MG]i?B)$/.exec(text.trim()) ?? [];
  const bytes = Math.floor(Number(count) * (UNITS.get(unit) ?? Number.NaN));
  if (Number.isSafeInteger(bytes) && bytes >= 1e6) return bytes;
  throw new ConfigurationError(`${option} must be a size of a megabyte or more, not "${text}"`, {
    hint: `Write it with its unit, as in ${option} 500MB or ${option} 8GB.`,
  });
}

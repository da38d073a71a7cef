// Every error that a user can cause: a stable code, a message that says what to do next, and the exit code it maps to.

import { inspect } from 'node:util';

/** Exit codes of the command line: 0 complete, 1 failed, 2 usage or invalid input, 3 incomplete. */
export type ExitCode = 1 | 2 | 3;

export interface ErrorOptions {
  /** What to do about it, in one sentence; printed on a line of its own. */
  hint?: string;
  cause?: unknown;
}

/** Base of all known errors: printed as one line without a stack. Anything else that is thrown is a defect and prints its stack. */
export class CookbookError extends Error {
  readonly code: string = 'COOKBOOK_ERROR';
  readonly exitCode: ExitCode = 1;
  readonly hint: string | undefined;

  constructor(message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.hint = options.hint;
  }
}

/** A spec, an option or a combination of them that cannot work. */
export class ConfigurationError extends CookbookError {
  override readonly code: string = 'CONFIGURATION';
  override readonly exitCode = 2;
}

/** One thing that is wrong in a spec, at its place. Lines and columns count from 1; both are 0 where there is no such file. */
export interface Diagnostic {
  file: string;
  line: number;
  column: number;
  /** Slash-joined path of the field, `dataset/batch_size`; empty for the document itself. */
  path: string;
  message: string;
}

export function formatDiagnostic({ file, line, column, path, message }: Diagnostic): string {
  const place = line === 0 ? `${file}:` : `${file}:${line}:${column}`;
  return `${place} ${path === '' ? '' : `${path}: `}${message}`;
}

/** An invalid spec: everything that is wrong with it, all at once. */
export class SpecError extends ConfigurationError {
  override readonly code = 'SPEC';
  readonly diagnostics: readonly Diagnostic[];

  constructor(diagnostics: readonly Diagnostic[]) {
    super(diagnostics.map(formatDiagnostic).join('\n'));
    this.diagnostics = diagnostics;
  }
}

/** A data file whose bytes cannot be read as what they should be; the message starts with `file:line`. */
export class DataFormatError extends CookbookError {
  override readonly code = 'DATA_FORMAT';
}

/** Data that parses but cannot be trained on. */
export class DataValidationError extends CookbookError {
  override readonly code = 'DATA_VALIDATION';
}

/** A conversation that a renderer cannot express. */
export class RendererError extends CookbookError {
  override readonly code = 'RENDERER';
}

/** Model files that are missing, damaged or of an unknown kind. */
export class WeightsError extends CookbookError {
  override readonly code = 'WEIGHTS';
}

/** A checkpoint that is missing, damaged or does not fit. */
export class CheckpointError extends CookbookError {
  override readonly code = 'CHECKPOINT';
}

/** Weights that training has made NaN or infinite: there is nothing to save. */
export class DivergedError extends CookbookError {
  override readonly code = 'DIVERGED';
}

/** A run directory that is in use, damaged, or belongs to another run. */
export class RunDirectoryError extends CookbookError {
  override readonly code: string = 'RUN_DIRECTORY';
}

/** A request that the training service refuses: shapes, names, ranges. */
export class RequestError extends CookbookError {
  override readonly code = 'REQUEST';
}

/** Training that has come to its end and to nothing. */
export class TrainingError extends CookbookError {
  override readonly code = 'TRAINING';
}

/** What `--json` prints of an error. */
export function errorData({ code, message, hint }: CookbookError): { code: string; message: string; hint?: string } {
  return { code, message, ...(hint === undefined ? {} : { hint }) };
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  if (error instanceof Error) return error.message;
  return typeof error === 'object'
    ? inspect(error, { depth: 1, breakLength: Number.POSITIVE_INFINITY })
    : String(error);
}

/** The stack of anything that was thrown, for those who look for a defect. */
export function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

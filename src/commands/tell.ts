// How an error is told: to a person on stderr, to a script as data, and to the shell by an exit code.

import { type Command, Errors } from '@oclif/core';
import { CookbookError, errorData, messageOf, RunDirectoryError, SpecError, stackOf } from '../util/errors.ts';
import { errorCode } from '../util/files.ts';
import { printableText } from '../util/printable.ts';
import { unknownFlag } from './usage.ts';

/** An error on stderr, or as data on stdout. A defect shows its stack in either case. */
export async function tell(error: unknown, json: boolean): Promise<void> {
  if (json) process.stdout.write(`${JSON.stringify({ error: describe(error) }, null, 2)}\n`);
  else if (error instanceof SpecError) process.stderr.write(`${await specReport(error)}\n`);
  else if (error instanceof CookbookError) {
    process.stderr.write(`${printableText([error.message, ...hintLines(error)].join('\n'))}\n`);
  }
  if (isDefect(error)) process.stderr.write(`${stackOf(error)}\n`);
}

/** What oclif says of a flag that it does not know, with what was probably meant; and the limit that any opening may meet. */
export function explained(
  error: unknown,
  command: string,
  { flags = {}, args = {} }: Partial<typeof Command>,
): unknown {
  if (['EMFILE', 'ENFILE'].includes(errorCode(error) ?? '')) {
    return new RunDirectoryError(messageOf(error), { hint: 'Allow more open files: ulimit -n 1024.', cause: error });
  }
  const flag =
    error instanceof Errors.CLIError ? /^Nonexistent flags?: --([^\s,]+)/.exec(error.message)?.[1] : undefined;
  if (flag === undefined) return error;
  const takesFields = 'key=value' in args || command === 'validate';
  return unknownFlag(flag, command, [...Object.keys(flags), 'json', 'help'], takesFields);
}

function isDefect(error: unknown): boolean {
  return !(error instanceof CookbookError || error instanceof Errors.CLIError);
}

export function exitCodeOf(error: unknown): number {
  if (error instanceof CookbookError) return error.exitCode;
  if (error instanceof Errors.CLIError) return error.oclif.exit ?? 1;
  return 1;
}

function hintLines({ hint }: CookbookError): string[] {
  return hint === undefined ? [] : [hint];
}

/** What `--json` prints of an error. Diagnostics stand beside the message that joins them, for editors and scripts. */
function describe(error: unknown): object {
  if (error instanceof SpecError) {
    return { code: error.code, message: error.message, diagnostics: error.diagnostics };
  }
  if (error instanceof CookbookError) return errorData(error);
  return { code: error instanceof Errors.CLIError ? 'USAGE' : 'INTERNAL', message: messageOf(error) };
}

/** A person at a terminal also sees the lines themselves; logs and editors get one diagnostic a line. */
async function specReport(error: SpecError): Promise<string> {
  if (!process.stderr.isTTY) return printableText(error.message);
  const { withExcerpts } = await import('../spec/excerpt.ts');
  return await withExcerpts(error.diagnostics);
}

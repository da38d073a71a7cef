// How an error is told: to a person on stderr, to a script as data, and to the shell by an exit code.

import { stripVTControlCharacters } from 'node:util';
import { type Command, Errors } from '@oclif/core';
import { CookbookError, errorData, messageOf, SpecError, stackOf } from '../util/errors.ts';
import { unexpectedFailure } from '../util/files.ts';
import { printableText } from '../util/printable.ts';
import { widthOf, wrappedText } from '../util/wrapped.ts';
import { unknownFlag, unknownLetter, wrongUse } from './usage.ts';

/** An error on stderr, or as data on stdout. A defect shows its stack in either case. */
export async function tell(error: unknown, json: boolean): Promise<void> {
  if (json) process.stdout.write(`${JSON.stringify({ error: describe(error) }, null, 2)}\n`);
  else if (error instanceof SpecError) process.stderr.write(`${await specReport(error)}\n`);
  else if (error instanceof CookbookError) {
    const text = printableText([error.message, ...hintLines(error)].join('\n'));
    process.stderr.write(`${wrappedText(text, widthOf(process.stderr))}\n`);
  }
  if (!(error instanceof CookbookError)) process.stderr.write(`${stackOf(error)}\n`);
}

/** What oclif says of what was typed, with what was probably meant; and what any opening of a file may meet. */
export function explained(
  error: unknown,
  command: string,
  { flags = {}, args = {} }: Partial<typeof Command>,
): unknown {
  if (!(error instanceof Errors.CLIError)) return unexpectedFailure(error);
  const [, dashes, flag] = /^Nonexistent flags?: (--?)([^\s,]+)/.exec(stripVTControlCharacters(error.message)) ?? [];
  if (flag === undefined) return wrongUse(error.message, command);
  if (dashes === '-') return unknownLetter(flag, command);
  return unknownFlag(flag, command, [...Object.keys(flags), 'json', 'help'], 'key=value' in args);
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
  return { code: 'INTERNAL', message: messageOf(error) };
}

/** A person at a terminal also sees the lines themselves; logs and editors get one diagnostic a line. */
async function specReport(error: SpecError): Promise<string> {
  if (!process.stderr.isTTY) return printableText(error.message);
  const { withExcerpts } = await import('../spec/excerpt.ts');
  return await withExcerpts(error.diagnostics, widthOf(process.stderr));
}

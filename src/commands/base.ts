// What every command shares: --json, known errors as one line without a stack, and exit codes.

import { Command, Errors } from '@oclif/core';
import { CookbookError, messageOf, SpecError } from '../util/errors.ts';
import { errorCode } from '../util/files.ts';
import { printableText } from '../util/printable.ts';

/**
 * `run()` returns what `--json` prints; `this.log` writes data to stdout, `this.logToStderr` prose to stderr, and both are
 * silent under `--json`. A command that ends neither well nor with an error sets `process.exitCode`.
 */
export abstract class BaseCommand extends Command {
  static override enableJsonFlag = true;

  protected override async init(): Promise<void> {
    await super.init();
    // In place of oclif's listener, which throws where nothing catches it.
    process.stdout.removeAllListeners('error');
    process.stdout.on('error', onLostOutput);
  }

  /** Errors end here rather than in oclif, which would drop their codes under `--json` and the stacks of defects. */
  protected override async catch(error: unknown): Promise<void> {
    process.exitCode = exitCodeOf(error);
    if (error instanceof Errors.ExitError) return;
    if (this.jsonEnabled()) this.logJson({ error: describe(error) });
    else if (error instanceof SpecError) process.stderr.write(`${await specReport(error)}\n`);
    else if (error instanceof CookbookError)
      process.stderr.write(`${printableText([error.message, ...hintLines(error)].join('\n'))}\n`);
    else if (error instanceof Errors.CLIError) throw error;
    if (isDefect(error)) process.stderr.write(`${stackOf(error)}\n`);
  }
}

/** A reader that is gone has seen enough; a full disk is a failure. */
function onLostOutput(error: Error): void {
  const isHandled = process.stdout.listenerCount('error') > 1;
  if (isHandled || errorCode(error) === 'EPIPE') return;
  process.exitCode = 1;
  process.stderr.write(`cannot write to standard output: ${messageOf(error)}\n`);
}

function isDefect(error: unknown): boolean {
  return !(error instanceof CookbookError || error instanceof Errors.CLIError);
}

function exitCodeOf(error: unknown): number {
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
  if (error instanceof CookbookError) {
    return { code: error.code, message: error.message, ...(error.hint === undefined ? {} : { hint: error.hint }) };
  }
  return { code: error instanceof Errors.CLIError ? 'USAGE' : 'INTERNAL', message: messageOf(error) };
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

/** A person at a terminal also sees the lines themselves; logs and editors get one diagnostic a line. */
async function specReport(error: SpecError): Promise<string> {
  if (!process.stderr.isTTY) return printableText(error.message);
  const { withExcerpts } = await import('../spec/excerpt.ts');
  return await withExcerpts(error.diagnostics);
}

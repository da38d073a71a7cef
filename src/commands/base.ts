// What every command shares: --json, known errors as one line without a stack, and exit codes.

import { Command, Errors } from '@oclif/core';
import { widthOf, wrappedText } from '../util/wrapped.ts';

/**
 * `run()` returns what `--json` prints; `this.log` writes data to stdout, `this.logToStderr` prose to stderr, and both are
 * silent under `--json`. A command that ends neither well nor with an error sets `process.exitCode`.
 */
export abstract class BaseCommand extends Command {
  static override enableJsonFlag = true;

  /** On a terminal, broken between words. */
  override logToStderr(message = ''): void {
    super.logToStderr(wrappedText(message, widthOf(process.stderr)));
  }

  /** Errors end here rather than in oclif, which would drop their codes under `--json` and the stacks of defects. */
  protected override async catch(error: unknown): Promise<void> {
    // Only here: every start of the program would load it.
    const { exitCodeOf, explained, tell } = await import('./tell.ts');
    const { asTyped } = await import('./usage.ts');
    process.exitCode = exitCodeOf(error);
    if (error instanceof Errors.ExitError) return;
    await tell(explained(error, asTyped(this.id ?? ''), this.ctor), this.jsonEnabled());
  }
}

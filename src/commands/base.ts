// What every command shares: --json, known errors as one line without a stack, and exit codes.

import { Command, Errors } from '@oclif/core';

/**
 * `run()` returns what `--json` prints; `this.log` writes data to stdout, `this.logToStderr` prose to stderr, and both are
 * silent under `--json`. A command that ends neither well nor with an error sets `process.exitCode`.
 */
export abstract class BaseCommand extends Command {
  static override enableJsonFlag = true;

  /** Errors end here rather than in oclif, which would drop their codes under `--json` and the stacks of defects. */
  protected override async catch(error: unknown): Promise<void> {
    // Only here: every start of the program would load it.
    const { exitCodeOf, explained, tell } = await import('./tell.ts');
    process.exitCode = exitCodeOf(error);
    if (error instanceof Errors.ExitError) return;
    await tell(explained(error, this.id ?? '', this.ctor), this.jsonEnabled());
  }
}

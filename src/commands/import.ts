// `cookbook import`: the history of other tools, for report and SQL.

import { Args, Flags } from '@oclif/core';
import { printable } from '../util/printable.ts';
import { BaseCommand } from './base.ts';

export default class Import extends BaseCommand {
  static override summary = 'Bring runs that other tools have kept into run directories.';
  static override description =
    `Reads TensorBoard event files, MLflow file stores, Trackio databases and W&B's run-*.wandb files below each SOURCE.
Importing again adds what is new, and nothing twice.`;
  static override strict = false;
  static override args = {
    source: Args.string({ required: true, multiple: true, description: 'Files, or directories to look in.' }),
  };
  static override usage = 'import SOURCE… [--to DIR]';
  static override flags = {
    to: Flags.directory({ default: 'runs/imported', description: 'Directory to write the runs below.' }),
  };
  static override examples = [
    '<%= config.bin %> import mlruns wandb',
    '<%= config.bin %> import ~/.cache/huggingface/trackio --to runs/trackio',
  ];

  async run(): Promise<object> {
    const { argv, flags } = await this.parse(Import);
    const { importCommand } = await import('../imports/command.ts');
    const { runs, failed, lines } = await importCommand(argv.map(String), {
      to: flags.to,
      cwd: process.cwd(),
      notify: (message) => this.logToStderr(`note: ${printable(message)}`),
    });
    for (const line of lines) this.log(printable(line));
    if (failed.length > 0) process.exitCode = 1;
    return { runs, failed };
  }
}

// cookbook sql: a small shell for questions in SQL over runs.

import { Args, Flags } from '@oclif/core';
import { printableText } from '../util/printable.ts';
import { BaseCommand } from './base.ts';

export default class Sql extends BaseCommand {
  static override enableJsonFlag = false;

  static override summary = 'Ask one question in SQL after the other: the views of "report --sql" in a shell.';

  static override description =
    `Loads the runs below each DIR ("runs" when none is named) once. At a terminal it completes the names of views, columns and
saved questions; what is piped into it is answered statement by statement, up to the first that cannot be.`;

  static override examples = [
    '<%= config.bin %> sql',
    '<%= config.bin %> sql runs/lr_grid --max-seconds 600',
    'echo "SELECT count(*) FROM runs" | <%= config.bin %> sql',
  ];

  static override strict = false;
  static override args = {
    dir: Args.string({ multiple: true, description: 'Directories to look for runs in; "runs" unless given.' }),
  };
  static override usage = 'sql [DIR…]';

  static override flags = {
    'max-seconds': Flags.integer({ min: 1, max: 1_000_000, summary: 'Time that an answer may take (default 60).' }),
    'max-rows': Flags.integer({ min: 1, summary: 'Rows that an answer may have (default 1000000).' }),
    'max-memory': Flags.string({
      summary: 'Memory that the database may take, as in 8GB (default: half of the memory there is).',
    }),
    'no-cache': Flags.boolean({ summary: 'Read every metrics.jsonl itself, and keep nothing of it beside the runs.' }),
  };

  async run(): Promise<void> {
    const { argv, flags } = await this.parse(Sql);
    const { sqlCommand } = await import('../sql_shell/command.ts');
    await sqlCommand({
      directories: argv.length === 0 ? ['runs'] : argv.map(String),
      cwd: process.cwd(),
      useCache: !flags['no-cache'],
      maxSeconds: flags['max-seconds'],
      maxRows: flags['max-rows'],
      maxMemory: flags['max-memory'],
      input: process.stdin,
      output: process.stdout,
      isInteractive: process.stdin.isTTY && process.stdout.isTTY,
      notify: (notice) => this.logToStderr(printableText(notice)),
    });
  }
}

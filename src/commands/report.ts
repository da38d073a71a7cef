// cookbook report: what the runs below some directories have learned, as a table or as the answer to a question in SQL.

import { Args, Flags } from '@oclif/core';
import { printable } from '../util/printable.ts';
import { widthOf, wrappedText } from '../util/wrapped.ts';
import { BaseCommand } from './base.ts';

export default class Report extends BaseCommand {
  static override summary = 'Show what runs have learned: configurations compared over seeds, or any question in SQL.';

  static override description = `Looks for run directories of every state below each DIR ("runs" when none is named).
SQL goes over the views runs, configs, metrics, metrics_long and checkpoints, and sees nothing else.`;

  static override examples = [
    '<%= config.bin %> report',
    '<%= config.bin %> report runs/lr_grid --metric test/nll --at best',
    '<%= config.bin %> report runs/a runs/b --group-by model_name --format markdown',
    '<%= config.bin %> report runs/lr_grid --html report.html',
    '<%= config.bin %> report runs/lr_grid --svg charts',
    `<%= config.bin %> report --sql "SELECT state, count(*) FROM runs GROUP BY state"`,
  ];

  static override strict = false;
  static override args = {
    dir: Args.string({ multiple: true, description: 'Directories to look for runs in; "runs" unless given.' }),
  };
  static override usage = 'report [DIR…] [--sql SQL | --metric NAME --at WHEN --goal GOAL --group-by FIELDS]';

  static override flags = {
    sql: Flags.string({
      summary: 'One SELECT over the views.',
      exclusive: ['metric', 'at', 'goal', 'group-by'],
    }),
    metric: Flags.string({ summary: 'Compare by this metric instead of the one that the runs declare.' }),
    at: Flags.string({ summary: 'Which value of the metric counts: last, best or step:N.' }),
    goal: Flags.option({ options: ['minimize', 'maximize'] as const, summary: 'Which value is the best.' })(),
    'group-by': Flags.string({
      summary: 'Aggregate over all runs with equal values of these fields, comma-separated.',
      multiple: true,
      delimiter: ',',
    }),
    format: Flags.option({
      options: ['table', 'json', 'csv', 'markdown', 'parquet'] as const,
      default: 'table' as const,
      summary: 'Numbers are rounded in table and markdown, exact in the others.',
      exclusive: ['json'],
    })(),
    all: Flags.boolean({
      summary: 'Leave nothing out: every metric of a run, every run of a sweep that needs a look.',
      exclusive: ['sql'],
    }),
    'max-seconds': Flags.integer({
      min: 1,
      max: 1_000_000,
      summary: 'Time that the answer to --sql may take (default 60).',
      dependsOn: ['sql'],
    }),
    'max-rows': Flags.integer({
      min: 1,
      summary: 'Rows that the answer to --sql may have (default 1000000).',
      dependsOn: ['sql'],
    }),
    'max-memory': Flags.string({
      summary: 'Memory that the database may take, as in 8GB (default: half of the memory there is).',
    }),
    html: Flags.string({
      summary: 'Write the report as a page, one file that opens in a browser without a network.',
      helpValue: 'FILE',
      exclusive: ['sql', 'format', 'json', 'output', 'all', 'svg'],
    }),
    svg: Flags.string({
      summary: 'Draw the charts of the report into this directory, each an SVG file.',
      exclusive: ['sql', 'output', 'all'],
      helpValue: 'DIR',
    }),
    output: Flags.string({ char: 'o', summary: 'Write to this file instead of standard output.' }),
  };

  async run(): Promise<unknown> {
    const { argv, flags } = await this.parse(Report);
    const { reportCommand } = await import('../report/command.ts');
    const { text, json } = await reportCommand({
      directories: argv.length === 0 ? ['runs'] : argv.map(String),
      cwd: process.cwd(),
      sql: flags.sql,
      metric: flags.metric,
      goal: flags.goal,
      at: flags.at,
      groupBy: flags['group-by'],
      all: flags.all,
      maxSeconds: flags['max-seconds'],
      maxRows: flags['max-rows'],
      maxMemory: flags['max-memory'],
      format: this.jsonEnabled() ? null : flags.format,
      html: flags.html,
      output: flags.output,
      svg: flags.svg,
      width: widthOf(process.stdout),
      notify: (notice) =>
        process.stderr.write(`${wrappedText(`note: ${printable(notice)}`, widthOf(process.stderr))}\n`),
    });
    const written = flags.html ?? flags.output;
    if (written !== undefined) this.logToStderr(`written: ${printable(written)}`);
    if (text !== null) this.log(text);
    return json;
  }
}

// cookbook board: runs as a live page.

import { Args, Flags } from '@oclif/core';
import { printable, printableText } from '../util/printable.ts';
import { BaseCommand } from './base.ts';

export default class Board extends BaseCommand {
  static override summary = 'Show runs in a browser, live.';
  static override description =
    `A page of the runs below each DIR ("runs" when none is named): curves that grow, logs, configurations, transcripts, notes.
It reads run directories and writes nothing but notes. Only this machine is let in, unless --host says otherwise.`;
  static override examples = [
    '<%= config.bin %> board',
    '<%= config.bin %> board runs/lr_grid --port 8080',
    '<%= config.bin %> board --host 0.0.0.0 --token-env BOARD_TOKEN',
  ];
  static override enableJsonFlag = false;
  static override strict = false;
  static override args = {
    dir: Args.string({ multiple: true, description: 'Directories to look for runs in; "runs" unless given.' }),
  };
  static override usage = 'board [DIR…] [--port N] [--host ADDRESS --token-env VARIABLE]';
  static override flags = {
    port: Flags.integer({ default: 8090, min: 0, max: 65_535, description: 'Where to listen; 0 = any that is free.' }),
    host: Flags.string({ default: '127.0.0.1', description: 'Address to listen on; other machines need a token.' }),
    'token-env': Flags.string({ description: 'Variable of the environment with the token that browsers must show.' }),
  };

  async run(): Promise<void> {
    const { argv, flags } = await this.parse(Board);
    const { boardCommand } = await import('../board/command.ts');
    const options = {
      directories: argv.length === 0 ? ['runs'] : argv.map(String),
      waits: argv.length === 0,
      cwd: process.cwd(),
      host: flags.host,
      port: flags.port,
      tokenEnv: flags['token-env'] ?? null,
      env: process.env,
      notify: (message: string) => this.logToStderr(printableText(message)),
    };
    await boardCommand(options, (lines) => this.log(lines.map(printable).join('\n')));
  }
}

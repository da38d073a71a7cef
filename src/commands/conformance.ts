// cookbook conformance: check a server of the Tinker API.

import { Args, Flags } from '@oclif/core';
import { printableText } from '../util/printable.ts';
import { BaseCommand } from './base.ts';
import { quietFlag } from './flags.ts';

export default class Conformance extends BaseCommand {
  static override summary = 'Check what a server of the Tinker API does, by the version of the SDK.';
  static override description =
    'Trains small adapters for some minutes, samples from them, and deletes what it has made. Nothing but token ids is sent. Servers on other machines may ask for tokens to be paid: it asks before it begins. The key comes from TINKER_API_KEY. The exit code is 1 where something fails, or is missing that a version needs.';
  static override examples = [
    '<%= config.bin %> conformance http://127.0.0.1:8000',
    '<%= config.bin %> conformance https://tinker.example --model ORG/NAME --yes',
    '<%= config.bin %> conformance http://127.0.0.1:8000 --only losses --json',
  ];
  static override args = {
    url: Args.string({ required: true, description: 'Address of the server, with its path.' }),
  };
  static override flags = {
    model: Flags.string({ description: "The server's name of a small model; else the only one that it has." }),
    only: Flags.string({
      multiple: true,
      multipleNonGreedy: true,
      helpValue: 'GROUP',
      description: 'A group of checks; may be given several times.',
    }),
    timeout: Flags.integer({ default: 120, min: 1, description: 'Seconds after which a check has failed.' }),
    yes: Flags.boolean({ char: 'y', description: 'Do not ask.' }),
    quiet: quietFlag,
  };

  async run(): Promise<object> {
    const { args, flags } = await this.parse(Conformance);
    const { conformanceCommand } = await import('../conformance/command.ts');
    const { confirmOnTerminal } = await import('../run/ask.ts');
    const { stopOnSignals } = await import('../run/signals.ts');
    const confirm = confirmOnTerminal(process.stdin, process.stderr);
    const stops: ReturnType<typeof stopOnSignals>[] = [];
    try {
      const { lines, json, isSound, isWhole } = await conformanceCommand({
        url: args.url,
        model: flags.model ?? null,
        groups: flags.only ?? null,
        limitSeconds: flags.timeout,
        env: process.env,
        listen: () => {
          const stop = stopOnSignals();
          stops.push(stop);
          return stop.signal;
        },
        agreed: async (question) => flags.yes || (await confirm?.(question)) === true,
        progress: (line) => {
          if (!flags.quiet) this.logToStderr(printableText(line));
        },
      });
      this.log(lines.join('\n'));
      if (!isWhole) this.logToStderr('Stopped before all checks had run.');
      if (!isSound) process.exitCode = 1;
      else if (!isWhole) process.exitCode = 3;
      return json;
    } finally {
      for (const stop of stops) stop.dispose();
    }
  }
}

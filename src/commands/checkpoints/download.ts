// `cookbook checkpoints download`: what a service has trained, as an adapter on this machine.

import { Args, Flags } from '@oclif/core';
import { BaseCommand } from '../base.ts';

export default class CheckpointsDownload extends BaseCommand {
  static override summary = 'Download a checkpoint as an adapter for PEFT.';
  static override description =
    'The directory is what "chat", "eval" and "export" take, and what PEFT loads. It appears whole or not at all.';
  static override args = {
    target: Args.string({ required: true, description: 'tinker:// path of a checkpoint, or run directory.' }),
  };
  static override flags = {
    checkpoint: Flags.string({ description: 'Of a run: final, best, or a name; the newest one if not given.' }),
    to: Flags.directory({ description: 'Directory to write; named after run and checkpoint if not given.' }),
    overwrite: Flags.boolean({ description: 'Put it in the place of an adapter that lies there.' }),
  };
  static override examples = [
    '<%= config.bin %> checkpoints download runs/sl_basic --checkpoint best --to adapter',
    '<%= config.bin %> checkpoints download tinker://RUN/weights/final',
  ];

  async run(): Promise<object> {
    const { args, flags } = await this.parse(CheckpointsDownload);
    const { downloadCommand } = await import('../../checkpoints/command.ts');
    const { widthOf } = await import('../../util/wrapped.ts');
    const { result, lines } = await downloadCommand(
      args.target,
      {
        to: flags.to ?? null,
        checkpoint: flags.checkpoint ?? null,
        overwrite: flags.overwrite,
        env: process.env,
        notify: (message: string) => this.logToStderr(message),
      },
      widthOf(process.stdout),
    );
    for (const line of lines) this.log(line);
    return result;
  }
}

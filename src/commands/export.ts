// `cookbook export`: what a run has trained, for other tools.

import { Args, Flags } from '@oclif/core';
import { BaseCommand } from './base.ts';

export default class Export extends BaseCommand {
  static override summary = 'Write what a run has trained for other tools.';
  static override description =
    'Writes the adapter as PEFT loads it, or the model with the adapter merged into it as transformers loads it.';
  static override args = {
    run: Args.string({ required: true, description: 'Run directory, or one of its checkpoints.' }),
  };
  static override flags = {
    to: Flags.directory({ required: true, description: 'Directory to write; it must not exist yet.' }),
    format: Flags.option({ options: ['peft', 'merged'] as const, default: 'peft' as const })({
      description: 'An adapter, or a whole model.',
    }),
    checkpoint: Flags.string({ description: 'final, best, or the name of a checkpoint; the newest one if not given.' }),
    dtype: Flags.option({ options: ['float32', 'float16', 'bfloat16'] as const, default: 'float32' as const })({
      description: 'Of the weights of a whole model. Only float32 loses nothing.',
    }),
  };
  static override examples = [
    '<%= config.bin %> export runs/sl_basic --to adapter',
    '<%= config.bin %> export runs/sl_basic --to model --format merged --dtype bfloat16',
  ];

  async run(): Promise<object> {
    const { args, flags } = await this.parse(Export);
    const { exportCommand } = await import('../export/command.ts');
    const { widthOf } = await import('../util/wrapped.ts');
    const options = {
      to: flags.to,
      format: flags.format,
      checkpoint: flags.checkpoint ?? null,
      dtype: flags.dtype,
      notify: (message: string) => this.logToStderr(message),
    };
    const { result, lines } = await exportCommand(args.run, options, widthOf(process.stdout));
    for (const line of lines) this.log(line);
    return result;
  }
}

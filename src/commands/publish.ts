// `cookbook publish`: what a run has trained, on the hub.

import { Args, Flags } from '@oclif/core';
import { BaseCommand } from './base.ts';

export default class Publish extends BaseCommand {
  static override summary = 'Publish what a run has trained on the Hugging Face hub.';
  static override description =
    'Exports the adapter, or with --merged the whole model, writes a model card from what the run recorded, and commits both. HF_TOKEN must be one that may write; HF_ENDPOINT names another hub.';
  static override args = {
    run: Args.string({ required: true, description: 'Run directory.' }),
  };
  static override flags = {
    repo: Flags.string({ required: true, description: 'ORG/NAME of the repository; made where there is none.' }),
    merged: Flags.boolean({ description: 'The whole model, with the adapter merged into it.' }),
    dtype: Flags.option({ options: ['float32', 'float16', 'bfloat16'] as const, default: 'float32' as const })({
      description: 'Of the weights of a whole model. Only float32 loses nothing.',
    }),
    checkpoint: Flags.string({ description: 'final, best, or the name of a checkpoint; the newest one if not given.' }),
    private: Flags.boolean({ description: 'Nobody else may read the repository.' }),
    revision: Flags.string({ default: 'main', description: 'Branch that is committed to; made where there is none.' }),
    'dry-run': Flags.boolean({ description: 'Show the files and the card, and publish nothing.' }),
    unfinished: Flags.boolean({ description: 'Publish a run that has not come to its end.' }),
  };
  static override examples = [
    '<%= config.bin %> publish runs/sl_basic --repo my-name/my-adapter --dry-run',
    '<%= config.bin %> publish runs/sl_basic --repo my-name/my-model --merged --dtype bfloat16 --private',
  ];

  async run(): Promise<object> {
    const { args, flags } = await this.parse(Publish);
    const { publishCommand } = await import('../publish/command.ts');
    const { result, lines } = await publishCommand(args.run, {
      repo: flags.repo,
      merged: flags.merged,
      dtype: flags.dtype,
      checkpoint: flags.checkpoint ?? null,
      private: flags.private,
      revision: flags.revision,
      dryRun: flags['dry-run'],
      unfinished: flags.unfinished,
      env: process.env,
      notify: (message: string) => this.logToStderr(message),
    });
    for (const line of lines) this.log(line);
    return result;
  }
}

// `cookbook checkpoints unpublish`: takes back what "publish" did.

import { BaseCommand } from '../base.ts';
import { changedArgs, changedFlags, changedLines } from './changed.ts';

export default class CheckpointsUnpublish extends BaseCommand {
  static override summary = 'Keep a published checkpoint to yourself again.';
  static override args = changedArgs;
  static override flags = changedFlags;
  static override examples = ['<%= config.bin %> checkpoints unpublish tinker://RUN/sampler_weights/final'];

  async run(): Promise<object> {
    const { args, flags } = await this.parse(CheckpointsUnpublish);
    const { setPublic } = await import('../../checkpoints/change.ts');
    const notify = (message: string) => this.logToStderr(message);
    const options = { checkpoint: flags.checkpoint ?? null, env: process.env, notify };
    const unpublished = await setPublic(args.target, false, options);
    this.log(changedLines('private again', unpublished));
    return { unpublished };
  }
}

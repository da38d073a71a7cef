// `cookbook checkpoints publish`: lets everybody read a checkpoint.

import { BaseCommand } from '../base.ts';
import { changedArgs, changedFlags, changedLines } from './changed.ts';

export default class CheckpointsPublish extends BaseCommand {
  static override summary = 'Let everybody who has its path read a checkpoint.';
  static override args = changedArgs;
  static override flags = changedFlags;
  static override examples = ['<%= config.bin %> checkpoints publish runs/sl_basic --checkpoint final'];

  async run(): Promise<object> {
    const { args, flags } = await this.parse(CheckpointsPublish);
    const { setPublic } = await import('../../checkpoints/change.ts');
    const notify = (message: string) => this.logToStderr(message);
    const options = { checkpoint: flags.checkpoint ?? null, env: process.env, notify };
    const published = await setPublic(args.target, true, options);
    this.log(changedLines('published', published));
    return { published };
  }
}

// `cookbook checkpoints set-ttl`: when a service deletes a checkpoint by itself.

import { Flags } from '@oclif/core';
import { BaseCommand } from '../base.ts';
import { changedArgs, changedFlags, changedLines } from './changed.ts';

export default class CheckpointsSetTtl extends BaseCommand {
  static override summary = 'Say when a service deletes a checkpoint by itself.';
  static override args = changedArgs;
  static override flags = {
    ...changedFlags,
    ttl: Flags.string({ required: true, description: 'From now on: 90m, 12h, 7d, or never.' }),
  };
  static override examples = [
    '<%= config.bin %> checkpoints set-ttl tinker://RUN/weights/000020 --ttl 7d',
    '<%= config.bin %> checkpoints set-ttl runs/sl_basic --checkpoint best --ttl never',
  ];

  async run(): Promise<object> {
    const { args, flags } = await this.parse(CheckpointsSetTtl);
    const { setTtl, ttlOf } = await import('../../checkpoints/change.ts');
    const ttl_seconds = ttlOf(flags.ttl);
    const notify = (message: string) => this.logToStderr(message);
    const options = { checkpoint: flags.checkpoint ?? null, env: process.env, notify };
    const paths = await setTtl(args.target, ttl_seconds, options);
    this.log(changedLines(ttl_seconds === null ? 'stays' : `is deleted in ${flags.ttl}`, paths));
    return { paths, ttl_seconds };
  }
}

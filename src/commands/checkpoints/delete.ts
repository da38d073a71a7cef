// `cookbook checkpoints delete`: gives back the room that a checkpoint takes.

import { Args, Flags } from '@oclif/core';
import { BaseCommand } from '../base.ts';
import { changedLines } from './changed.ts';

export default class CheckpointsDelete extends BaseCommand {
  static override summary = 'Delete a checkpoint for good.';
  static override description =
    'Asks before it does. What an unfinished run would go on from is refused without --force.';
  static override args = {
    target: Args.string({ required: true, description: 'tinker:// path of a checkpoint, or run directory.' }),
  };
  static override flags = {
    checkpoint: Flags.string({ description: 'Of a run: final, best, or the name of a checkpoint.' }),
    yes: Flags.boolean({ char: 'y', description: 'Ask nothing.' }),
    force: Flags.boolean({ description: 'Delete also what an unfinished run goes on from.' }),
  };
  static override examples = [
    '<%= config.bin %> checkpoints delete runs/sl_basic --checkpoint 000020',
    '<%= config.bin %> checkpoints delete tinker://RUN/weights/000020 --yes',
  ];

  async run(): Promise<object> {
    const { args, flags } = await this.parse(CheckpointsDelete);
    const { deleteCheckpoint } = await import('../../checkpoints/delete.ts');
    const { confirmOnTerminal } = await import('../../run/ask.ts');
    const deleted = await deleteCheckpoint(args.target, {
      checkpoint: flags.checkpoint ?? null,
      yes: flags.yes,
      force: flags.force,
      confirm: this.jsonEnabled() ? null : confirmOnTerminal(process.stdin, process.stderr),
      env: process.env,
      notify: (message: string) => this.logToStderr(message),
    });
    if (deleted.length === 0) this.logToStderr('nothing was deleted');
    else this.log(changedLines('deleted', deleted));
    return { deleted };
  }
}

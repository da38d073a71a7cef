// `cookbook engine`: the process of an engine that the runs of a sweep share; the sweep starts it.

import { Args, Flags } from '@oclif/core';
import { BaseCommand } from './base.ts';

export default class Engine extends BaseCommand {
  static override description = 'Train and sample for the runs of a sweep, which attach to a socket.';
  static override hidden = true;
  static override enableJsonFlag = false;
  static override args = { socket: Args.string({ required: true, description: 'Where to listen.' }) };
  static override flags = {
    device: Flags.string({ default: 'cpu', description: 'What computes.' }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Engine);
    const { engineCommand } = await import('../serve/engine_command.ts');
    await engineCommand(args.socket, flags.device);
  }
}

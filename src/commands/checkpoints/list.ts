// `cookbook checkpoints list`: what there is of a run, or of a server.

import { Args } from '@oclif/core';
import { widthOf } from '../../util/wrapped.ts';
import { BaseCommand } from '../base.ts';

export default class CheckpointsList extends BaseCommand {
  static override summary = 'List the checkpoints of a run or of a server, newest first.';
  static override description =
    'Of a server all that your key can see; of a run directory those that its log names and, where a service has them, what the service says of them. Times are in UTC.';
  static override args = {
    target: Args.string({
      description: 'Address of a server, run directory, or tinker:// path; TINKER_BASE_URL if not given.',
    }),
  };
  static override examples = [
    '<%= config.bin %> checkpoints list http://127.0.0.1:8000',
    '<%= config.bin %> checkpoints list runs/sl_basic',
  ];

  async run(): Promise<object> {
    const { args } = await this.parse(CheckpointsList);
    const { listCheckpoints } = await import('../../checkpoints/listing.ts');
    const { checkpointTable } = await import('../../checkpoints/table.ts');
    const notify = (message: string) => this.logToStderr(message);
    const checkpoints = await listCheckpoints(args.target ?? null, { env: process.env, notify });
    if (checkpoints.length === 0) this.logToStderr('there are no checkpoints');
    else for (const line of checkpointTable(checkpoints, widthOf(process.stdout))) this.log(line);
    return { checkpoints };
  }
}

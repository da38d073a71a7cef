// `cookbook slurm-job`: what a Slurm job of a sweep executes.

import { Args } from '@oclif/core';
import { BaseCommand } from './base.ts';

export default class SlurmJob extends BaseCommand {
  static override description = 'Execute the run of a task of a job array.';
  static override hidden = true;
  static override enableJsonFlag = false;
  static override args = { tasks: Args.string({ required: true, description: 'tasks.json of its submission.' }) };

  async run(): Promise<void> {
    const { args } = await this.parse(SlurmJob);
    const { slurmJobCommand } = await import('../sweep/executors/slurm/job_command.ts');
    const { builtinRegistry } = await import('../builtin.ts');
    process.exitCode = await slurmJobCommand(args.tasks, builtinRegistry());
  }
}

// The text of a batch script and the options that sbatch is called with. Pure.

import { ENGINE_VARIABLE } from '../../../tinker/shared_engine.ts';
import { quote } from '../../../util/program_name.ts';
import { optionName, type SlurmFields } from './fields.ts';
import { jobName } from './queue.ts';

export interface Batch {
  submission: string;
  /** Of the array, which is numbered from 0. */
  tasks: number;
  /** Directory with the files of the submission. */
  directory: string;
  parallelism: number | null;
}

export const SCRIPT = 'job.sh';
export const TASKS = 'tasks.json';

/**
 * The signal before the time limit. Nothing happens to a process that does not listen to it yet: Node undoes what a script has
 * said of signals, and takes a second to start, and Slurm may be a minute early.
 */
const TIME_IS_UP = 'URG';

/** What a task says outside its own log, and what Slurm has to say of it. */
export function taskLog(directory: string, task: number): string {
  return `${directory}/${task}.log`;
}

/** @param program words of the command that executes a task; the file with the tasks is added to them */
export function batchScript(program: readonly string[], tasks: string, { setup, srun_args }: SlurmFields): string {
  const start = srun_args.length === 0 ? [] : ['srun', ...srun_args];
  const command = [...start, ...program, tasks].map(quote).join(' ');
  return `#!/bin/bash
# Written by cookbook: each task of the array executes one run directory of tasks.json.
${setup.map((line) => `${line}\n`).join('')}threads=\${SLURM_CPUS_PER_TASK:-\${SLURM_CPUS_ON_NODE:-1}}
export COOKBOOK_THREADS=$threads OMP_NUM_THREADS=$threads OMP_WAIT_POLICY=PASSIVE
unset ${ENGINE_VARIABLE}
exec ${command}
`;
}

export function sbatchArguments(batch: Batch, fields: SlurmFields): string[] {
  const { submission, tasks, directory, parallelism } = batch;
  const limit = parallelism === null ? '' : `%${parallelism}`;
  // Without srun the run is the process of the script itself, and with it, one of its steps.
  const receiver = fields.srun_args.length === 0 ? 'B:' : '';
  return [
    '--parsable',
    `--job-name=${jobName(submission)}`,
    `--array=0-${tasks - 1}${limit}`,
    `--output=${outputPattern(directory)}`,
    '--open-mode=append',
    '--requeue',
    '--nodes=1',
    `--signal=${receiver}${TIME_IS_UP}@${fields.signal_delay_s}`,
    ...options(fields),
    `${directory}/${SCRIPT}`,
  ];
}

function options(fields: SlurmFields): string[] {
  const { mem_gb, additional_parameters } = fields;
  const own: [string, string | number | null][] = [
    ['time', fields.timeout_min],
    ['cpus-per-task', fields.cpus_per_task],
    ['gpus-per-node', fields.gpus_per_node],
    ['ntasks-per-node', fields.tasks_per_node],
    ['mem', mem_gb === null ? null : `${Math.ceil(mem_gb * 1024)}M`],
    ['partition', fields.partition],
    ['qos', fields.qos],
    ['account', fields.account],
    ['constraint', fields.constraint],
    ['gres', fields.gres],
  ];
  const further = Object.entries(additional_parameters).map(([name, value]) => [optionName(name), value] as const);
  return [...own, ...further].flatMap(([name, value]) => {
    if (value === null || value === false) return [];
    return value === true ? [`--${name}`] : [`--${name}=${value}`];
  });
}

/** Slurm replaces what follows a % in the name of a file, and gives up on that where the name holds a backslash. */
function outputPattern(directory: string): string {
  return directory.includes('\\') ? '/dev/null' : `${directory.replaceAll('%', '%%')}/%a.log`;
}

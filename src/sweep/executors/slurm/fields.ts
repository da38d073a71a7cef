// What a spec says of its Slurm jobs, under the names that submitit has for it.

import { type Static, Type } from '@sinclair/typebox';
import { nullable, runtime } from '../../../registry/fields.ts';
import { ConfigurationError } from '../../../util/errors.ts';
import type { Resources } from '../../resources.ts';

const text = (description: string) =>
  runtime(
    nullable(Type.String({ minLength: 1, default: null, description: `${description} null = as the cluster has it.` })),
  );

const count = (description: string) =>
  runtime(
    nullable(Type.Integer({ minimum: 1, default: null, description: `${description} null = as the cluster has it.` })),
  );

const texts = (description: string) => runtime(Type.Array(Type.String({ minLength: 1 }), { default: [], description }));

export const slurmParams = Type.Object({
  timeout_min: count('Time limit of a job, in minutes. A run that needs longer is saved and goes on in another job.'),
  signal_delay_s: runtime(
    Type.Integer({
      minimum: 1,
      default: 90,
      description:
        'Seconds before its time limit at which a run is told to save a checkpoint. Slurm may be a minute early.',
    }),
  ),
  cpus_per_task: count('Cores of a run.'),
  gpus_per_node: runtime(
    nullable(
      Type.Unsafe<number | string>({
        type: ['integer', 'string'],
        minimum: 0,
        minLength: 1,
        default: null,
        description: 'GPUs of a run, as 1 or a100:1. null = none are asked for.',
      }),
    ),
  ),
  tasks_per_node: count('Tasks that the job reserves room for; the run itself is one process.'),
  mem_gb: runtime(
    nullable(
      Type.Number({
        exclusiveMinimum: 0,
        default: null,
        description: 'Memory of a run, in GiB. null = as the cluster has it.',
      }),
    ),
  ),
  partition: text('Partition, or several with commas between them.'),
  qos: text('Quality of service.'),
  account: text('Account that the time is charged to.'),
  constraint: text('Features that the nodes must have, as a100|h100.'),
  gres: text('Generic resources, as gpu:a100:1.'),
  array_parallelism: runtime(
    nullable(
      Type.Integer({
        minimum: 1,
        default: null,
        description:
          'How many jobs of an array run at a time. null = max_concurrency where that is more than 1, else as many as the cluster lets run.',
      }),
    ),
  ),
  max_submitted: runtime(
    nullable(
      Type.Integer({
        minimum: 1,
        default: null,
        description: 'How many jobs wait or run at a time, where the cluster limits that. null = all, in one array.',
      }),
    ),
  ),
  setup: texts('Lines of shell that each job executes before its run, as module load cuda.'),
  srun_args: texts('Arguments for srun, which then starts the run; without any, the batch script itself does.'),
  additional_parameters: runtime(
    Type.Record(
      Type.String(),
      Type.Unsafe<string | number | boolean | null>({ type: ['string', 'number', 'boolean', 'null'] }),
      {
        default: {},
        description:
          'Further options of sbatch by their long names, as mail_user. true = without a value; false or null = left out.',
      },
    ),
  ),
  poll_s: runtime(
    Type.Number({
      minimum: 2,
      default: 10,
      description: 'Seconds between two calls of squeue, each of which asks for all jobs of the user.',
    }),
  ),
});

export type SlurmFields = Static<typeof slurmParams>;

/** What the executor decides itself: another value would break how it finds, stops and resumes jobs. */
const RESERVED = new Set([
  'array',
  'error',
  'help',
  'hold',
  'job-name',
  'kill-on-invalid-dep',
  'no-requeue',
  'ntasks',
  'nodes',
  'open-mode',
  'output',
  'parsable',
  'quiet',
  'requeue',
  'signal',
  'test-only',
  'uid',
  'verbose',
  'version',
  'wait',
  'wrap',
]);

/** Options of sbatch that have a field of their own. */
const FIELDS: Record<string, string> = {
  time: 'timeout_min',
  'cpus-per-task': 'cpus_per_task',
  'gpus-per-node': 'gpus_per_node',
  'ntasks-per-node': 'tasks_per_node',
  mem: 'mem_gb',
  partition: 'partition',
  qos: 'qos',
  account: 'account',
  constraint: 'constraint',
  gres: 'gres',
};

const OPTION = /^[a-z][a-z0-9-]*$/;

/** `mail_user` as sbatch spells it. */
export function optionName(parameter: string): string {
  return parameter.replaceAll('_', '-');
}

/** @throws ConfigurationError for fields that cannot go together, or that the executor decides */
/** With what the sweep says of every run, where the executor does not say it itself. */
export function withResources(fields: SlurmFields, { cpus, memory_gb, gpus, time_seconds }: Resources): SlurmFields {
  return {
    ...fields,
    cpus_per_task: fields.cpus_per_task ?? cpus,
    mem_gb: fields.mem_gb ?? memory_gb,
    gpus_per_node: fields.gpus_per_node ?? gpus,
    timeout_min: fields.timeout_min ?? (time_seconds === null ? null : Math.ceil(time_seconds / 60)),
  };
}

export function checkSlurmFields({ additional_parameters, timeout_min, signal_delay_s, setup }: SlurmFields): void {
  for (const parameter of Object.keys(additional_parameters)) {
    const place = `execution.executor.additional_parameters: ${JSON.stringify(parameter)}`;
    const option = optionName(parameter);
    const field = FIELDS[option];
    if (field !== undefined) throw new ConfigurationError(`${place} has a field of its own: ${field}`);
    if (RESERVED.has(option)) throw new ConfigurationError(`${place} is decided by the executor; leave it out`);
    if (!OPTION.test(option)) {
      throw new ConfigurationError(`${place} is no long option of sbatch, as mail_user or mail-user`);
    }
  }
  if (timeout_min !== null && timeout_min * 60 <= signal_delay_s) {
    throw new ConfigurationError(
      `execution.executor.signal_delay_s: ${signal_delay_s} s are all of timeout_min (${timeout_min} min): no time is left to train`,
    );
  }
  if (setup.some((line) => line.includes('\0'))) {
    throw new ConfigurationError('execution.executor.setup: a line cannot hold the character NUL');
  }
}

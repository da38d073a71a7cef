// Hands runs to Slurm, an array for as many as there are, so that each is handed over once whoever dies in between.
//
// job.json names the submission of a run before sbatch is called, and the array bears its name: a sweep that comes later looks
// for that in the queue. A job whose run has been given to another submission since does nothing (job_command.ts).

import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pLimit from 'p-limit';
import { announceJobs, type JobRecord, readJob, recordJob } from '../../../run_files/job.ts';
import { readStatus } from '../../../run_files/status.ts';
import type { JsonObject } from '../../../util/json.ts';
import { underSweepLease } from '../../sweep_directory.ts';
import { COOKBOOK } from '../processes.ts';
import { batchScript, sbatchArguments, TASKS } from './batch.ts';
import type { SlurmFields } from './fields.ts';
import { refused, SLURM, type SlurmHandle } from './handle.ts';
import { SlurmError, slurm } from './programs.ts';
import type { Queue } from './queue.ts';
import { submissionDirectory, writeSubmission } from './task_list.ts';

/** How long a controller that is away is waited for. */
const PATIENCE_MS = 10 * 60_000;
const RETRY_MS = 5_000;
/** Few enough not to run out of file handles. */
const OPEN_AT_A_TIME = 32;

export interface Cluster {
  name: string;
  /** The most tasks that an array may have. */
  mostTasks: number;
}

/** A run that was handed over, or why it could not be. */
export interface Submitted {
  directory: string;
  record: JobRecord;
  attempts: number;
  error: SlurmError | null;
}

export interface SubmitterOptions {
  fields: SlurmFields;
  parallelism: number | null;
  queue: Queue;
  /** The submission that a directory was last seen to belong to; null for none. */
  seen: ReadonlyMap<string, string | null>;
}

export class Submitter {
  readonly #options: SubmitterOptions;
  #cluster: Promise<Cluster> | null = null;

  constructor(options: SubmitterOptions) {
    this.#options = options;
  }

  /** What is asked of the cluster once. */
  async cluster(): Promise<Cluster> {
    this.#cluster ??= patiently(async () => clusterOf(await slurm('scontrol', ['show', 'config'])));
    try {
      return await this.#cluster;
    } catch (error) {
      this.#cluster = null;
      throw error;
    }
  }

  /** @returns those that were handed over, and the directories that another sweep has handed over in the meantime */
  async submit(directories: readonly string[]): Promise<{ submitted: Submitted[]; taken: string[] }> {
    const { name, mostTasks } = await this.cluster();
    const submitted: Submitted[] = [];
    const taken: string[] = [];
    for (const group of arraysOf(directories, mostTasks)) {
      const { records, others } = await this.#announce(group);
      taken.push(...others);
      const free = group.filter((directory) => records.has(directory));
      if (free.length > 0) submitted.push(...(await this.#handOver(free, [...records.values()], name)));
    }
    return { submitted, taken };
  }

  /** Under the lease of the sweep: of two sweeps that hand over one run, the second finds that the first does. */
  async #announce(directories: readonly string[]): Promise<{ records: Map<string, JobRecord>; others: string[] }> {
    const { seen } = this.#options;
    return await underSweepLease(dirname(directories[0] ?? ''), async () => {
      const limit = pLimit(OPEN_AT_A_TIME);
      const others = new Set<string>();
      const look = async (directory: string) => {
        const { value } = await readJob(directory);
        if (value?.executor === SLURM && value.submission !== seen.get(directory)) others.add(directory);
      };
      await Promise.all(directories.map((directory) => limit(() => look(directory))));
      const free = directories.filter((directory) => !others.has(directory));
      const records = free.length === 0 ? [] : await announceJobs(SLURM, free);
      return {
        records: new Map(free.flatMap((directory, i) => (records[i] ? [[directory, records[i]]] : []))),
        others: [...others],
      };
    });
  }

  async #handOver(
    directories: readonly string[],
    records: readonly JobRecord[],
    cluster: string,
  ): Promise<Submitted[]> {
    const { fields } = this.#options;
    const [first] = records;
    const limit = pLimit(OPEN_AT_A_TIME);
    const attempts = await Promise.all(directories.map((directory) => limit(() => attemptsAt(directory))));
    const place = submissionDirectory(directories[0] ?? '', first?.submission ?? '');
    const recordAll = async (handleFor: (task: number) => JsonObject) => {
      // What cannot be written down here is found by the name of the array.
      const record = (directory: string, i: number) =>
        limit(async () => records[i] && recordJob(directory, records[i], handleFor(i)).catch(() => undefined));
      await Promise.all(directories.map(record));
    };
    try {
      const submission = first?.submission ?? '';
      const script = batchScript([process.execPath, COOKBOOK, 'slurm-job'], `${place}/${TASKS}`, fields);
      await writeSubmission(place, { submission, directories, script });
      const batch = { submission, tasks: directories.length, directory: place, parallelism: this.#options.parallelism };
      const array_job_id = await this.#sbatch(sbatchArguments(batch, fields), submission);
      const submit_time = new Date().toISOString();
      const srun = fields.srun_args.length > 0;
      const handle = { cluster, array_job_id, submit_time, srun };
      await recordAll((task) => ({ ...({ ...handle, task, attempts: attempts[task] ?? 0 } satisfies SlurmHandle) }));
      return directories.flatMap((directory, i) =>
        records[i] ? [{ directory, record: records[i], attempts: attempts[i] ?? 0, error: null }] : [],
      );
    } catch (error) {
      if (!(error instanceof SlurmError)) throw error;
      await recordAll(() => refused(error.message));
      return directories.flatMap((directory, i) =>
        records[i] ? [{ directory, record: records[i], attempts: attempts[i] ?? 0, error }] : [],
      );
    }
  }

  /** Number of the array. A call that has failed may have been carried out: it is looked for before there is another one. */
  async #sbatch(args: readonly string[], submission: string): Promise<number> {
    let hasFailed = false;
    return await patiently(async () => {
      if (hasFailed) {
        const listing = await this.#options.queue.look(true);
        if (listing === null) throw new SlurmError('squeue: the controller does not answer', true);
        const [array] = listing.get(submission)?.arrays ?? [];
        if (array !== undefined) return array;
      }
      hasFailed = true;
      return arrayIn(await slurm('sbatch', args));
    });
  }
}

async function attemptsAt(directory: string): Promise<number> {
  return (await readStatus(directory)).value?.attempt ?? 0;
}

/** Arrays of directories that lie side by side. */
function* arraysOf(directories: readonly string[], mostTasks: number): Generator<string[]> {
  const byParent = new Map<string, string[]>();
  for (const directory of directories) {
    const siblings = byParent.get(dirname(directory));
    if (siblings === undefined) byParent.set(dirname(directory), [directory]);
    else siblings.push(directory);
  }
  for (const siblings of byParent.values()) {
    for (let at = 0; at < siblings.length; at += mostTasks) yield siblings.slice(at, at + mostTasks);
  }
}

/** Again and again while the controller is away. */
async function patiently<T>(call: () => Promise<T>): Promise<T> {
  for (const deadline = performance.now() + PATIENCE_MS; ; ) {
    try {
      return await call();
    } catch (error) {
      if (!(error instanceof SlurmError) || !error.isTransient || performance.now() > deadline) throw error;
    }
    await sleep(RETRY_MS);
  }
}

/** Sites print greetings before it, and federations the name of the cluster behind it. */
export function arrayIn(stdout: string): number {
  const [, id] = /^(\d{1,10})(?:;.*)?$/.exec(stdout.trimEnd().split('\n').at(-1)?.trim() ?? '') ?? [];
  if (id === undefined)
    throw new SlurmError(`sbatch gave no number of a job: ${JSON.stringify(stdout.slice(0, 200))}`, true);
  return Number(id);
}

export function clusterOf(config: string): Cluster {
  const setting = (key: string) => new RegExp(`^${key}\\s*=\\s*(.*?)\\s*$`, 'm').exec(config)?.[1];
  // It is one more than the highest number that a task may have.
  const size = Number(setting('MaxArraySize'));
  return { name: setting('ClusterName') ?? '', mostTasks: Number.isSafeInteger(size) && size > 1 ? size : 1_000 };
}

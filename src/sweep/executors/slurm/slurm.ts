// Runs as jobs of a Slurm cluster: an array for all that are ready together, which wait in its queue and live by themselves.
//
// A sweep that is gone leaves its jobs in the queue. The same command, typed again, follows them and hands over what is missing.

import { setTimeout as sleep } from 'node:timers/promises';
import pLimit from 'p-limit';
import { defineBuilder } from '../../../registry/builder.ts';
import { type JobRecord, readJob } from '../../../run_files/job.ts';
import { isFinished, readStatus } from '../../../run_files/status.ts';
import { messageOf, RunDirectoryError } from '../../../util/errors.ts';
import { processState, thisProcess } from '../../../util/liveness.ts';
import { type Executor, executorSlot, type Job } from '../../executor.ts';
import { Canceller } from './cancel.ts';
import { checkSlurmFields, type SlurmFields, slurmParams, withResources } from './fields.ts';
import { handleOf, SLURM, wasRefused } from './handle.ts';
import { type Shared, SlurmJob } from './job.ts';
import { SlurmError, slurm } from './programs.ts';
import { Queue } from './queue.ts';
import { type Submitted, Submitter } from './submitter.ts';
import { looksUntilOver, type Standing, seemsOver, standingOf } from './verdict.ts';

export const slurmExecutor = defineBuilder({
  slot: executorSlot,
  name: SLURM,
  version: 1,
  doc: 'As jobs of a Slurm cluster: one array for all runs that are missing.',
  params: slurmParams,
  async build(fields, { maxConcurrency, resources }): Promise<Executor> {
    const sized = withResources(fields, resources);
    checkSlurmFields(sized);
    // Without Slurm it is told at once, and not of each run.
    await slurm('sbatch', ['--version']);
    return new SlurmExecutor(sized, maxConcurrency);
  },
});

/** Few enough not to run out of file handles. */
const OPEN_AT_A_TIME = 32;
/** Jobs that are taken from their runs are seen in one look at the queue; so they go into one array. */
const TOGETHER_MS = 500;
/** How long another machine's sweep, which cannot be looked at, may take between its announcement and sbatch. */
const SUBMISSION_MS = 120_000;
/** How long nothing is known of a job before its run is given up for now. */
const SILENCE_MS = 10 * 60_000;

class SlurmExecutor implements Executor {
  readonly slots: number;
  /** A thousand runs may be under way. */
  readonly watchMs: number;
  readonly #queue: Queue;
  readonly #submitter: Submitter;
  readonly #shared: Shared;
  readonly #files = pLimit(OPEN_AT_A_TIME);
  /** The submission that each directory was seen to belong to, as it was found to be over; null: to none. */
  readonly #seen = new Map<string, string | null>();
  #again: Promise<Map<string, Submitted>> | null = null;
  #directoriesAgain: string[] = [];

  constructor(fields: SlurmFields, maxConcurrency: number) {
    this.slots = fields.max_submitted ?? Number.POSITIVE_INFINITY;
    this.watchMs = fields.poll_s * 1_000;
    this.#queue = new Queue(this.watchMs);
    const parallelism = fields.array_parallelism ?? (maxConcurrency > 1 ? maxConcurrency : null);
    this.#submitter = new Submitter({ fields, parallelism, queue: this.#queue, seen: this.#seen });
    this.#shared = {
      queue: this.#queue,
      canceller: new Canceller(),
      files: (read) => this.#files(read),
      again: (directory) => this.#submitAgain(directory),
    };
  }

  async submit(directories: readonly string[]): Promise<Job[]> {
    const jobs = new Map<string, Job>();
    for (let left = [...directories]; left.length > 0; ) {
      const { submitted, taken } = await this.#submitter.submit(left);
      const refused = submitted.flatMap(({ error }) => error ?? []);
      // All alike: the scheduler tells of it as it stands.
      if (refused.length === directories.length && refused[0] !== undefined) throw refused[0];
      for (const { directory, record, attempts, error } of submitted) {
        this.#seen.set(directory, record.submission);
        const place = { directory, record, attempts };
        jobs.set(
          directory,
          error === null
            ? new SlurmJob(this.#shared, place, true)
            : endedJob(`its job could not be submitted (${messageOf(error)})`),
        );
      }
      left = [];
      for (const directory of taken) {
        const job = await this.attach(directory);
        const { value: status } = await readStatus(directory);
        if (job !== null) jobs.set(directory, job);
        else if (status !== null && isFinished(status.state)) jobs.set(directory, endedJob('it was done meanwhile'));
        else left.push(directory);
      }
    }
    return directories.flatMap((directory) => jobs.get(directory) ?? []);
  }

  async attach(directory: string): Promise<Job | null> {
    for (const deadline = performance.now() + SILENCE_MS; ; ) {
      const { value: record } = await this.#files(() => readJob(directory));
      if (record === null || record.executor !== SLURM) return null;
      await this.#refuseOtherCluster(directory, record);
      const found = await this.#find(record);
      if (found === 'under way') return await this.#follow(directory, record);
      if (found === 'over') {
        this.#seen.set(directory, record.submission);
        return null;
      }
      if (found === 'unknown' && performance.now() > deadline) {
        throw new SlurmError('Slurm does not answer, so nobody knows whether the run waits or runs', true);
      }
    }
  }

  async #follow(directory: string, record: JobRecord): Promise<Job> {
    const { value } = await this.#files(() => readStatus(directory));
    const attempts = handleOf(record)?.attempts ?? value?.attempt ?? 0;
    return new SlurmJob(this.#shared, { directory, record, attempts }, false);
  }

  /** @returns `announced`: its sweep is about to hand it over, so job.json is to be read again */
  async #find(record: JobRecord): Promise<'under way' | 'over' | 'announced' | 'unknown'> {
    const since = performance.now();
    for (let over = 0; ; ) {
      const listing = await this.#queue.look(true);
      if (listing === null) return 'unknown';
      const standing: Standing = standingOf(listing.get(record.submission), record.index);
      if (!seemsOver(standing)) return 'under way';
      over += 1;
      if (over < looksUntilOver(standing)) continue;
      if (standing !== 'absent' || record.handle !== null || wasRefused(record)) return 'over';
      const submitter = isThisProcess(record) ? 'gone' : processState(record.submitted_by);
      if (submitter === 'gone' || (submitter === 'unknown' && performance.now() - since > SUBMISSION_MS)) return 'over';
      if (submitter === 'running') return 'announced';
    }
  }

  async #refuseOtherCluster(directory: string, record: JobRecord): Promise<void> {
    const cluster = handleOf(record)?.cluster;
    if (cluster === undefined) return;
    const { name } = await this.#submitter.cluster();
    if (cluster === name) return;
    throw new RunDirectoryError(`its job was submitted to the cluster ${cluster}, and this one is ${name}`, {
      hint: `Run the command there; or delete ${directory}/job.json if the job is certainly gone.`,
    });
  }

  /** Runs whose jobs were taken from them go into one array again. */
  async #submitAgain(directory: string): Promise<{ record: JobRecord; attempts: number }> {
    this.#directoriesAgain.push(directory);
    this.#again ??= sleep(TOGETHER_MS).then(async () => {
      const directories = this.#directoriesAgain;
      this.#directoriesAgain = [];
      this.#again = null;
      const { submitted } = await this.#submitter.submit(directories);
      return new Map(submitted.map((each) => [each.directory, each]));
    });
    const found = (await this.#again).get(directory);
    if (found === undefined) throw new RunDirectoryError('another sweep has handed it over');
    if (found.error !== null) throw found.error;
    this.#seen.set(directory, found.record.submission);
    return found;
  }
}

/** What it has handed over is handed over. */
function isThisProcess({ submitted_by }: JobRecord): boolean {
  const { host, pid, process_started } = thisProcess();
  return submitted_by.host === host && submitted_by.pid === pid && submitted_by.process_started === process_started;
}

function endedJob(end: string): Job {
  return {
    description: 'no job',
    ended: Promise.resolve(end),
    stop: async () => undefined,
    kill: async () => undefined,
  };
}

// One run on Slurm, followed to its end: through the jobs that it takes, since a job has a time limit and may be preempted.

import { type JobRecord, readJob } from '../../../run_files/job.ts';
import { leaseHolder } from '../../../run_files/lease.ts';
import { readStatus } from '../../../run_files/status.ts';
import type { RunStatus } from '../../../run_files/types.ts';
import { messageOf } from '../../../util/errors.ts';
import { processState } from '../../../util/liveness.ts';
import type { Job } from '../../executor.ts';
import { taskLog } from './batch.ts';
import type { Canceller } from './cancel.ts';
import { handleOf, SLURM } from './handle.ts';
import { slurm } from './programs.ts';
import type { Queue } from './queue.ts';
import { submissionDirectory } from './task_list.ts';
import {
  type End,
  endOf,
  hasOwnWord,
  isHeldBack,
  looksUntilOver,
  type Standing,
  seemsOver,
  standingOf,
} from './verdict.ts';

/** What all jobs of a sweep share. */
export interface Shared {
  queue: Queue;
  canceller: Canceller;
  /** Bounds how many files are open at a time. */
  files: <T>(read: () => Promise<T>) => Promise<T>;
  /** Hands a run over again. Rejects where that cannot be done. */
  again(directory: string): Promise<{ record: JobRecord; attempts: number }>;
}

interface Place {
  directory: string;
  record: JobRecord;
  /** Attempts at the run before it was handed over. */
  attempts: number;
}

/** Jobs in a row that a run may lose without getting any further. */
const MOST_FRUITLESS = 3;

/** Launches in vain of one run. */
const MOST_RELEASES = 10;

/** A node that is gone leaves its lease behind, which others take for held until its heartbeat is old enough. */
const LEASE_PATIENCE_MS = 150_000;

type Wish = 'stop' | 'kill';

export class SlurmJob implements Job {
  readonly started: Promise<void>;
  readonly ended: Promise<string | null>;
  readonly #shared: Shared;
  /** Whether the sweep of this process has handed it over, and hands it over again. */
  readonly #isOurs: boolean;
  #place: Place;
  #wish: Wish | null = null;
  /** The wish that Slurm was told of, for the job as it runs now. */
  #told: Wish | null = null;
  #hasStarted = false;
  #released = 0;
  #start: () => void = () => undefined;

  constructor(shared: Shared, place: Place, isOurs: boolean) {
    this.#shared = shared;
    this.#place = place;
    this.#isOurs = isOurs;
    this.started = new Promise((resolve) => {
      this.#start = resolve;
    });
    this.ended = this.#follow()
      .catch((error: unknown) => `${this.description} can no longer be followed (${messageOf(error)})`)
      .finally(this.#start);
  }

  get description(): string {
    const { record } = this.#place;
    const handle = handleOf(record);
    return handle === null ? `a job named cookbook-${record.submission}` : `job ${handle.array_job_id}_${handle.task}`;
  }

  async stop(): Promise<void> {
    this.#wish ??= 'stop';
    this.#shared.queue.hurry();
  }

  async kill(): Promise<void> {
    this.#wish = 'kill';
    this.#shared.queue.hurry();
  }

  async #follow(): Promise<string | null> {
    for (let fruitless = 0; ; ) {
      const before = (await this.#status())?.step ?? 0;
      const { what, why } = await this.#end();
      if (what === 'left') return null;
      if (what === 'ended' || !this.#isOurs || this.#wish !== null) return why;
      fruitless = ((await this.#status())?.step ?? 0) > before ? 0 : fruitless + 1;
      if (fruitless > MOST_FRUITLESS) return `${why}, like those before it in which it got no further`;
      this.#told = null;
      this.#hasStarted = false;
      this.#place = { ...this.#place, ...(await this.#shared.again(this.#place.directory)) };
    }
  }

  /** How the present job ends, or the one that takes its place. */
  async #end(): Promise<End> {
    let overFor = 0;
    let overSince = 0;
    for (;;) {
      const listing = await this.#shared.queue.look(this.#wish !== null);
      if (this.#wish !== null && this.#isWatchedElsewhere())
        return { what: 'left', why: 'another sweep looks after it' };
      // Slurm does not answer: nothing is known, and the run goes on.
      if (listing === null) continue;
      const listed = listing.get(this.#place.record.submission);
      const standing = standingOf(listed, this.#place.record.index);
      const isOver = seemsOver(standing);
      const isHeld = isHeldBack(standing);
      if (!isOver) {
        overFor = 0;
        this.#tell(standing);
        if (!mayRun(standing) && !isHeld) continue;
        if (!isHeld) this.#begun();
      }
      const { status, isLive } = await this.#look();
      if (isHeld && !isLive && this.#wish === null && !this.#release(standing)) {
        return { what: 'ended', why: `${this.#name()} could not be launched, and is held by Slurm` };
      }
      if (!isLive && hasOwnWord(status, this.#place.attempts))
        return { what: 'ended', why: `${this.description} ended` };
      if (!isOver) continue;
      if (overFor === 0) overSince = performance.now();
      overFor += 1;
      if (overFor < looksUntilOver(standing)) continue;
      if (isLive && performance.now() - overSince < LEASE_PATIENCE_MS) continue;
      // Two sweeps may have handed it over at once. The job of the first does nothing then.
      if (await this.#wasReplaced()) {
        overFor = 0;
        continue;
      }
      const { attempts } = this.#place;
      const end = endOf({ job: this.#name(), standing, listed, hasStarted: this.#hasStarted, status, attempts });
      return end.what === 'ended' ? { ...end, why: `${end.why} (what it said: ${this.#log()})` } : end;
    }
  }

  #begun(): void {
    this.#hasStarted = true;
    this.#start();
  }

  /** Tells Slurm what is wanted of the job, again where it was requeued since. */
  #tell(standing: Standing): void {
    if (standing === 'absent' || standing.array === null || this.#wish === null) return;
    const { record } = this.#place;
    const { index } = record;
    const isRunning = standing.state === 'RUNNING';
    if (!isRunning) {
      this.#told = null;
      if (standing.state !== 'COMPLETING') void this.#shared.canceller.tell(standing.array, index, 'cancel');
      return;
    }
    if (this.#told === this.#wish) return;
    const wish = this.#wish;
    this.#told = wish;
    const signal = handleOf(record)?.srun === true ? 'signal_step' : 'signal';
    // A run that is told twice ends at once: only what did not get through is said again.
    void this.#shared.canceller.tell(standing.array, index, wish === 'kill' ? 'cancel' : signal).then((reached) => {
      if (!reached && this.#told === wish) this.#told = null;
    });
  }

  /**
   * What a controller has forgotten in a crash it launches once more: the node, which runs it, refuses that, and Slurm holds the job.
   * @returns false where it could not be launched time and again: nothing more is to be hoped for
   */
  #release(standing: Standing): boolean {
    if (standing === 'absent' || standing.array === null) return true;
    const { index } = this.#place.record;
    this.#released += 1;
    if (this.#released > MOST_RELEASES) {
      void this.#shared.canceller.tell(standing.array, index, 'cancel');
      return false;
    }
    // Where the controller is away, the next look finds it held still.
    void slurm('scontrol', ['release', `${standing.array}_${index}`]).catch(() => undefined);
    return true;
  }

  /** By a sweep that runs on this machine: it is not this one that ends its jobs. */
  #isWatchedElsewhere(): boolean {
    return !this.#isOurs && processState(this.#place.record.submitted_by) === 'running';
  }

  async #look(): Promise<{ status: RunStatus | null; isLive: boolean }> {
    return await this.#shared.files(async () => {
      const { directory } = this.#place;
      // The lease is given back after the last word: whoever finds none reads that.
      const isLive = (await leaseHolder(directory)) !== null;
      return { status: (await readStatus(directory)).value, isLive };
    });
  }

  async #status(): Promise<RunStatus | null> {
    return (await this.#shared.files(() => readStatus(this.#place.directory))).value;
  }

  async #wasReplaced(): Promise<boolean> {
    const { value } = await this.#shared.files(() => readJob(this.#place.directory));
    if (value === null || value.executor !== SLURM || value.submission === this.#place.record.submission) return false;
    this.#place = { ...this.#place, record: value, attempts: handleOf(value)?.attempts ?? this.#place.attempts };
    return true;
  }

  #name(): string {
    return `its ${this.description.replace(/^a /, '')}`;
  }

  #log(): string {
    const { directory, record } = this.#place;
    return taskLog(submissionDirectory(directory, record.submission), record.index);
  }
}

/** Waiting runs are not looked at: there may be thousands of them. */
function mayRun(standing: Standing): boolean {
  return standing !== 'absent' && standing.state !== 'PENDING';
}

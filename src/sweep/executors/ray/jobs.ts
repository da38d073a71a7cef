// Runs as jobs of a Ray cluster: submitted under a name that is written down first, and found again by it.

import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LimitFunction } from 'p-limit';
import { readRunRecord } from '../../../run_files/directory.ts';
import { type JobRecord, readJob, recordJob } from '../../../run_files/job.ts';
import { messageOf } from '../../../util/errors.ts';
import { isString, jsonShape } from '../../../util/json_shape.ts';
import { processState } from '../../../util/liveness.ts';
import { quote } from '../../../util/program_name.ts';
import type { Job } from '../../executor.ts';
import type { RayJobRequest } from './api.ts';
import { isOver, type RayCluster } from './cluster.ts';

export const NAME = 'ray';

/** What is the same for all jobs of one size. */
export interface RayTerms extends Pick<RayJobRequest, `entrypoint_${string}` & keyof RayJobRequest> {
  /** The program on the machines of the cluster. */
  command: readonly string[];
  runtime_env: RayJobRequest['runtime_env'];
}

interface Handle {
  address: string;
  submission_id: string;
}

const handleShape = jsonShape<Handle>({ address: isString, submission_id: isString });

export interface Placed {
  directory: string;
  record: JobRecord;
  terms: RayTerms;
}

/** So often a job that Ray gives up for want of room is put in line again: for a day, with the usual patience of Ray. */
const MOST_WAITS = 96;

export class RayJob implements Job {
  readonly ended: Promise<string>;
  readonly #cluster: RayCluster;
  readonly #limit: LimitFunction;
  readonly #placed: Placed;
  #id: string | null = null;
  #isStopped = false;

  constructor(placed: Placed, cluster: RayCluster, limit: LimitFunction) {
    this.#placed = placed;
    this.#cluster = cluster;
    this.#limit = limit;
    this.ended = this.#run().catch((error: unknown) => `its job could not be submitted (${messageOf(error)})`);
  }

  get description(): string {
    return this.#id === null ? 'a Ray job that is about to be submitted' : `Ray job ${this.#id}`;
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    if (this.#id !== null) await this.#cluster.api.stop(this.#id);
  }

  /** Ray has no other way: it kills what has not ended some time after it was asked to. */
  async kill(): Promise<void> {
    await this.stop();
  }

  async #run(): Promise<string> {
    for (let waits = 0; ; waits++) {
      if (this.#isStopped) return 'it was asked to stop before its job was submitted';
      const id = await this.#limit(() => this.#submit(waits));
      this.#id = id;
      // Asked while it was submitted.
      if (this.#isStopped) await this.#cluster.api.stop(id).catch(() => undefined);
      const { text, isUnstarted } = await this.#cluster.ended(id);
      if (!isUnstarted || this.#isStopped || waits === MOST_WAITS) return text;
    }
  }

  async #submit(waits: number): Promise<string> {
    const { directory, record, terms } = this.#placed;
    const { api } = this.#cluster;
    const { command, ...rest } = terms;
    const { name, identity } = await readRunRecord(directory);
    const submission_id = `cookbook-${identity.hash}-${record.submission}-${record.index}-${waits}`;
    // Before it is there: whoever finds the file asks the cluster.
    await recordJob(directory, record, { address: api.address, submission_id });
    const request = {
      ...rest,
      submission_id,
      entrypoint: entrypoint(command, directory),
      metadata: { cookbook_run: name, cookbook_directory: directory },
    };
    const patience = api.patience();
    while (true) {
      try {
        await api.submit(request);
        return submission_id;
      } catch (error) {
        await patience.again(error);
      }
    }
  }
}

/** The log of the run takes the last words of its process, wherever that is. */
function entrypoint(command: readonly string[], directory: string): string {
  return `exec ${[...command, 'exec', directory].map(quote).join(' ')} 2>>${quote(join(directory, 'logs.log'))}`;
}

/** How long another sweep of this machine is waited for that is about to submit the job that it has written down. */
const PATIENCE_MS = 60_000;
const LOOK_MS = 200;

/** The job that runs, or waits, in a directory. One of another cluster is none: leases keep runs apart. */
export async function attachTo(directory: string, cluster: RayCluster): Promise<Job | null> {
  for (const deadline = performance.now() + PATIENCE_MS; ; ) {
    const { value: record } = await readJob(directory);
    if (record === null || record.executor !== NAME) return null;
    const { handle, submitted_by } = record;
    const isLookedAfter = submitted_by.pid !== process.pid && processState(submitted_by) === 'running';
    if (handleShape.is(handle)) {
      if (handle.address !== cluster.api.address) return null;
      const job = await cluster.api.job(handle.submission_id);
      if (job !== null) return isOver(job) ? null : following(handle.submission_id, cluster, isLookedAfter);
    }
    if (!isLookedAfter || performance.now() > deadline) return null;
    await sleep(LOOK_MS);
  }
}

/** @param isLookedAfter a sweep that goes on has submitted it, and it alone stops it */
function following(id: string, cluster: RayCluster, isLookedAfter: boolean): Job {
  let leave = (_end: string): void => undefined;
  const left = new Promise<string>((resolve) => {
    leave = resolve;
  });
  const stop = async () => {
    if (isLookedAfter) leave('its job was left to the sweep that has submitted it');
    else await cluster.api.stop(id);
  };
  return {
    description: `Ray job ${id}`,
    ended: Promise.race([cluster.ended(id).then(({ text }) => text), left]),
    stop,
    kill: stop,
  };
}

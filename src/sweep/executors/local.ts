// Runs on this machine: a process each, so that a crash of one never touches another, with the cores divided between them.
//
// A process lives no longer than its sweep: when that is gone, however it went, the run saves a checkpoint and stops. What a
// restarted sweep attaches to are processes that are still about to.

import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { Type } from '@sinclair/typebox';
import { defineBuilder } from '../../registry/builder.ts';
import { runtime } from '../../registry/fields.ts';
import { announceJobs, type JobRecord, readJob, recordJob } from '../../run_files/job.ts';
import { readStatus } from '../../run_files/status.ts';
import { ENGINE_LOST, ENGINE_VARIABLE, type EngineAddress, engineVariable } from '../../tinker/shared_engine.ts';
import { messageOf } from '../../util/errors.ts';
import { type ProcessIdentity, processOf, processShape, processState } from '../../util/liveness.ts';
import { type Executor, executorSlot, type Job } from '../executor.ts';
import { thisMachine, visibleGpus } from '../resources.ts';
import type { EngineProcess } from './engine_process.ts';
import { GpuPool } from './gpu_pool.ts';
import { endOf, runtimeThreads, startExec } from './processes.ts';
import { SharedEngines } from './shared_engines.ts';

const NAME = 'local';

export const localExecutor = defineBuilder({
  slot: executorSlot,
  name: NAME,
  version: 1,
  doc: 'On this machine, a process a run, with the cores divided between those that run at a time.',
  params: Type.Object({
    share_engine: runtime(
      Type.Boolean({
        default: true,
        description:
          'Runs on service: local compute in one process that they share, which holds the weights of their model once.',
      }),
    ),
  }),
  build: ({ share_engine }, { maxConcurrency, resources }): Executor => {
    const cores = availableParallelism();
    const share = Math.max(1, Math.floor(cores / maxConcurrency));
    // As many as its runs have together.
    const ofEngine = resources.cpus === null ? cores : Math.min(cores, resources.cpus * maxConcurrency);
    const engines = share_engine ? new SharedEngines(ofEngine) : null;
    const gpus = new GpuPool(visibleGpus());
    return {
      slots: maxConcurrency,
      capacity: thisMachine(),
      submit: (directories, { cpus, gpus: wanted }) =>
        submit(directories, { threads: cpus ?? share, gpus, wanted }, engines),
      attach,
      close: async () => await engines?.close(),
    };
  },
});

/** What a process is given of the machine. */
interface Share {
  threads: number;
  gpus: GpuPool;
  /** GPUs of its own; null: it sees what there is. */
  wanted: number | null;
}

async function submit(directories: readonly string[], share: Share, engines: SharedEngines | null): Promise<Job[]> {
  // An engine that others share has no GPU that is one run's.
  const shared = share.wanted === null || share.wanted === 0 ? await engines?.enginesFor(directories) : undefined;
  const records = await announceJobs(NAME, directories);
  return records.map(
    (record, i) => new LocalJob({ directory: directories[i] ?? '', record, ...share }, shared?.[i] ?? null),
  );
}

/** How often a run goes on by itself after the engine that it shared has gone. */
const MOST_RESTARTS = 3;

interface Place extends Share {
  directory: string;
  record: JobRecord;
}

/** One run in processes of its own, one after another: another one where the engine that it shared has gone. */
class LocalJob implements Job {
  readonly ended: Promise<string>;
  readonly #place: Place;
  readonly #engine: EngineProcess | null;
  #child: ChildProcess | null = null;
  #isOver = false;
  /** Taken before the run begins, as there is room for it. */
  readonly #gpus: readonly string[] | null;

  constructor(place: Place, engine: EngineProcess | null) {
    this.#place = place;
    this.#engine = engine;
    this.#gpus = place.wanted === null ? null : place.gpus.take(place.wanted);
    this.ended = this.#run()
      .catch((error: unknown) => `its process could not be started (${messageOf(error)})`)
      .finally(() => this.#place.gpus.giveBack(this.#gpus));
  }

  get description(): string {
    return this.#child === null ? 'no process' : `process ${this.#child.pid}`;
  }

  async stop(): Promise<void> {
    this.#signal('SIGTERM');
  }

  async kill(): Promise<void> {
    this.#signal('SIGKILL');
  }

  #signal(signal: NodeJS.Signals): void {
    this.#isOver = true;
    this.#child?.kill(signal);
  }

  async #run(): Promise<string> {
    const { directory, record } = this.#place;
    let lost: EngineAddress | null = null;
    for (let restarts = 0; ; restarts++) {
      const address: EngineAddress | null = (await this.#engine?.address(lost)) ?? null;
      if (this.#isOver) return 'it was asked to stop before its process was started';
      const child: ChildProcess = await start(this.#place, this.#gpus, address);
      this.#child = child;
      const exited = once(child, 'exit');
      // Asked while it was started.
      if (this.#isOver) child.kill('SIGTERM');
      // The process is there whether or not that can be written down, and the lease tells as well that it is.
      await recordJob(directory, record, { ...processOf(child.pid ?? 0) }).catch(() => undefined);
      await exited;
      if (this.#isOver || address === null || restarts === MOST_RESTARTS || !(await hasLostEngine(directory))) {
        return endOf(child);
      }
      lost = address;
    }
  }
}

/** By the run's own word. */
async function hasLostEngine(directory: string): Promise<boolean> {
  const { value } = await readStatus(directory);
  return value?.state === 'failed' && value.error?.code === ENGINE_LOST;
}

async function start(
  { directory, threads }: Place,
  gpus: readonly string[] | null,
  engine: EngineAddress | null,
): Promise<ChildProcess> {
  return await startExec(directory, {
    ...runtimeThreads(threads),
    ...(gpus !== null && { CUDA_VISIBLE_DEVICES: gpus.join() }),
    [ENGINE_VARIABLE]: engine === null ? undefined : engineVariable(engine),
  });
}

/**
 * Null for the run of a sweep that still looks after it, for one on another machine, and for one whose sweep was killed before
 * it wrote down which process it had started: their leases say when they end.
 */
async function attach(directory: string): Promise<Job | null> {
  const { value: record } = await readJob(directory);
  if (record === null || record.executor !== NAME || processState(record.submitted_by) !== 'gone') return null;
  const { handle } = record;
  return processShape.is(handle) && processState(handle) === 'running' ? following(handle) : null;
}

/** The system tells of the end of a process to its parent alone. */
const POLL_MS = 100;

function following(runner: ProcessIdentity): Job {
  return {
    description: `process ${runner.pid}`,
    ended: gone(runner),
    // With its sweep gone it stops by itself, and a signal now would be the second one, which ends it without a checkpoint.
    stop: async () => undefined,
    kill: async () => {
      if (processState(runner) === 'running') process.kill(runner.pid, 'SIGKILL');
    },
  };
}

async function gone(runner: ProcessIdentity): Promise<string> {
  while (processState(runner) === 'running') await sleep(POLL_MS);
  return 'its process ended';
}

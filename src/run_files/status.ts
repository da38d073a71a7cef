// status.json while a run is going on: written at once when its state changes, and about once a second as it steps.

import { join } from 'node:path';
import { createFileAtomic, jsonText, type Reading, readJson, writeFileAtomic } from '../util/files.ts';
import { runStatusShape } from './shapes.ts';
import type { RunState, RunStatus, SeenState } from './types.ts';

const STEP_INTERVAL_MS = 1_000;

export async function readStatus(directory: string): Promise<Reading<RunStatus>> {
  return await readJson(statusPath(directory), runStatusShape);
}

export async function writeStatus(directory: string, status: RunStatus): Promise<void> {
  await writeFileAtomic(statusPath(directory), jsonText(status));
}

/** Writes the first status of a run, unless another process has gone on from there already. */
export async function createStatus(directory: string, status: RunStatus): Promise<void> {
  await createFileAtomic(statusPath(directory), jsonText(status));
}

/** The status of a run that was planned and never started. */
export function pendingStatus(): RunStatus {
  return {
    schema_version: 1,
    state: 'pending',
    attempt: 0,
    step: 0,
    total_steps: null,
    started_at: null,
    updated_at: new Date().toISOString(),
    ended_at: null,
    host: '',
    pid: 0,
    error: null,
    learned: [],
    warnings: [],
    sampler_path: null,
  };
}

/** Whether a run is over for good: `done`, `stopped` or `diverged`. */
export function isFinished(state: SeenState): boolean {
  return state === 'done' || state === 'stopped' || state === 'diverged';
}

/** 0 when the run is over for good, 1 when it failed, 3 when there is something left to do. */
export function exitCodeOf(state: RunState): 0 | 1 | 3 {
  if (isFinished(state)) return 0;
  return state === 'failed' ? 1 : 3;
}

/** The one writer of a run's status.json. */
export class StatusFile {
  readonly #directory: string;
  #current: RunStatus;
  readonly #lost: AbortSignal;
  #writes: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;

  /** For the holder of the lease until that is `lost`. */
  constructor(directory: string, status: RunStatus, lost: AbortSignal) {
    this.#directory = directory;
    this.#current = status;
    this.#lost = lost;
  }

  get current(): RunStatus {
    return this.#current;
  }

  /** Changes the status and writes it before it returns. What could not be written is still the current status. */
  async change(changes: Partial<RunStatus>): Promise<void> {
    this.#update(changes);
    this.#cancelTimer();
    await this.#write();
  }

  /** Changes the status and writes it within a second. */
  changeSoon(changes: Partial<RunStatus>): void {
    this.#update(changes);
    // A write that fails here is made good by the next one, and the last one is made by `change`, which reports it.
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#write().catch(() => undefined);
    }, STEP_INTERVAL_MS).unref();
  }

  /** Forgets what was to be written soon and waits for what is being written: another process may write next. */
  async close(): Promise<void> {
    this.#cancelTimer();
    await this.#writes.catch(() => undefined);
  }

  #update(changes: Partial<RunStatus>): void {
    this.#current = { ...this.#current, ...changes, updated_at: new Date().toISOString() };
  }

  #cancelTimer(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** One after the other: an older status must not land on a newer one. */
  #write(): Promise<void> {
    const write = async () => {
      this.#lost.throwIfAborted();
      await writeStatus(this.#directory, this.#current);
    };
    this.#writes = this.#writes.then(write, write);
    return this.#writes;
  }
}

function statusPath(directory: string): string {
  return join(directory, 'status.json');
}

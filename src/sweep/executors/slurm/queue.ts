// What Slurm says of the jobs of this user: one call of squeue for all of them, never more often than asked for. It is a hint:
// after a crash of the controller jobs that run are listed as pending, and while one is requeued it may not be listed at all.

import { setTimeout as sleep } from 'node:timers/promises';
import { slurm } from './programs.ts';

/** One of Slurm's words, as RUNNING. */
type State = string;

/** The jobs of one submission. */
export interface Listed {
  /** Ids of its array; more than one where a call that seemed to fail was carried out after all. */
  arrays: ReadonlySet<number>;
  tasks: ReadonlyMap<number, ListedTask>;
  /** State of the tasks that are not listed one by one, as those of an array that was cancelled before it started. */
  rest: State | null;
}

interface ListedTask {
  array: number;
  state: State;
  /** Why it waits, or has ended, as NonZeroExitCode. */
  reason: string;
}

/** By submission. */
export type Listing = ReadonlyMap<string, Listed>;

const NAME = 'cookbook-';

/** What the jobs of a submission are called, and found by. */
export function jobName(submission: string): string {
  return NAME + submission;
}

const TERMINAL = new Set([
  'BOOT_FAIL',
  'CANCELLED',
  'COMPLETED',
  'DEADLINE',
  'FAILED',
  'NODE_FAIL',
  'OUT_OF_MEMORY',
  'PREEMPTED',
  'REVOKED',
  'TIMEOUT',
]);

/** Whether Slurm takes a job for ended. Words that it does not have today are those of jobs that are under way. */
export function isOver(state: State): boolean {
  return TERMINAL.has(state);
}

const FORMAT = '%F|%K|%T|%j|%r';
const LINE = /^(\d{1,10})\|(\d{1,10}|N\/A)\|([A-Z_]+)\|cookbook-([0-9a-f-]{36})\|([^|]*)$/;

/** Jobs that are not ours, and lines that are none, are passed over. */
export function parseListing(text: string): Listing {
  const listing = new Map<string, { arrays: Set<number>; tasks: Map<number, ListedTask>; rest: State | null }>();
  for (const line of text.split('\n')) {
    const [, id, task, state, submission, reason = ''] = LINE.exec(line.trim()) ?? [];
    if (id === undefined || task === undefined || state === undefined || submission === undefined) continue;
    let listed = listing.get(submission);
    if (listed === undefined) {
      listed = { arrays: new Set(), tasks: new Map(), rest: null };
      listing.set(submission, listed);
    }
    const array = Number(id);
    listed.arrays.add(array);
    if (task === 'N/A') {
      listed.rest = state;
      continue;
    }
    const known = listed.tasks.get(Number(task));
    if (known === undefined || isOver(known.state)) listed.tasks.set(Number(task), { array, state, reason });
  }
  return listing;
}

/** The least time between two calls. */
const SOON_MS = 2_000;

export class Queue {
  readonly #pollMs: number;
  #begun = Number.NEGATIVE_INFINITY;
  #asking: Promise<unknown> = Promise.resolve();
  #next: Promise<Listing | null> | null = null;
  #hurry = new AbortController();

  constructor(pollMs: number) {
    this.#pollMs = pollMs;
  }

  /**
   * A look that begins after this call, shared by all who ask before it does. Null where Slurm does not answer.
   * @param isUrgent not only when the next one is due
   */
  look(isUrgent = false): Promise<Listing | null> {
    this.#next ??= this.#atItsTime();
    if (isUrgent) this.#hurry.abort();
    return this.#next;
  }

  /** Brings the look that others wait for forward. */
  hurry(): void {
    if (this.#next !== null) this.#hurry.abort();
  }

  async #atItsTime(): Promise<Listing | null> {
    await this.#asking;
    const wait = (until: number) => Math.max(0, this.#begun + until - performance.now());
    await sleep(wait(this.#pollMs), undefined, { signal: this.#hurry.signal }).catch(() => undefined);
    await sleep(wait(SOON_MS));
    this.#hurry = new AbortController();
    this.#next = null;
    this.#begun = performance.now();
    const answer = ask();
    this.#asking = answer;
    return await answer;
  }
}

async function ask(): Promise<Listing | null> {
  // By number: a name from the directory of users may be any text.
  const user = `--user=${process.getuid?.() ?? ''}`;
  const args = [user, '--states=all', '--array', '--noheader', `--format=${FORMAT}`];
  return await slurm('squeue', args).then(parseListing, () => null);
}

// Tells Slurm to end jobs, or to pass a signal on to them: in as few calls as there can be, for those that are asked for together.

import { SlurmError, slurm } from './programs.ts';

interface Task {
  array: number;
  task: number;
}

/**
 * `signal`: SIGTERM for a run that runs, which then saves a checkpoint; `signal_step`: where srun has started it. `cancel`: an
 * end, for one that waits too.
 */
type How = 'signal' | 'signal_step' | 'cancel';

const AT_A_TIME = 500;

export class Canceller {
  #due: { how: How; task: Task }[] = [];
  #calls: Promise<boolean> | null = null;

  /** False where the controller was away. Whether it has worked is seen in the queue: a job may just have ended. */
  async tell(array: number, task: number, how: How): Promise<boolean> {
    this.#due.push({ how, task: { array, task } });
    this.#calls ??= this.#call();
    return await this.#calls;
  }

  async #call(): Promise<boolean> {
    // Those of the same look at the queue come in the same turn.
    await new Promise((resolve) => setImmediate(resolve));
    const due = this.#due;
    this.#due = [];
    this.#calls = null;
    const tasks = (how: How) => due.filter((each) => each.how === how).map(({ task }) => task);
    const calls = await Promise.all([
      cancel(tasks('cancel')),
      signal(tasks('signal'), ['--batch']),
      signal(tasks('signal_step'), []),
    ]);
    return calls.every((reached) => reached);
  }
}

async function cancel(tasks: readonly Task[]): Promise<boolean> {
  let reached = true;
  for (const some of batches(tasks)) {
    const byArray = new Map<number, number[]>();
    for (const { array, task } of some) byArray.set(array, [...(byArray.get(array) ?? []), task]);
    const ids = [...byArray].map(([array, numbers]) => `${array}_[${ranges(numbers)}]`);
    // No other option: with a filter Slurm 22.05 cancels all waiting tasks of an array for any one of them.
    reached = (await scancel(ids)) && reached;
  }
  return reached;
}

async function signal(tasks: readonly Task[], options: readonly string[]): Promise<boolean> {
  let reached = true;
  for (const some of batches(tasks)) {
    // One by one: behind brackets Slurm 22.05 signals tasks that are not among them.
    const ids = some.map(({ array, task }) => `${array}_${task}`);
    reached = (await scancel(['--signal=TERM', ...options, ...ids])) && reached;
  }
  return reached;
}

/** The signal is sent at once, and then waited for what comes of it, for a minute and more. */
const LIMIT_MS = 15_000;

async function scancel(args: readonly string[]): Promise<boolean> {
  try {
    await slurm('scancel', ['--quiet', ...args], LIMIT_MS);
    return true;
  } catch (error) {
    return !(error instanceof SlurmError && error.isTransient && !error.isLate);
  }
}

function* batches(tasks: readonly Task[]): Generator<readonly Task[]> {
  for (let at = 0; at < tasks.length; at += AT_A_TIME) yield tasks.slice(at, at + AT_A_TIME);
}

/** `0-4,7` of 0, 1, 2, 3, 4 and 7. */
export function ranges(numbers: readonly number[]): string {
  const spans: [number, number][] = [];
  for (const number of [...numbers].sort((a, b) => a - b)) {
    const last = spans.at(-1);
    if (last !== undefined && number <= last[1] + 1) last[1] = number;
    else spans.push([number, number]);
  }
  return spans.map(([from, to]) => (from === to ? `${from}` : `${from}-${to}`)).join(',');
}

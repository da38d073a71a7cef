// Tells Slurm to end jobs, or to pass a signal on to them: in as few calls as there can be, for those that are asked for together.

import { slurm } from './programs.ts';

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
  #calls: Promise<void> | null = null;

  /** Whether it has worked is seen in the queue: scancel fails as well where a job has just ended. */
  tell(array: number, task: number, how: How): void {
    this.#due.push({ how, task: { array, task } });
    this.#calls ??= this.#call();
  }

  async #call(): Promise<void> {
    // Those of the same look at the queue come in the same turn.
    await new Promise((resolve) => setImmediate(resolve));
    const due = this.#due;
    this.#due = [];
    this.#calls = null;
    const tasks = (how: How) => due.filter((each) => each.how === how).map(({ task }) => task);
    await Promise.all([
      cancel(tasks('cancel')),
      signal(tasks('signal'), ['--batch']),
      signal(tasks('signal_step'), []),
    ]);
  }
}

async function cancel(tasks: readonly Task[]): Promise<void> {
  for (const some of batches(tasks)) {
    const byArray = new Map<number, number[]>();
    for (const { array, task } of some) byArray.set(array, [...(byArray.get(array) ?? []), task]);
    const ids = [...byArray].map(([array, numbers]) => `${array}_[${ranges(numbers)}]`);
    // No other option: with a filter Slurm 22.05 cancels all waiting tasks of an array for any one of them.
    await slurm('scancel', ['--quiet', ...ids]).catch(() => undefined);
  }
}

async function signal(tasks: readonly Task[], options: readonly string[]): Promise<void> {
  for (const some of batches(tasks)) {
    // One by one: behind brackets Slurm 22.05 signals tasks that are not among them. It answers only once they have ended.
    const ids = some.map(({ array, task }) => `${array}_${task}`);
    await slurm('scancel', ['--quiet', '--signal=TERM', ...options, ...ids]).catch(() => undefined);
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

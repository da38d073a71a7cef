// The runs of a sweep that a worker may take, looked for again and again as others take and finish them.

import { join } from 'node:path';
import { readForeignObject } from '../run_files/foreign_json.ts';
import { liveDriver } from '../run_files/sweep_processes.ts';
import { type PlacedRun, readSweepRuns } from '../run_files/sweep_runs.ts';
import { isJsonObject, numberOf, objectOf, textOf } from '../util/json.ts';
import { type Rules, type Standing, standingOf } from './standing.ts';

export interface FreeRun extends PlacedRun {
  /** The last one that was seen: whoever takes it after another has had it must not count as one more try. */
  attempt: number;
}

export interface Survey {
  /** In the order of the plan, at most as many as were asked for. */
  free: FreeRun[];
  /** How the runs that were looked at stand. With as many free ones as were asked for, those behind them were not. */
  counts: Record<Standing['kind'], number>;
}

/** Looks at a sweep. What is finished for good is not looked at again. */
export class FreeRuns {
  readonly #directory: string;
  readonly #finished = new Map<string, Standing>();

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** @param mine hashes of runs under way, @param unable of those not to be taken again, @param most how many are enough */
  async survey(
    { mine, unable }: { mine: ReadonlySet<string>; unable: ReadonlySet<string> },
    most: number,
  ): Promise<Survey> {
    const runs = await readSweepRuns(this.#directory);
    const rules = await rulesOf(this.#directory);
    const byHash = new Map(runs.map((run) => [run.hash, run]));
    const counts = { free: 0, held: 0, finished: 0, waits: 0, 'given up': 0 };
    const free: FreeRun[] = [];
    const known = new Map(this.#finished);
    const standing = async (run: PlacedRun): Promise<Standing> => {
      const before = known.get(run.hash);
      if (before !== undefined) return before;
      const producers: Standing[] = [];
      for (const { hash } of run.stage?.after ?? []) {
        const producer = byHash.get(hash);
        producers.push(producer === undefined ? NOWHERE : await standing(producer));
      }
      const found = await standingOf(run, rules, producers);
      known.set(run.hash, found);
      // One that a study has stopped may be promoted.
      const isForGood = found.kind === 'finished' && !(rules.isStudy && found.status?.state === 'stopped');
      if (isForGood) this.#finished.set(run.hash, found);
      return found;
    };
    for (const run of runs) {
      const { kind: found, status } = mine.has(run.hash) ? HELD : await standing(run);
      const kind = found === 'free' && unable.has(run.hash) ? 'given up' : found;
      counts[kind] += 1;
      if (kind === 'free') free.push({ ...run, attempt: status?.attempt ?? 0 });
      if (free.length >= most) break;
    }
    return { free, counts };
  }
}

/** A run that starts from one that the plan does not have waits for somebody who knows better. */
const NOWHERE: Standing = { kind: 'waits', status: null };
const HELD: Standing = { kind: 'held', status: null };

async function rulesOf(directory: string): Promise<Rules> {
  const { execution, search, early_stopping } = readForeignObject(join(directory, 'sweep.json')).value ?? {};
  const isStudy = (textOf(objectOf(search).builder) ?? 'grid') !== 'grid' || isJsonObject(early_stopping);
  const hasDriver = (await liveDriver(directory)) !== null;
  return { retries: numberOf(objectOf(execution).retries) ?? 0, isStudy, hasDriver };
}

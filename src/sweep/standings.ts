// How the configurations of a sweep stand while it goes on: what each finished run came to, and which configuration leads.

import { readStatus } from '../run_files/status.ts';
import type { RunState } from '../run_files/types.ts';
import { bestConfiguration, type ConfigurationScore, objectiveOf } from './objective.ts';
import type { PlannedRun, SweepPlan } from './plan.ts';
import { valuesOf } from './space.ts';

/** What one finished run came to. */
export interface Result {
  metric: string;
  value: number;
}

export class Standings {
  readonly #objective: SweepPlan['fields']['objective'];
  readonly #planned: ReadonlyMap<string, number>;
  readonly #runs: readonly PlannedRun[];
  /** By run. They are gone through in the order of the plan, so that the order in which runs end decides nothing. */
  readonly #values = new Map<PlannedRun, number>();

  constructor({ fields, runs }: Pick<SweepPlan, 'fields' | 'runs'>) {
    this.#objective = fields.objective;
    this.#planned = seedsByConfiguration(runs);
    this.#runs = runs;
  }

  /** The configuration that leads; null without an objective, or before any run has a value. */
  get best(): ConfigurationScore | null {
    if (this.#objective === null) return null;
    const valued = this.#runs.flatMap((run) => {
      const value = this.#values.get(run);
      const { configuration, config_hash } = run;
      return value === undefined ? [] : [{ axes: valuesOf(configuration), config_hash, value }];
    });
    return bestConfiguration(valued, this.#planned, this.#objective);
  }

  /**
   * Counts a run by what its directory says. Null for one that has nothing to say.
   * @throws DataFormatError when its metrics are damaged
   */
  async add(run: PlannedRun, directory: string, state: RunState): Promise<Result | null> {
    if (state !== 'done') return null;
    if (this.#objective === null) return await learnedIn(directory);
    const value = await objectiveOf(directory, this.#objective);
    if (value === null) return null;
    this.#values.set(run, value);
    return { metric: this.#objective.metric, value };
  }
}

/** Where the sweep names no objective, the trainer's own word for what it has learned. */
async function learnedIn(directory: string): Promise<Result | null> {
  const learned = (await readStatus(directory)).value?.learned[0];
  return learned === undefined ? null : { metric: learned.metric, value: learned.after };
}

function seedsByConfiguration(runs: readonly PlannedRun[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { config_hash } of runs) counts.set(config_hash, (counts.get(config_hash) ?? 0) + 1);
  return counts;
}

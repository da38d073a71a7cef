// How the configurations of a sweep stand while it goes on: what each finished run came to, and which configuration leads.

import { join } from 'node:path';
import { bestAmong, type ConfigurationScore, objectiveOf, seedsByConfiguration } from '../run_files/configurations.ts';
import { measureRun } from '../run_files/measure.ts';
import type { JudgedRun } from '../run_files/objective.ts';
import { judgedAmong } from '../run_files/producers.ts';
import { readStatus } from '../run_files/status.ts';
import type { RunState } from '../run_files/types.ts';
import type { PlannedRun, SweepPlan } from './plan.ts';
import { valuesOf } from './space.ts';

/** What one finished run came to. */
export interface Result {
  metric: string;
  value: number;
}

export class Standings {
  readonly #objective: SweepPlan['fields']['objective'];
  readonly #all: PlannedRun[] = [];
  #planned: ReadonlyMap<string, number> = new Map();
  #runs: readonly PlannedRun[] = [];
  #isJudged: ReadonlySet<PlannedRun> = new Set();
  /** By run. They are gone through in the order of the plan, so that the order in which runs end decides nothing. */
  readonly #judged = new Map<PlannedRun, JudgedRun>();

  constructor({ fields, runs }: { fields: Pick<SweepPlan['fields'], 'objective'>; runs: readonly PlannedRun[] }) {
    this.#objective = fields.objective;
    this.expect(runs);
  }

  /** Runs that a study has asked for since, behind those that are known. */
  expect(runs: readonly PlannedRun[]): void {
    this.#all.push(...runs);
    this.#runs = judgedAmong(this.#all, this.#objective?.stage);
    this.#isJudged = new Set(this.#runs);
    this.#planned = seedsByConfiguration(this.#runs);
  }

  /** The configuration that leads, the first of those that tie; null without an objective, or before any run counts. */
  get best(): ConfigurationScore | null {
    if (this.#objective === null) return null;
    const configurations = new Map<string, { axes: ReturnType<typeof valuesOf>; runs: JudgedRun[] }>();
    for (const run of this.#runs) {
      const judged = this.#judged.get(run);
      if (judged === undefined) continue;
      const configuration = configurations.get(run.config_hash) ?? { axes: valuesOf(run.configuration), runs: [] };
      configuration.runs.push(judged);
      configurations.set(run.config_hash, configuration);
    }
    return bestAmong(configurations, this.#planned, objectiveOf(this.#objective)).best[0] ?? null;
  }

  /** Counts a run that has ended by what its directory says. Null for one that has nothing to say. */
  async add(run: PlannedRun, directory: string, state: RunState): Promise<Result | null> {
    if (this.#objective === null || !this.#isJudged.has(run))
      return hasResult(state) ? await learnedIn(directory) : null;
    const { metric } = this.#objective;
    const { value } = measureRun(join(directory, 'metrics.jsonl'), objectiveOf(this.#objective));
    this.#judged.set(run, { state, value });
    return hasResult(state) && value !== null ? { metric, value } : null;
  }
}

/** A run that was stopped early has one: it was not going to get better. */
const hasResult = (state: RunState) => state === 'done' || state === 'stopped';

/** Where the sweep names no objective, the trainer's own word for what it has learned. */
async function learnedIn(directory: string): Promise<Result | null> {
  const learned = (await readStatus(directory)).value?.learned[0];
  return learned === undefined ? null : { metric: learned.metric, value: learned.after };
}

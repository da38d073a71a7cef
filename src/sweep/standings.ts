// How the configurations of a sweep stand while it goes on: what each finished run came to, and which configuration leads.

import { join } from 'node:path';
import {
  type ConfigurationScore,
  fieldsOf,
  objectiveOf,
  rank,
  type ScoredConfiguration,
} from '../run_files/configurations.ts';
import { measureRun } from '../run_files/measure.ts';
import { type JudgedRun, type Objective, scoreOf } from '../run_files/objective.ts';
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

/** A configuration of the plan, with its runs in the order of the plan: the order in which they end decides nothing. */
interface Configuration {
  runs: PlannedRun[];
  axes: ReturnType<typeof valuesOf>;
  /** Its place among those that a run of has ended. */
  place: number | null;
}

export class Standings {
  readonly #objective: SweepPlan['fields']['objective'];
  readonly #configurations = new Map<string, Configuration>();
  /** What the configurations set; null = to be gathered anew. */
  #fields: readonly string[] | null = null;
  /** By the hashes of runs: a study that goes on plans anew those that it asked for before. */
  readonly #isJudged = new Set<string>();
  readonly #judged = new Map<string, JudgedRun>();
  readonly #scored: ScoredConfiguration[] = [];

  constructor({ fields, runs }: { fields: Pick<SweepPlan['fields'], 'objective'>; runs: readonly PlannedRun[] }) {
    this.#objective = fields.objective;
    this.expect(runs);
  }

  /** Runs that a study has asked for, behind those that are known. */
  expect(runs: readonly PlannedRun[]): void {
    if (this.#objective === null) return;
    for (const run of judgedAmong(runs, this.#objective.stage)) {
      if (this.#isJudged.has(run.hash)) continue;
      this.#isJudged.add(run.hash);
      const known = this.#configurations.get(run.config_hash);
      if (known !== undefined) known.runs.push(run);
      else this.#configurations.set(run.config_hash, { runs: [run], axes: valuesOf(run.configuration), place: null });
    }
    this.#fields = null;
  }

  /** The configuration that leads, the first of those that tie; null without an objective, or before any run counts. */
  get best(): ConfigurationScore | null {
    if (this.#objective === null) return null;
    this.#fields ??= fieldsOf(this.#configurations.values());
    return rank(this.#scored, this.#objective.goal, this.#fields).best[0] ?? null;
  }

  /** Counts a run that has ended by what its directory says. Null for one that has nothing to say. */
  async add(run: PlannedRun, directory: string, state: RunState): Promise<Result | null> {
    if (this.#objective === null || !this.#isJudged.has(run.hash))
      return hasResult(state) ? await learnedIn(directory) : null;
    const { metric } = this.#objective;
    const objective = objectiveOf(this.#objective);
    const { value } = measureRun(join(directory, 'metrics.jsonl'), objective);
    this.#judged.set(run.hash, { state, value });
    this.#score(run.config_hash, objective);
    return hasResult(state) && value !== null ? { metric, value } : null;
  }

  #score(config_hash: string, { at }: Objective): void {
    const configuration = this.#configurations.get(config_hash);
    if (configuration === undefined) return;
    const { runs, axes } = configuration;
    const score = scoreOf(
      runs.flatMap((run) => this.#judged.get(run.hash) ?? []),
      at,
    );
    configuration.place ??= this.#scored.length;
    this.#scored[configuration.place] = { config_hash, axes, planned: runs.length, score };
  }
}

/** A run that was stopped early has one: it was not going to get better. */
const hasResult = (state: RunState) => state === 'done' || state === 'stopped';

/** Where the sweep names no objective, the trainer's own word for what it has learned. */
async function learnedIn(directory: string): Promise<Result | null> {
  const learned = (await readStatus(directory)).value?.learned[0];
  return learned === undefined ? null : { metric: learned.metric, value: learned.after };
}

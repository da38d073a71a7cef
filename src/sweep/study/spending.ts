// What the runs of a study have cost so far, by their own rows.

import { join } from 'node:path';
import { measureRun } from '../../run_files/measure.ts';

const COST = { metric: 'cost/total', goal: null, at: { kind: 'last' } } as const;

export class Spending {
  readonly #costs = new Map<string, number>();
  #hasWarned = false;

  /** Of all runs that were added, whatever became of them. */
  get dollars(): number {
    return [...this.#costs.values()].reduce((sum, cost) => sum + cost, 0);
  }

  /**
   * Counts a run by its last row, again where it has gone on since.
   * @param most what may be spent; null = nobody asks
   * @returns what to tell, once, where it is asked for and the rows do not say it
   */
  add(hash: string, directory: string, most: number | null): string | null {
    const { value } = measureRun(join(directory, 'metrics.jsonl'), COST);
    if (value !== null && Number.isFinite(value)) this.#costs.set(hash, value);
    else if (most !== null && !this.#hasWarned) {
      this.#hasWarned = true;
      return `reports no cost/total, so max_cost (${most}) ends nothing: set service.prices`;
    }
    return null;
  }
}

// The values of the objective that the runs of a study log on their way, for rules that watch them.

import { join } from 'node:path';
import { readForeignLines } from '../../run_files/foreign_json.ts';
import { unspellNumber } from '../../run_files/numbers.ts';
import type { Curve } from '../../study/types.ts';
import type { JsonObject } from '../../util/json.ts';

/** The curve of a run after one more value, and those of the other trials. */
export interface Grown {
  curve: Curve;
  others: readonly Curve[];
}

interface Watched {
  trial: number;
  values: Map<number, number>;
  isOver: boolean;
}

export class Curves {
  readonly #metric: string;
  readonly #lower: (value: number) => number;
  readonly #curves = new Map<string, Watched>();

  /** @param lower of two values the better one is the lower one behind it */
  constructor(metric: string, lower: (value: number) => number) {
    this.#metric = metric;
    this.#lower = lower;
  }

  /** All that a run has logged. */
  read(hash: string, trial: number, directory: string, isOver: boolean): void {
    const curve: Watched = { trial, values: new Map(), isOver };
    this.#curves.set(hash, curve);
    for (const row of rowsIn(directory)) this.#add(curve, row);
  }

  begin(hash: string, trial: number): void {
    if (!this.#curves.has(hash)) this.#curves.set(hash, { trial, values: new Map(), isOver: false });
  }

  end(hash: string): void {
    const curve = this.#curves.get(hash);
    if (curve !== undefined) curve.isOver = true;
  }

  /** After each value that is new, one after another. */
  *added(hash: string, rows: readonly JsonObject[], anew: boolean): Generator<Grown> {
    const curve = this.#curves.get(hash);
    if (curve === undefined) return;
    if (anew) curve.values.clear();
    const others = [...this.#curves.values()].filter(({ trial }) => trial !== curve.trial).map(plain);
    for (const row of rows) {
      if (this.#add(curve, row)) yield { curve: plain(curve), others };
    }
  }

  /** As `added`, of all that lies in the directory of a run, from its first value on. */
  *logged(hash: string, directory: string): Generator<Grown> {
    yield* this.added(hash, rowsIn(directory), true);
  }

  #add(curve: Watched, { step, [this.#metric]: logged }: JsonObject): boolean {
    const value = logged === undefined || logged === null || typeof logged === 'object' ? null : unspellNumber(logged);
    if (typeof step !== 'number' || typeof value !== 'number') return false;
    curve.values.set(step, this.#lower(value));
    return true;
  }
}

const rowsIn = (directory: string): JsonObject[] => readForeignLines(join(directory, 'metrics.jsonl')).objects;

function plain({ trial, values, isOver }: Watched): Curve {
  const points = [...values].map(([step, value]) => ({ step, value })).sort((a, b) => a.step - b.step);
  return { trial, values: points, isOver };
}

// The values of the objective that the runs of a study log on their way, for rules that watch them.

import { join } from 'node:path';
import { readForeignLines } from '../../run_files/foreign_json.ts';
import type { Row } from '../../run_files/metrics_log.ts';
import { unspellNumber } from '../../run_files/numbers.ts';
import type { Curve } from '../../study/types.ts';
import type { JsonValue } from '../../util/json.ts';

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
    for (const row of readForeignLines(join(directory, 'metrics.jsonl')).objects)
      this.#add(curve, row.step, row[this.#metric]);
  }

  begin(hash: string, trial: number): void {
    if (!this.#curves.has(hash)) this.#curves.set(hash, { trial, values: new Map(), isOver: false });
  }

  end(hash: string): void {
    const curve = this.#curves.get(hash);
    if (curve !== undefined) curve.isOver = true;
  }

  /** The curve of a run after each value that is new, one after another, and those of the other trials. */
  *added(hash: string, rows: readonly Row[], anew: boolean): Generator<{ curve: Curve; others: readonly Curve[] }> {
    const curve = this.#curves.get(hash);
    if (curve === undefined) return;
    if (anew) curve.values.clear();
    const others = [...this.#curves.values()].filter(({ trial }) => trial !== curve.trial).map(plain);
    for (const row of rows) {
      if (this.#add(curve, row.step, row[this.#metric])) yield { curve: plain(curve), others };
    }
  }

  /** As `added`, of all that lies in the directory of a run, from its first value on. */
  *logged(hash: string, directory: string): Generator<{ curve: Curve; others: readonly Curve[] }> {
    const curve = this.#curves.get(hash);
    if (curve === undefined) return;
    this.read(hash, curve.trial, directory, curve.isOver);
    const { values } = this.#curves.get(hash) ?? curve;
    const others = [...this.#curves.values()].filter(({ trial }) => trial !== curve.trial).map(plain);
    const points = plain({ ...curve, values }).values;
    for (let end = 1; end <= points.length; end++) {
      yield { curve: { trial: curve.trial, values: points.slice(0, end), isOver: curve.isOver }, others };
    }
  }

  #add(curve: Watched, step: JsonValue | undefined, logged: JsonValue | undefined): boolean {
    const value = logged === undefined || logged === null || typeof logged === 'object' ? null : unspellNumber(logged);
    if (typeof step !== 'number' || typeof value !== 'number') return false;
    curve.values.set(step, this.#lower(value));
    return true;
  }
}

function plain({ trial, values, isOver }: Watched): Curve {
  const points = [...values].map(([step, value]) => ({ step, value })).sort((a, b) => a.step - b.step);
  return { trial, values: points, isOver };
}

// A run as another tool has kept it: what every reader here gives, whatever it reads.

import type { JsonObject, JsonValue } from '../util/json.ts';

export type Kind = 'tensorboard' | 'mlflow' | 'trackio' | 'wandb';

export interface ForeignRun {
  kind: Kind;
  /** Tells it from the others of its kind, the same each time that it is read. */
  id: string;
  name: string;
  /** Of the project or experiment that it is one of; null where there is none. */
  project: string | null;
  config: JsonObject;
  /** Metrics by step. */
  rows: Map<number, JsonObject>;
  /** Null where the tool does not say how it ended. */
  state: 'done' | 'failed' | 'interrupted' | null;
  /** In milliseconds since 1970. */
  started: number | null;
  ended: number | null;
}

/** What was read of a place, and what was not, in sentences. */
export interface Reading {
  runs: ForeignRun[];
  problems: string[];
}

/** The rows of a run, put together value by value; what a row cannot hold is counted. */
export class Rows {
  readonly rows = new Map<number, JsonObject>();
  /** Values that are no number, text or truth value, as pictures and histograms are, and steps that are no whole number. */
  leftOut = 0;

  /** A value that comes later takes the place of the one before. */
  add(step: JsonValue | undefined, metric: string, value: JsonValue | undefined): void {
    const isPlain = typeof value === 'number' || typeof value === 'boolean' || isShortText(value);
    // The number of the row is called so.
    if (!Number.isSafeInteger(step) || !isPlain || metric === 'step' || metric === '') {
      this.leftOut += 1;
      return;
    }
    const row = this.rows.get(Number(step)) ?? Object.create(null);
    row[metric] = value;
    this.rows.set(Number(step), row);
  }

  /** Forgets the rows from a step on: they were taken again. */
  dropFrom(step: number): void {
    for (const known of this.rows.keys()) if (known >= step) this.rows.delete(known);
  }

  /** What a reader says of what it left out. */
  problems(place: string): string[] {
    if (this.leftOut === 0) return [];
    return [`${place}: ${this.leftOut} values are no numbers, texts or truth values at a step, and are left out`];
  }
}

const LONGEST_TEXT = 4_096;
const isShortText = (value: JsonValue | undefined) => typeof value === 'string' && value.length <= LONGEST_TEXT;

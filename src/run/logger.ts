// One logger of a run, fed beside the training: rows wait for it in a queue of bounded length, and what goes wrong with it is
// told once and costs the run nothing. metrics.jsonl holds all rows, so whoever has missed any is given all of them anew.

import type { LoggedRow, LoggedState, Sink } from '../training/sink.ts';
import { messageOf } from '../util/errors.ts';

/** More rows than this are read again from the file later, rather than kept. */
const MOST_WAITING = 10_000;
/** Rows of one call. */
const MOST_AT_ONCE = 1_000;
const FIRST_RETRY_MS = 1_000;
const LAST_RETRY_MS = 60_000;
/** A call that takes longer is told of. */
const SLOW_MS = 60_000;

export interface LoggerOptions {
  /** As the spec names it. */
  name: string;
  /** All rows that the run has, from its file. */
  rows(): Promise<LoggedRow[]>;
  tell(event: { type: 'notice' | 'warning'; message: string }): void;
}

export class Logger {
  readonly #sink: Sink;
  readonly #options: LoggerOptions;
  /** Rows that the sink has not been given yet, unless it is behind. */
  #waiting: LoggedRow[] = [];
  /** Whether it has to be given all rows: at first, and after it missed some. */
  #behind = true;
  #lastStep = -1;
  #busy: Promise<void> | null = null;
  #retry: NodeJS.Timeout | null = null;
  #retryMs = FIRST_RETRY_MS;
  #warned = false;
  /** What the last call failed with, or null. */
  #failure: string | null = null;
  #over = false;

  constructor(sink: Sink, options: LoggerOptions) {
    this.#sink = sink;
    this.#options = options;
  }

  /** The rows of the run are others now than those that were logged. */
  begin(): void {
    this.#fallBehind();
    this.#go();
  }

  log(row: LoggedRow): void {
    if (!this.#behind) this.#waiting.push(row);
    if (this.#waiting.length > MOST_WAITING) this.#fallBehind();
    this.#go();
  }

  /** What is still waiting is handed over. Ends when that is done or has failed: whoever cannot wait for it races it. */
  async close(state: LoggedState): Promise<void> {
    await this.#busy;
    this.#cancelRetry();
    this.#go();
    await this.#busy;
    if (this.#failure !== null || this.#over) return;
    await this.#sink.close(state).catch((error: unknown) => this.#failed(error));
  }

  /** Nothing is handed over any more. True if something was still missing. */
  abandon(): boolean {
    const missing = this.#busy !== null || this.#isLeft();
    this.#over = true;
    this.#cancelRetry();
    return missing;
  }

  #isLeft(): boolean {
    return this.#behind || this.#waiting.length > 0;
  }

  #fallBehind(): void {
    this.#waiting = [];
    this.#behind = true;
  }

  #go(): void {
    if (this.#busy !== null || this.#retry !== null || this.#over || !this.#isLeft()) return;
    this.#busy = this.#work().finally(() => {
      this.#busy = null;
      // A row may have come in the moment between.
      this.#go();
    });
  }

  async #work(): Promise<void> {
    const slow = setTimeout(() => this.#warn(`has taken more than ${SLOW_MS / 1000} s`), SLOW_MS).unref();
    try {
      while (!this.#over && this.#isLeft()) {
        await (this.#behind ? this.#open() : this.#next());
        slow.refresh();
      }
      if (this.#failure !== null && !this.#over) this.#recovered();
    } catch (error) {
      this.#failed(error);
    } finally {
      clearTimeout(slow);
    }
  }

  async #open(): Promise<void> {
    // Rows that come from now on wait; those of them that the file holds already by the time it is read are given once.
    this.#behind = false;
    const rows = await this.#options.rows();
    await this.#sink.open(rows);
    this.#lastStep = rows.at(-1)?.step ?? -1;
  }

  async #next(): Promise<void> {
    const rows = this.#waiting.splice(0, MOST_AT_ONCE).filter(({ step }) => step > this.#lastStep);
    if (rows.length === 0) return;
    await this.#sink.log(rows);
    this.#lastStep = rows.at(-1)?.step ?? this.#lastStep;
  }

  #failed(error: unknown): void {
    if (this.#over) return;
    this.#failure = messageOf(error);
    this.#fallBehind();
    this.#warn(`failed, and the run goes on: ${this.#failure}`);
    this.#cancelRetry();
    this.#retry = setTimeout(() => {
      this.#retry = null;
      this.#go();
    }, this.#retryMs).unref();
    this.#retryMs = Math.min(this.#retryMs * 2, LAST_RETRY_MS);
  }

  #recovered(): void {
    this.#failure = null;
    this.#retryMs = FIRST_RETRY_MS;
    this.#options.tell({ type: 'notice', message: `the logger ${this.#options.name} has all rows again` });
  }

  #warn(what: string): void {
    if (this.#warned) return;
    this.#warned = true;
    this.#options.tell({ type: 'warning', message: `the logger ${this.#options.name} ${what}` });
  }

  #cancelRetry(): void {
    if (this.#retry !== null) clearTimeout(this.#retry);
    this.#retry = null;
  }
}

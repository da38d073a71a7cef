// Results of evaluations, as a page of the board asks for them: read by one reader at a time, and not again before many times as long
// has passed.

import { messageOf } from '../util/errors.ts';
import { type ReadScores, type ScoresQuestion, scoresByProcess } from './scores_process.ts';

export type ScoresView = ReadScores;

/** Of the time since the last reading has begun, what readings may take. */
const SHARE = 50;

export class Scores {
  readonly #question: ScoresQuestion;
  readonly #leave = new AbortController();
  #reading: Promise<ScoresView> | null = null;
  #last: ScoresView | null = null;
  #dueAt = 0;

  constructor(question: ScoresQuestion) {
    this.#question = question;
  }

  /** Those that were read last, or are read now where that is due. */
  async read(): Promise<ScoresView> {
    if (this.#last !== null && performance.now() < this.#dueAt) return this.#last;
    this.#reading ??= this.#read().finally(() => {
      this.#reading = null;
    });
    return await this.#reading;
  }

  async close(): Promise<void> {
    this.#leave.abort();
    await this.#reading?.catch(() => undefined);
  }

  async #read(): Promise<ScoresView> {
    const begun = performance.now();
    this.#last = await this.#scores();
    this.#dueAt = performance.now() + (performance.now() - begun) * SHARE;
    return this.#last;
  }

  /** What was read before stays where that fails, which takes as long and is not tried again any sooner. */
  async #scores(): Promise<ScoresView> {
    try {
      return await scoresByProcess(this.#question, this.#leave.signal);
    } catch (error) {
      const benchmarks = this.#last?.benchmarks ?? [];
      return { benchmarks, problems: [`The evaluations cannot be read: ${messageOf(error)}`] };
    }
  }
}

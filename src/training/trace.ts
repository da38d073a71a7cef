// How long the parts of an iteration take: named spans, as `time/*` metrics and as a line of timing_spans.jsonl.

import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import { explainingFailure } from '../util/files.ts';
import type { Metrics } from './types.ts';

/** File in the run directory that takes one line an iteration. After a resume a step may stand there twice. */
export const TIMING_SPANS = 'timing_spans.jsonl';

export interface Span {
  name: string;
  /** Seconds. */
  duration: number;
  /** Seconds since the iteration began. */
  wall_start: number;
  wall_end: number;
}

/** Times one iteration of a loop, from its construction on. Spans may overlap, and a name may occur more than once. */
export class IterationTimer {
  readonly #began = performance.now();
  readonly #spans: Span[] = [];

  /** Those that have ended, in the order of their ends. */
  get spans(): readonly Span[] {
    return this.#spans;
  }

  /** Runs `part` and notes how long it took, whether it succeeds or not. */
  async timed<T>(name: string, part: () => Promise<T> | T): Promise<T> {
    const wall_start = this.#elapsed();
    try {
      return await part();
    } finally {
      const wall_end = this.#elapsed();
      this.#spans.push({ name, duration: wall_end - wall_start, wall_start, wall_end });
    }
  }

  /** `time/NAME` of a span that occurred once, `time/NAME:total|count|mean|max` of one that recurred, and `time/total`; seconds. */
  metrics(): Metrics {
    const metrics: Metrics = {};
    for (const name of new Set(this.#spans.map((span) => span.name))) {
      const durations = this.#spans.filter((span) => span.name === name).map((span) => span.duration);
      const total = durations.reduce((sum, duration) => sum + duration, 0);
      if (durations.length === 1) metrics[`time/${name}`] = total;
      else {
        metrics[`time/${name}:total`] = total;
        metrics[`time/${name}:count`] = durations.length;
        metrics[`time/${name}:mean`] = total / durations.length;
        metrics[`time/${name}:max`] = Math.max(...durations);
      }
    }
    return { ...metrics, 'time/total': this.#elapsed() };
  }

  /** Appends the spans to timing_spans.jsonl in the run directory. */
  async write(logPath: string, step: number): Promise<void> {
    const path = join(logPath, TIMING_SPANS);
    const line = `${JSON.stringify({ step, spans: this.#spans })}\n`;
    await explainingFailure('append to', path, () => appendFile(path, line));
  }

  #elapsed(): number {
    return (performance.now() - this.#began) / 1000;
  }
}

// The chart of a step's time spans, in the directory of the iteration.

import { bestEffort } from './best_effort.ts';
import { ganttHtml } from './gantt.ts';
import { writeIterationFiles } from './iteration_directory.ts';
import type { Span } from './trace.ts';
import type { TrainingContext } from './types.ts';

const FILE = 'timing_gantt.html';

export type SpanChart = (step: number, spans: readonly Span[]) => Promise<void>;

/** Draws every so many steps; 0 = never. */
export function spanChart({ logPath, emit }: Pick<TrainingContext, 'logPath' | 'emit'>, every: number): SpanChart {
  const attempt = bestEffort('charts of time spans', emit);
  return async (step, spans) => {
    if (every === 0 || step % every !== 0 || spans.length === 0) return;
    const text = ganttHtml(`time spans, iteration ${step}`, spans);
    await attempt(() => writeIterationFiles(logPath, step, [{ name: FILE, text }]));
  };
}

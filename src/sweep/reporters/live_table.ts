// The table of a sweep that is going on: how many runs are where, and a line for each that runs.

import { type Progress, progressMeter } from '../../run/progress.ts';
import type { RunState } from '../../run_files/types.ts';
import { printable } from '../../util/printable.ts';
import type { PlannedRun } from '../plan.ts';
import type { SweepEvent } from '../scheduler.ts';

const BAR_CELLS = 12;
const LONGEST_NAME = 44;
const SETTLED = ['done', 'diverged', 'failed', 'interrupted'] as const satisfies readonly RunState[];

interface Running {
  measure: ReturnType<typeof progressMeter>;
  progress: Progress | null;
}

export class LiveTable {
  readonly #total: number;
  readonly #now: () => number;
  readonly #running = new Map<PlannedRun, Running>();
  readonly #elsewhere = new Set<PlannedRun>();
  readonly #settled = new Map<RunState, number>();

  /** `now` is in milliseconds. */
  constructor(total: number, now: () => number) {
    this.#total = total;
    this.#now = now;
  }

  update(event: SweepEvent): void {
    switch (event.type) {
      case 'launched':
        this.#elsewhere.delete(event.run);
        this.#running.set(event.run, { measure: progressMeter([], this.#now), progress: null });
        break;
      case 'progress': {
        const running = this.#running.get(event.run);
        if (running !== undefined && event.event.type === 'step') running.progress = running.measure(event.event);
        break;
      }
      case 'retrying':
        this.#running.delete(event.run);
        break;
      case 'elsewhere':
        this.#running.delete(event.run);
        this.#elsewhere.add(event.run);
        break;
      case 'settled': {
        const { run, state } = event.outcome;
        this.#running.delete(run);
        this.#elsewhere.delete(run);
        this.#settled.set(state, (this.#settled.get(state) ?? 0) + 1);
        break;
      }
      case 'stopping':
        break;
    }
  }

  /** At most `height` lines of at most `width` characters: what wraps or scrolls away cannot be redrawn. */
  lines(width: number, height: number): string[] {
    const running = [...this.#running].map(([{ name }, { progress }]) => runningLine(printable(name), progress, width));
    const room = Math.max(height - 1, 0);
    const shown = running.length <= room ? running : running.slice(0, Math.max(room - 1, 0));
    const hidden = running.length - shown.length;
    const more = hidden > 0 && room > 0 ? [`  and ${hidden} more`] : [];
    return [this.#summary().slice(0, width), ...shown, ...more];
  }

  #summary(): string {
    const settled = [...this.#settled.values()].reduce((sum, count) => sum + count, 0);
    const waiting = this.#total - settled - this.#running.size - this.#elsewhere.size;
    const counts: [number, string][] = [
      ...SETTLED.map((state): [number, string] => [this.#settled.get(state) ?? 0, state]),
      [this.#running.size, 'running'],
      [this.#elsewhere.size, 'run elsewhere'],
      [waiting, 'to go'],
    ];
    const parts = counts.filter(([count]) => count > 0).map(([count, what]) => `${count} ${what}`);
    return `${settled}/${this.#total}  ${parts.join(', ')}`;
  }
}

/** Bar and count first, then the name, then as many figures as there is room for, the important ones first. */
function runningLine(name: string, progress: Progress | null, width: number): string {
  const filled = progress === null ? 0 : Math.round((BAR_CELLS * progress.step) / Math.max(progress.total_steps, 1));
  const bar = '█'.repeat(Math.min(filled, BAR_CELLS)).padEnd(BAR_CELLS, '░');
  const count = progress === null ? 'starting' : `${progress.step}/${progress.total_steps}`;
  let line = `  ${bar} ${count}  ${shorten(name, LONGEST_NAME)}`;
  for (const part of (progress?.parts ?? []).map(printable)) {
    if (line.length + part.length + 2 > width) break;
    line += `  ${part}`;
  }
  return line.slice(0, width);
}

function shorten(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`;
}

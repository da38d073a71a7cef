// The table of a sweep that is going on: how many runs are where, what leads, and a line for each run that is under way.

import type { Headline } from '../../registry/headline.ts';
import { formatDuration, progressBar, progressMeter } from '../../run/progress.ts';
import type { ConfigurationScore } from '../../run_files/configurations.ts';
import type { Row } from '../../run_files/metrics_log.ts';
import { isFinished } from '../../run_files/status.ts';
import type { RunState } from '../../run_files/types.ts';
import type { RunChange } from '../../run_files/watch.ts';
import type { PlannedRun } from '../plan.ts';
import type { SweepEvent } from '../scheduler.ts';
import { Forecast } from './forecast.ts';
import { configurationText, labelOf, scoreText, shortened } from './text.ts';

const BAR_CELLS = 12;
const SETTLED = ['done', 'stopped', 'diverged', 'failed', 'interrupted'] as const satisfies readonly RunState[];

export type HeadlineOfRun = (run: PlannedRun) => readonly Headline[];

/** Runs that are missing, and how many there will be at most: a study asks for more. */
export interface RunsToCome {
  runs: readonly PlannedRun[];
  total: number;
}

interface Running {
  headline: readonly Headline[];
  step: number;
  total: number | null;
  /** What the last row says, the important figures first. */
  figures: string[];
}

export class LiveTable {
  readonly #total: number;
  readonly #headlineOf: HeadlineOfRun;
  readonly #forecast: Forecast;
  readonly #running = new Map<PlannedRun, Running>();
  readonly #elsewhere = new Set<PlannedRun>();
  /** At a rung, until they are promoted or given up. */
  readonly #waiting = new Set<PlannedRun>();
  readonly #settled = new Map<RunState, number>();
  #best: ConfigurationScore | null = null;

  /** `total`: how many runs there will be at most; `headlineOf`: what a run's trainer is judged by; `now` is in milliseconds. */
  constructor({ runs, total }: RunsToCome, headlineOf: HeadlineOfRun, now: () => number) {
    this.#headlineOf = headlineOf;
    this.#total = total;
    this.#forecast = new Forecast(runs, now);
  }

  update(event: SweepEvent): void {
    switch (event.type) {
      case 'launched':
      case 'offered':
      case 'attached':
        this.#elsewhere.delete(event.run);
        this.#forecast.launched(event.run);
        this.#running.set(event.run, {
          headline: this.#headlineOf(event.run),
          step: 0,
          total: event.run.max_steps,
          figures: [],
        });
        break;
      case 'progress':
        this.#progress(event.run, event.change);
        break;
      case 'asked':
        this.#forecast.expect(event.runs);
        break;
      case 'waiting':
        this.#forecast.left(event.run);
        this.#running.delete(event.run);
        this.#waiting.add(event.run);
        break;
      case 'promoted':
        this.#waiting.delete(event.run);
        break;
      case 'retrying':
        this.#forecast.left(event.run);
        this.#running.delete(event.run);
        break;
      case 'elsewhere':
        this.#forecast.left(event.run);
        this.#running.delete(event.run);
        this.#elsewhere.add(event.run);
        break;
      case 'settled': {
        const { run, state } = event.outcome;
        this.#forecast.settled(run);
        this.#running.delete(run);
        this.#elsewhere.delete(run);
        this.#waiting.delete(run);
        this.#settled.set(state, (this.#settled.get(state) ?? 0) + 1);
        this.#best = event.best;
        break;
      }
      case 'trouble':
      case 'unfit':
      case 'halted':
      case 'stopping':
        break;
    }
  }

  #progress(run: PlannedRun, change: RunChange): void {
    const running = this.#running.get(run);
    if (running === undefined || change.type === 'problem') return;
    if (change.type === 'status') {
      running.total = change.status.total_steps ?? running.total;
      running.step = Math.max(running.step, change.status.step);
    } else {
      const last = change.rows.at(-1)?.step ?? -1;
      // The last evaluation is logged behind the last step.
      running.step = Math.min(last + 1, running.total ?? Number.POSITIVE_INFINITY);
      running.figures = figuresOf(change.rows, running) ?? running.figures;
    }
    this.#forecast.reached(run, running.step, running.total);
  }

  /** At most `height` lines of at most `width` characters: what wraps or scrolls away cannot be redrawn. */
  lines(width: number, height: number): string[] {
    const head = [this.#summary(), ...this.#leader(width)].map((line) => line.slice(0, width)).slice(0, height);
    const running = runningLines(
      [...this.#running].map(([run, state]) => ({ ...state, label: labelOf(run), left: this.#forecast.ofRun(run) })),
      width,
    );
    const room = Math.max(height - head.length, 0);
    const shown = running.length <= room ? running : running.slice(0, Math.max(room - 1, 0));
    const hidden = running.length - shown.length;
    const more = hidden > 0 && room > 0 ? [`  and ${hidden} more`] : [];
    return [...head, ...shown, ...more.map((line) => line.slice(0, width))];
  }

  #summary(): string {
    const settled = [...this.#settled.values()].reduce((sum, count) => sum + count, 0);
    const under = this.#running.size + this.#elsewhere.size + this.#waiting.size;
    const toGo = this.#total - settled - under;
    const counts: [number, string][] = [
      ...SETTLED.map((state): [number, string] => [this.#settled.get(state) ?? 0, state]),
      [this.#running.size, 'running'],
      [this.#elsewhere.size, 'run elsewhere'],
      [this.#waiting.size, 'waiting'],
      [toGo + (this.#settled.get('pending') ?? 0), 'to go'],
    ];
    const parts = counts.filter(([count]) => count > 0).map(([count, what]) => `${count} ${what}`);
    const finished = [...this.#settled].reduce((sum, [state, count]) => sum + (isFinished(state) ? count : 0), 0);
    const seconds = this.#forecast.ofSweep();
    const left = seconds === null ? '' : `  ${formatDuration(seconds)} left`;
    return `${finished}/${this.#total}${left}  ${parts.join(', ')}`;
  }

  /** The configuration stands on a line of its own where it would be cut off behind its score. */
  #leader(width: number): string[] {
    if (this.#best === null) return [];
    const [score, configuration] = [`best so far  ${scoreText(this.#best)}`, configurationText(this.#best)];
    const line = `${score}  ${configuration}`;
    return line.length <= width ? [line] : [score, shortened(`  ${configuration}`, width)];
  }
}

/** Those of the last row that a step logged: it has what every step measures, the last of the headline. */
function figuresOf(rows: readonly Row[], { headline, total }: Running): string[] | null {
  const every = headline.at(-1)?.metric;
  const row = rows.findLast((each) => every === undefined || every in each);
  if (row === undefined) return null;
  const { step, ...metrics } = row;
  return progressMeter(headline)({ type: 'step', step, total_steps: total ?? 0, metrics }).parts;
}

interface Line extends Omit<Running, 'headline'> {
  label: string;
  /** Seconds. */
  left: number | null;
}

/**
 * Columns, the important ones first: name with its seed, count, loss; then, where there is room for it in every line, the time
 * left, the other figures, and a bar.
 */
function runningLines(lines: readonly Line[], width: number): string[] {
  const rows = lines.map(({ step, total, figures: [loss = '', ...others], left }) => ({
    needed: [total === null && step === 0 ? 'starting' : `${step}/${total ?? '?'}`, loss],
    optional: [left === null ? '' : `${formatDuration(left)} left`, ...others],
    bar: progressBar(step, total, BAR_CELLS),
  }));
  const needed = widthsOf(rows.map((row) => row.needed));
  const rest = width - 2 - needed.reduce((sum, each) => sum + each + 2, 0);
  const longest = Math.max(...lines.map(({ label }) => label.length));
  // A name that fits as a whole tells what a run is; of one that is cut anyway, the time left may take more.
  const name =
    longest <= rest
      ? longest
      : Math.max(MINIMAL_NAME, Math.min(rest, Math.max(rest - TIME_LEFT, Math.floor(width * 0.4))));
  let room = rest - name;
  const taken: number[] = [];
  for (const each of widthsOf(rows.map((row) => row.optional))) {
    if (room < each + 2) break;
    taken.push(each);
    room -= each + 2;
  }
  const hasBar = room >= BAR_CELLS + 2;
  return rows.map(({ needed: cells, optional, bar }, i) => {
    const widths = [...needed, ...taken];
    const texts = [...cells, ...optional.slice(0, taken.length)].map((text, j) => text.padEnd(widths[j] ?? 0));
    const label = shortened(lines[i]?.label ?? '', name).padEnd(name);
    return `  ${[label, ...texts, ...(hasBar ? [bar] : [])].join('  ')}`.slice(0, width).trimEnd();
  });
}

/** Room for a seed, and for the time left. */
const MINIMAL_NAME = 12;
const TIME_LEFT = '1h05m left'.length + 2;

function widthsOf(rows: readonly (readonly string[])[]): number[] {
  const columns = Math.max(0, ...rows.map((cells) => cells.length));
  return Array.from({ length: columns }, (_, i) => Math.max(...rows.map((cells) => cells[i]?.length ?? 0)));
}

// What a step's event says to a person: how far the run is, how it does, how fast, and how long it will take.

import type { Headline } from '../registry/headline.ts';
import { learningRate, trainedTokens } from '../training/common_metrics.ts';
import type { TrainingEvent } from '../training/types.ts';

type StepEvent = Extract<TrainingEvent, { type: 'step' }>;

export interface Progress {
  /** Steps completed. */
  step: number;
  total_steps: number;
  /** What to show beside it, in the order of importance: `nll 2.31`. */
  parts: string[];
}

/** Steps that speed is measured over: enough to even out evaluations, few enough to follow a change. */
const WINDOW = 20;

/**
 * A function of the steps one after the other. Speed is that at which steps arrive, since a loop that submits ahead times
 * steps that overlap. `now` is in milliseconds.
 */
export function progressMeter(
  headline: readonly Headline[],
  now: () => number = () => performance.now(),
): (event: StepEvent) => Progress {
  const arrivals: Arrival[] = [];
  const started = now();
  return ({ step, total_steps, metrics }) => {
    if (arrivals.push({ time: now(), tokens: trainedTokens(metrics) }) > WINDOW + 1) arrivals.shift();
    const rate = learningRate(metrics);
    // The last of the headline is what every step measures; the others come now and then, and have lines of their own.
    const telling = headline.findLast(({ metric }) => metric in metrics);
    const parts = [
      ...(telling === undefined ? [] : [`${telling.label} ${formatMetric(metrics[telling.metric])}`]),
      ...(rate === undefined ? [] : [`lr ${formatMetric(rate)}`]),
    ];
    return {
      step: step + 1,
      total_steps,
      parts: [...parts, ...speed(arrivals, { started, stepsLeft: total_steps - step - 1 })],
    };
  };
}

interface Arrival {
  time: number;
  tokens: number;
}

function speed(arrivals: readonly Arrival[], { started, stepsLeft }: { started: number; stepsLeft: number }): string[] {
  const [first, ...rest] = withoutBurst(arrivals, started);
  const seconds = ((rest.at(-1)?.time ?? 0) - (first?.time ?? 0)) / 1000;
  if (rest.length === 0 || seconds <= 0) return [];
  const tokens = rest.reduce((sum, arrival) => sum + arrival.tokens, 0);
  return [
    ...(tokens > 0 ? [`${Math.round(tokens / seconds)} tok/s`] : []),
    ...(stepsLeft > 0 ? [`${formatDuration((seconds / rest.length) * stepsLeft)} left`] : []),
  ];
}

/** Gaps that are so much shorter than the longest one are those of a burst. */
const BURST = 0.05;
/** Gaps after which they alone tell what is short. */
const TELLING_GAPS = 3;

/**
 * The arrivals that tell how fast steps are. Steps that were submitted ahead arrive together when a measurement or a save has held
 * them up: those that the rest arrived with have taken their time before the first of them arrived.
 */
function withoutBurst(arrivals: readonly Arrival[], started: number): readonly Arrival[] {
  const gaps = arrivals.slice(1).map(({ time }, i) => time - (arrivals[i]?.time ?? time));
  const before = gaps.length < TELLING_GAPS ? (arrivals[0]?.time ?? started) - started : 0;
  const longest = Math.max(before, ...gaps);
  const from = gaps.findIndex((gap) => gap >= longest * BURST);
  return from < 0 ? [] : arrivals.slice(from);
}

/** How far a run is, in so many cells; empty where its end is unknown. */
export function progressBar(step: number, total: number | null, cells: number): string {
  const filled = total === null ? 0 : Math.round((cells * step) / Math.max(total, 1));
  return '█'.repeat(Math.min(filled, cells)).padEnd(cells, '░');
}

/** Four significant digits, short: `2.31`, `0.0003`, `3e-7`. */
export function formatMetric(value: number | string | boolean): string {
  return typeof value === 'number' ? String(Number(value.toPrecision(4))) : String(value);
}

/** `45s`, `2m05s`, `1h05m`. */
export function formatDuration(seconds: number): string {
  const whole = Math.ceil(seconds);
  if (whole < 60) return `${whole}s`;
  const [unit, big, small] = whole < 3600 ? ['m', whole / 60, whole % 60] : ['h', whole / 3600, (whole % 3600) / 60];
  return `${Math.floor(big)}${unit}${String(Math.floor(small)).padStart(2, '0')}${unit === 'm' ? 's' : 'm'}`;
}

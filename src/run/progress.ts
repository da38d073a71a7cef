// What a step's event says to a person: how far the run is, how it does, how fast, and how long it will take.

import type { TrainingEvent } from '../training/types.ts';

type StepEvent = Extract<TrainingEvent, { type: 'step' }>;

export interface Progress {
  /** Steps completed. */
  step: number;
  total_steps: number;
  /** What to show beside it, in the order of importance: `nll 2.31`. */
  parts: string[];
}

/** Metrics shown at every step, with the name they are shown under. */
const SHOWN = [
  ['train_mean_nll', 'nll'],
  ['learning_rate', 'lr'],
] as const;

/** Steps that the estimate of the time left looks back over: enough to even out evaluations, few enough to follow a change. */
const WINDOW = 20;

/** A function of the steps one after the other. It reads the times that the loop measured and no clock, so a log can be replayed. */
export function progressMeter(): (event: StepEvent) => Progress {
  const recentSeconds: number[] = [];
  return ({ step, total_steps, metrics }) => {
    const parts = SHOWN.flatMap(([metric, name]) => {
      const value = metrics[metric];
      return value === undefined ? [] : [`${name} ${formatMetric(value)}`];
    });
    const { 'time/total': seconds, num_tokens: tokens } = metrics;
    if (typeof seconds === 'number' && seconds > 0) {
      if (recentSeconds.push(seconds) > WINDOW) recentSeconds.shift();
      if (typeof tokens === 'number') parts.push(`${Math.round(tokens / seconds)} tok/s`);
      const secondsAStep = recentSeconds.reduce((sum, each) => sum + each, 0) / recentSeconds.length;
      const left = secondsAStep * (total_steps - step - 1);
      if (left > 0) parts.push(`${formatDuration(left)} left`);
    }
    return { step: step + 1, total_steps, parts };
  };
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

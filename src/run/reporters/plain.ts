// Run events as plain lines: for pipes, for logs.log, and for terminals that cannot redraw.

import { stripVTControlCharacters } from 'node:util';
import type { Headline } from '../../registry/headline.ts';
import type { RunStatus } from '../../run_files/types.ts';
import type { Metrics } from '../../training/types.ts';
import { shortPath } from '../../util/files.ts';
import { plural } from '../../util/plural.ts';
import { printable, printableText } from '../../util/printable.ts';
import type { RunEvent, RunListener } from '../events.ts';
import { formatMetric, progressMeter } from '../progress.ts';

/** Prints every event. `now` is in milliseconds. */
export function plainReporter(write: (line: string) => void, now?: () => number): RunListener {
  const format = plainFormatter(now);
  return (event) => {
    for (const line of format(event)) write(line);
  };
}

/** Prints what must not be missed: warnings, and why a run failed. */
export function quietReporter(write: (line: string) => void): RunListener {
  return (event) => {
    if (event.type !== 'warning' && event.type !== 'failed') return;
    for (const line of describeEvent(event)) write(line);
  };
}

/** A function that turns the events of one attempt, one after the other, into the lines that they are worth. */
export function plainFormatter(now?: () => number): (event: RunEvent) => string[] {
  let measure = progressMeter([], now);
  let headline: readonly Headline[] = [];
  return (event) => {
    if (event.type === 'attempt') {
      headline = event.headline;
      measure = progressMeter(headline, now);
    }
    if (event.type !== 'step') return describeEvent(event, headline);
    const { step, total_steps, parts } = measure(event);
    return [printable([`step ${step}/${total_steps}`, ...parts].join('  '))];
  };
}

/** The lines of any event but a step, which takes the steps before it to describe. */
export function describeEvent(
  event: Exclude<RunEvent, { type: 'step' }>,
  headline: readonly Headline[] = [],
): string[] {
  return linesOf(event, headline).map(printableText);
}

function linesOf(event: Exclude<RunEvent, { type: 'step' }>, headline: readonly Headline[]): string[] {
  switch (event.type) {
    case 'attempt':
      return [`run ${event.name}, attempt ${event.attempt}, in ${shortPath(event.directory)}`];
    case 'started':
      return event.resumed_from === null
        ? [plural(event.total_steps, 'step')]
        : [`resuming at step ${event.resumed_from} of ${event.total_steps}`];
    case 'evaluation':
      return [`evaluation at step ${event.step}  ${metricList(event.metrics, headline)}`];
    case 'checkpoint':
      return [`checkpoint ${event.record.name}`];
    case 'notice':
      return [event.message];
    case 'warning':
      return [`warning: ${event.message}`];
    case 'text':
      return [event.title, ...stripVTControlCharacters(event.text).split('\n')];
    case 'finished':
      return [describeEnd(event.status), ...(event.status.warnings ?? []).map((warning) => `warning: ${warning}`)];
    case 'failed':
      return [
        `${event.status.step === 0 ? 'failed' : `failed after ${plural(event.status.step, 'step')}`}: ${event.status.error?.message ?? 'unknown error'}`,
        ...(event.hint === null ? [] : [event.hint]),
      ];
  }
}

/** More than that is for metrics.jsonl: of many, those of the headline are shown. */
const MOST_METRICS = 6;

function metricList(metrics: Metrics, headline: readonly Headline[]): string {
  const all = Object.entries(metrics);
  const telling = all.filter(([name]) => headline.some(({ metric }) => metric === name));
  const shown = all.length <= MOST_METRICS ? all : telling.length > 0 ? telling : all.slice(0, MOST_METRICS);
  const list = shown.map(([name, value]) => printable(`${name} ${formatMetric(value)}`)).join('  ');
  return shown.length === all.length ? list : `${list}  (and ${all.length - shown.length} more)`;
}

function describeEnd({ state, step }: RunStatus): string {
  const why = state === 'diverged' ? ': the loss or a weight is no longer a number' : '';
  return `${state === 'stopped' ? 'stopped early' : state} after ${plural(step, 'step')}${why}`;
}

// Run events as plain lines: for pipes, for logs.log, and for terminals that cannot redraw.

import { stripVTControlCharacters } from 'node:util';
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
  return (event) => {
    if (event.type === 'attempt') measure = progressMeter(event.headline, now);
    if (event.type !== 'step') return describeEvent(event);
    const { step, total_steps, parts } = measure(event);
    return [printable([`step ${step}/${total_steps}`, ...parts].join('  '))];
  };
}

/** The lines of any event but a step, which takes the steps before it to describe. */
export function describeEvent(event: Exclude<RunEvent, { type: 'step' }>): string[] {
  return linesOf(event).map(printableText);
}

function linesOf(event: Exclude<RunEvent, { type: 'step' }>): string[] {
  switch (event.type) {
    case 'attempt':
      return [`run ${event.name}, attempt ${event.attempt}, in ${shortPath(event.directory)}`];
    case 'started':
      return event.resumed_from === null
        ? [plural(event.total_steps, 'step')]
        : [`resuming at step ${event.resumed_from} of ${event.total_steps}`];
    case 'evaluation':
      return [`evaluation at step ${event.step}  ${metricList(event.metrics)}`];
    case 'checkpoint':
      return [`checkpoint ${event.record.name}`];
    case 'notice':
      return [event.message];
    case 'warning':
      return [`warning: ${event.message}`];
    case 'text':
      return [event.title, ...stripVTControlCharacters(event.text).split('\n')];
    case 'finished':
      return [describeEnd(event.status)];
    case 'failed':
      return [
        `${event.status.step === 0 ? 'failed' : `failed after ${plural(event.status.step, 'step')}`}: ${event.status.error?.message ?? 'unknown error'}`,
        ...(event.hint === null ? [] : [event.hint]),
      ];
  }
}

function metricList(metrics: Metrics): string {
  return Object.entries(metrics)
    .map(([name, value]) => printable(`${name} ${formatMetric(value)}`))
    .join('  ');
}

function describeEnd({ state, step }: RunStatus): string {
  return `${state} after ${plural(step, 'step')}${state === 'diverged' ? ': the loss is no longer a number' : ''}`;
}

// A sweep's events as plain lines: for logs, pipes, and terminals that cannot redraw.

import { formatDuration } from '../../run/progress.ts';
import { shortPath } from '../../util/files.ts';
import { printableText } from '../../util/printable.ts';
import type { PlannedRun } from '../plan.ts';
import type { Outcome, SweepEvent } from '../scheduler.ts';

export type SweepListener = (event: SweepEvent) => void;

/** A line for each thing that happens to a run, and none for its steps: those are in its own log. `now` is in milliseconds. */
export function plainReporter(total: number, write: (line: string) => void, now: () => number): SweepListener {
  const started = new Map<PlannedRun, number>();
  let settled = 0;
  return (event) => {
    if (event.type === 'launched') started.set(event.run, now());
    if (event.type === 'settled') settled += 1;
    const line = lineOf(event, (run) => now() - (started.get(run) ?? now()));
    if (line !== null) write(printableText(event.type === 'settled' ? `[${settled}/${total}] ${line}` : line));
  };
}

function lineOf(event: SweepEvent, milliseconds: (run: PlannedRun) => number): string | null {
  switch (event.type) {
    case 'launched':
      return `started ${event.run.name}`;
    case 'progress':
      return event.event.type === 'warning' ? `warning from ${event.run.name}: ${event.event.message}` : null;
    case 'retrying':
      return `failed ${event.run.name}: ${event.error.message}; started again, ${event.left} more after that`;
    case 'elsewhere':
      return `waiting for ${event.run.name}, which another process runs`;
    case 'stopping':
      return STOPPING;
    case 'settled':
      // A sweep that was stopped has left all the others; the last screen says how many.
      return event.outcome.state === 'pending' ? null : describeOutcome(event.outcome, milliseconds(event.outcome.run));
  }
}

const STOPPING = 'stopping: runs finish their step and save a checkpoint; a second signal ends them at once';

function describeOutcome({ run, directory, state, error }: Outcome, milliseconds: number): string {
  const time = milliseconds >= 1000 ? ` in ${formatDuration(milliseconds / 1000)}` : '';
  switch (state) {
    case 'done':
    case 'diverged':
      return `${state} ${run.name}${time}`;
    case 'failed':
      return `failed ${run.name}: ${error?.message ?? 'unknown error'} (${shortPath(directory)}/logs.log)`;
    case 'interrupted':
      return `interrupted ${run.name}`;
    case 'running':
      return `left ${run.name} to the process that runs it`;
    case 'pending':
      return `not started ${run.name}`;
  }
}

// A sweep's events as plain lines: for logs, pipes, and terminals that cannot redraw.

import { formatDuration } from '../../run/progress.ts';
import { shortPath } from '../../util/files.ts';
import { printable, printableText } from '../../util/printable.ts';
import type { PlannedRun } from '../plan.ts';
import type { SweepEvent } from '../scheduler.ts';
import { resultText } from './text.ts';

export interface SweepReporter {
  onEvent(event: SweepEvent): void;
  /** The sweep is over: what comes next on the screen is not of the reporter's making. */
  close(): void;
}

type Settled = Extract<SweepEvent, { type: 'settled' }>;

/** A line for each thing that happens to a run, and none for its steps: those are in its own log. `now` is in milliseconds. */
export function plainReporter(total: number, write: (line: string) => void, now: () => number): SweepReporter {
  const started = new Map<PlannedRun, number>();
  let ended = 0;
  const counted = ({ outcome, result, best }: Settled): string | null => {
    const { run, state } = outcome;
    if (state !== 'done' && state !== 'diverged' && state !== 'failed') return lineOfUnfinished(outcome);
    ended += 1;
    const leads = result !== null && best?.config_hash === run.config_hash ? ', best so far' : '';
    const found = result === null ? '' : `: ${resultText(result)}${leads}`;
    const what = state === 'failed' ? `failed ${run.name}: ${reasonOf(outcome)}` : `${state} ${run.name}${found}`;
    const milliseconds = now() - (started.get(run) ?? now());
    const time = state !== 'failed' && milliseconds >= 1000 ? ` in ${formatDuration(milliseconds / 1000)}` : '';
    return `[${ended}/${total}] ${what}${time}`;
  };
  return {
    onEvent(event) {
      if (event.type === 'launched' || event.type === 'attached') started.set(event.run, now());
      const line = event.type === 'settled' ? counted(event) : lineOf(event);
      if (line !== null) write(printableText(line));
    },
    close: () => undefined,
  };
}

function lineOf(event: Exclude<SweepEvent, Settled>): string | null {
  switch (event.type) {
    case 'launched':
      return `started ${event.run.name}`;
    case 'attached':
      return `found ${event.run.name} under way: ${event.job} of a sweep that is gone`;
    case 'progress':
      return event.change.type === 'problem'
        ? `warning from ${event.run.name}: ${printable(event.change.message)}`
        : null;
    case 'trouble':
      return `warning from ${event.run.name}: ${printable(event.message)}`;
    case 'retrying':
      return `failed ${event.run.name}: ${printable(event.error.message)}; started again, ${event.left} more after that`;
    case 'elsewhere':
      return `waiting for ${event.run.name}, which another process runs`;
    case 'stopping':
      return STOPPING;
  }
}

const STOPPING = 'stopping: runs finish their step and save a checkpoint; a second signal ends them at once';

/** They take no part in the count of those that have ended. */
function lineOfUnfinished({ run, state }: Settled['outcome']): string | null {
  if (state === 'interrupted') return `interrupted ${run.name}`;
  // A sweep that was stopped has left all the others unstarted; the last screen says how many.
  return state === 'running' ? `left ${run.name} to the process that runs it` : null;
}

function reasonOf({ error, directory }: Settled['outcome']): string {
  return `${printable(error?.message ?? 'unknown error')} (${shortPath(directory)}/logs.log)`;
}

// A sweep's events as plain lines: for logs, pipes, and terminals that cannot redraw.

import { formatDuration, formatMetric } from '../../run/progress.ts';
import type { ConfigurationScore } from '../../run_files/configurations.ts';
import { isFinished } from '../../run_files/status.ts';
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

/**
 * A line for each thing that happens to a run, and none for its steps: those are in its own log. `now` is in milliseconds,
 * `nameOf` what a run is called.
 */
export function plainReporter(
  total: number,
  write: (line: string) => void,
  now: () => number,
  nameOf: (run: PlannedRun) => string = ({ name }) => name,
): SweepReporter {
  const started = new Map<PlannedRun, number>();
  let ended = 0;
  const counted = ({ outcome, result, best, why = null }: Settled): string | null => {
    const { run, state } = outcome;
    if (!isFinished(state) && state !== 'failed') return lineOfUnfinished(outcome, nameOf(run));
    ended += 1;
    const leads = result !== null && best?.config_hash === run.config_hash ? leadText(best) : '';
    const found = result === null ? '' : `: ${resultText(result)}`;
    const milliseconds = now() - (started.get(run) ?? now());
    const time = milliseconds >= 1000 ? ` in ${formatDuration(milliseconds / 1000)}` : '';
    const how =
      state === 'failed'
        ? `: ${reasonOf(outcome)}`
        : `${found}${time}${leads}${why === null ? '' : ` (${printable(why)})`}`;
    return `[${ended}/${total}] ${state} ${nameOf(run)}${how}`;
  };
  return {
    onEvent(event) {
      if (event.type === 'launched' || event.type === 'offered' || event.type === 'attached')
        started.set(event.run, now());
      const line = event.type === 'settled' ? counted(event) : lineOf(event, nameOf);
      if (line !== null) write(printableText(line));
    },
    close: () => undefined,
  };
}

/** Over several seeds a run's value need not be the best one for its configuration to lead. */
function leadText({ planned }: ConfigurationScore): string {
  return planned === 1 ? ', best so far' : ', its configuration leads';
}

function lineOf(event: Exclude<SweepEvent, Settled>, nameOf: (run: PlannedRun) => string): string | null {
  switch (event.type) {
    case 'launched':
      return `started ${nameOf(event.run)}`;
    case 'offered':
      return `offered ${nameOf(event.run)}`;
    case 'attached':
      return `found ${nameOf(event.run)} under way: ${event.job} of a sweep that is gone`;
    case 'progress':
      return event.change.type === 'problem'
        ? `warning from ${nameOf(event.run)}: ${printable(event.change.message)}`
        : null;
    case 'trouble':
      return `warning from ${nameOf(event.run)}: ${printable(event.message)}`;
    case 'retrying':
      return `failed ${nameOf(event.run)}: ${printable(event.error.message)}; started again, ${event.left} more after that`;
    case 'elsewhere':
      return `waiting for ${nameOf(event.run)}, which another process runs`;
    case 'asked':
      return null;
    case 'unfit':
      return `trial ${event.trial} cannot be run: ${printable(event.message)}`;
    case 'waiting': {
      const value = event.value === null ? 'without a value' : `with ${formatMetric(event.value)}`;
      return `waiting ${nameOf(event.run)}: at step ${event.step} ${value}`;
    }
    case 'promoted':
      return `promoted ${nameOf(event.run)}: ${event.until === null ? 'to its end' : `to step ${event.until}`}`;
    case 'halted':
      return `${event.failed} of ${event.ended} runs have failed: nothing more is launched, and what runs goes on to its end`;
    case 'stopping':
      return STOPPING;
  }
}

const STOPPING = 'stopping: runs finish their step and save a checkpoint; a second signal ends them at once';

/** They take no part in the count of those that have ended. */
function lineOfUnfinished({ state }: Settled['outcome'], name: string): string | null {
  if (state === 'interrupted') return `interrupted ${name}`;
  // A sweep that was stopped has left all the others unstarted; the last screen says how many.
  return state === 'running' ? `left ${name} to the process that runs it` : null;
}

function reasonOf({ error, directory }: Settled['outcome']): string {
  return `${printable(error?.message ?? 'unknown error')} (${shortPath(directory)}/logs.log)`;
}

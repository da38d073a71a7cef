// An objective that names a metric which is never logged: told when the first run has come to its end, before the others cost anything.

import { join } from 'node:path';
import { closestNames, didYouMean } from '../../registry/suggest.ts';
import { readForeignLines } from '../../run_files/foreign_json.ts';
import { judgedAmong } from '../../run_files/producers.ts';
import { ConfigurationError } from '../../util/errors.ts';
import { shortPath } from '../../util/files.ts';
import type { SweepPlan } from '../plan.ts';
import type { SweepEvent } from '../scheduler.ts';

/** What a row of metrics says of itself, and measures nothing. */
const NO_METRICS = new Set(['step', 'epoch', 'time']);
const MOST_NAMED = 8;

/** What a run has logged of which nothing is the metric; null where that was logged, or nothing can be read. */
export function loggedWithout(directory: string, metric: string): string[] | null {
  const { objects } = readForeignLines(join(directory, 'metrics.jsonl'));
  const names = new Set(objects.flatMap((row) => Object.keys(row)));
  if (names.size === 0 || names.has(metric)) return null;
  return [...names].filter((name) => !NO_METRICS.has(name)).sort();
}

export function neverLogged(
  metric: string,
  logged: readonly string[],
  { file, log_path, name }: { file: string; log_path: string; name: string },
): ConfigurationError {
  return new ConfigurationError(
    `${file}: objective.metric: ${name} has come to its end and has logged no ${metric}${othersThan(metric, logged)}`,
    {
      hint: `Nothing more is run. Set the metric to one that is logged and delete ${shortPath(join(log_path, 'study'))}, whose questions went by this one: what was run before is used again where it is asked for.`,
    },
  );
}

/** Listens to a sweep that runs all there is: the first run that is done without the metric is told of, and the others go on. */
export function warningOfUnlogged(
  { fields: { objective }, runs }: Pick<SweepPlan, 'fields' | 'runs'>,
  onEvent: (event: SweepEvent) => void,
): (event: SweepEvent) => void {
  if (objective === null) return onEvent;
  const { metric, stage } = objective;
  const judged = new Set(judgedAmong(runs, stage));
  let hasWarned = false;
  return (event) => {
    onEvent(event);
    if (hasWarned || event.type !== 'settled' || event.result !== null) return;
    const { run, directory, state } = event.outcome;
    const logged = state === 'done' && judged.has(run) ? loggedWithout(directory, metric) : null;
    if (logged === null) return;
    hasWarned = true;
    const message = `has logged no ${metric}, which is the objective${othersThan(metric, logged)}`;
    onEvent({ type: 'trouble', run, message });
  };
}

function othersThan(metric: string, logged: readonly string[]): string {
  const near = closestNames(metric, logged);
  return near.length > 0 ? didYouMean(near) : `; it logged ${listed(logged)}`;
}

function listed(names: readonly string[]): string {
  if (names.length === 0) return 'none';
  const more = names.length - MOST_NAMED;
  return `${names.slice(0, MOST_NAMED).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

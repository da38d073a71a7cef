// An objective that names a metric which is never logged: told when the first run has come to its end, before the others cost anything.

import { join } from 'node:path';
import { closestNames, didYouMean } from '../../registry/suggest.ts';
import { readForeignLines } from '../../run_files/foreign_json.ts';
import { ConfigurationError } from '../../util/errors.ts';
import { shortPath } from '../../util/files.ts';

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
  const near = closestNames(metric, logged);
  const others = near.length > 0 ? didYouMean(near) : `; it logged ${listed(logged)}`;
  return new ConfigurationError(
    `${file}: objective.metric: ${name} has come to its end and has logged no ${metric}${others}`,
    {
      hint: `Nothing more is run. Set the metric to one that is logged and delete ${shortPath(join(log_path, 'study'))}, whose questions went by this one: what was run before is used again where it is asked for.`,
    },
  );
}

function listed(names: readonly string[]): string {
  if (names.length === 0) return 'none';
  const more = names.length - MOST_NAMED;
  return `${names.slice(0, MOST_NAMED).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

// How runs, configurations and their scores are written in a sweep's lines.

import { formatMetric } from '../../run/progress.ts';
import type { ConfigurationScore } from '../../run_files/configurations.ts';
import { plural } from '../../util/plural.ts';
import { printable } from '../../util/printable.ts';
import type { PlannedRun } from '../plan.ts';
import type { Result } from '../standings.ts';

/** What a run sets, and its seed: its name without the identity behind it. */
export function labelOf({ name, hash }: PlannedRun): string {
  return printable(name.endsWith(`-${hash}`) ? name.slice(0, -hash.length - 1) : name);
}

/** A label in so many characters. The seed, which tells replicates apart, stays. */
export function shortened(label: string, length: number): string {
  if (label.length <= length) return label;
  const seed = label.slice(label.lastIndexOf(',seed='));
  const end = label.includes(',seed=') && seed.length < length - 1 ? seed : '';
  return `${label.slice(0, Math.max(0, length - end.length - 1))}…${end}`;
}

export function configurationText({ axes }: ConfigurationScore): string {
  const fields = Object.entries(axes).map(
    ([field, value]) => `${field}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  );
  return fields.length === 0 ? 'the one configuration' : printable(fields.join(' '));
}

/** `0.005 ± 0.007 (2 of 3 seeds)` */
export function scoreText({ mean, sd, n, planned }: ConfigurationScore): string {
  const spread = sd === null ? '' : ` ± ${formatMetric(sd)}`;
  const of = n === planned ? '' : `${n} of `;
  return `${formatMetric(mean ?? Number.NaN)}${spread} (${of}${plural(planned, 'seed')})`;
}

/** `test/nll 0.042` */
export function resultText({ metric, value }: Result): string {
  return `${printable(metric)} ${formatMetric(value)}`;
}

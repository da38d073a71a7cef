// The metrics that each file holds, with the type that its values fit, and the types that all files together give them.

import type { JsonObject, JsonValue } from '../util/json.ts';
import { plural } from '../util/plural.ts';
import type { Columns } from './columns.ts';

/** DOUBLE where all values are numbers (NaN and the infinities are written as text), BOOLEAN, or else VARCHAR. */
export const METRIC_TYPES = ['DOUBLE', 'BOOLEAN', 'VARCHAR'] as const;
export type MetricType = (typeof METRIC_TYPES)[number];

/** What is none of these is text. */
export function typeNamed(name: unknown): MetricType {
  return METRIC_TYPES.find((type) => type === name) ?? 'VARCHAR';
}

/** The metrics of one file; files of one training loop mostly share theirs. */
export type FileMetrics = ReadonlyMap<string, MetricType>;

/** Of the lines of one file. What is null says nothing. */
export function metricsIn(objects: readonly JsonObject[]): FileMetrics {
  const types = new Map<string, MetricType>();
  for (const object of objects) {
    for (const [metric, value] of Object.entries(object)) {
      if (metric === 'step' || value === null) continue;
      const type = typeOf(value);
      types.set(metric, (types.get(metric) ?? type) === type ? type : 'VARCHAR');
    }
  }
  return types;
}

function typeOf(value: JsonValue): MetricType {
  if (typeof value === 'number' || (typeof value === 'string' && /^(NaN|-?Infinity)$/.test(value))) return 'DOUBLE';
  return typeof value === 'boolean' ? 'BOOLEAN' : 'VARCHAR';
}

/**
 * By name. A metric that is a number in one file stays one whatever another has logged under its name; one that is of several other
 * types is text.
 */
export function typesOfAll(files: Iterable<FileMetrics>): Columns {
  const types = new Map<string, MetricType>();
  for (const metrics of new Set(files)) {
    for (const [metric, type] of metrics) {
      const known = types.get(metric) ?? type;
      const isNumber = known === 'DOUBLE' || type === 'DOUBLE';
      types.set(metric, isNumber ? 'DOUBLE' : known === type ? type : 'VARCHAR');
    }
  }
  return Object.fromEntries([...types].sort(([a], [b]) => compareBytes(a, b)));
}

/** A line for each metric that is a number, and that some files have logged something else of. */
export function misfitNotices(types: Columns, files: readonly FileMetrics[]): string[] {
  const misfits = new Map<string, number>();
  for (const metrics of files) {
    for (const [metric, type] of metrics) {
      if (types[metric] === 'DOUBLE' && type !== 'DOUBLE') misfits.set(metric, (misfits.get(metric) ?? 0) + 1);
    }
  }
  return [...misfits].map(
    ([metric, n]) =>
      `${JSON.stringify(metric)} is a number, and ${plural(n, 'run')} logged something else of it: that is NaN`,
  );
}

/** As SQL orders text. */
function compareBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

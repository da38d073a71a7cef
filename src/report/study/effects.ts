// What each value of an axis does to the objective, whatever the other fields are: the mean over all runs that have it.

import type { Goal } from '../../run_files/objective.ts';
import { meanAndSd } from '../../run_files/objective.ts';
import { canonicalJson, type JsonObject, type JsonValue } from '../../util/json.ts';
import type { Axis, Effect, EffectLevel } from './study.ts';

/** A finished run whose value is a finite number. */
export interface ValuedPoint {
  fields: JsonObject;
  value: number;
}

/** Values that no run has reached a number with are left out. */
export function effectOf({ field, values }: Axis, points: readonly ValuedPoint[], goal: Goal | null): Effect {
  const byValue = new Map<string, number[]>();
  for (const { fields, value } of points) {
    const key = canonicalJson(fields[field] ?? null);
    const known = byValue.get(key);
    if (known === undefined) byValue.set(key, [value]);
    else known.push(value);
  }
  return {
    field,
    levels: values.flatMap((value) => levelOf(value, byValue.get(canonicalJson(value)) ?? [], goal) ?? []),
  };
}

function levelOf(value: JsonValue, reached: readonly number[], goal: Goal | null): EffectLevel | null {
  const sorted = reached.toSorted((a, b) => a - b);
  const { mean } = meanAndSd(sorted);
  const [least] = sorted;
  if (mean === null || least === undefined) return null;
  const best = goal === null ? null : goal === 'minimize' ? least : (sorted.at(-1) ?? least);
  return { value, mean, low: quantile(sorted, 0.25), high: quantile(sorted, 0.75), best, n: sorted.length };
}

/** Between two values in proportion, as `quantile_cont` of SQL. @param sorted at least one */
function quantile(sorted: readonly number[], share: number): number {
  const position = share * (sorted.length - 1);
  const below = sorted[Math.floor(position)] ?? Number.NaN;
  const above = sorted[Math.ceil(position)] ?? below;
  return below + (above - below) * (position - Math.floor(position));
}

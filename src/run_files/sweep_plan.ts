// The runs that a sweep has planned, as its plan.json lists them: input from outside, checked where it is read.

import { join } from 'node:path';
import type { Reading } from '../util/files.ts';
import type { JsonValue } from '../util/json.ts';
import { isArrayOf, isOneOf, isOptional, isRecordOf, isString, jsonShape } from '../util/json_shape.ts';
import { readForeignObject } from './foreign_json.ts';
import { isJsonValue, isStage } from './shapes.ts';
import type { RunRecord } from './types.ts';

/** A run of a plan; whether it lies on disk by now is not said. */
export interface ListedRun {
  /** Of its directory, unless it lies under another name with the same hash. */
  name: string;
  hash: string;
  config_hash: string;
  axes: Record<string, JsonValue>;
  seed: number;
  /** Where the sweep has stages. */
  stage?: RunRecord['stage'];
}

/** The name of one directory, never a path that leads elsewhere. */
const isName = (value: unknown): value is string => isString(value) && /^(?!\.{1,2}$)[^/\\\0]+$/.test(value);
const isSeed = (value: unknown): value is number => Number.isSafeInteger(value);

const listedRun = jsonShape<ListedRun>({
  name: isName,
  hash: isString,
  config_hash: isString,
  axes: isRecordOf(isJsonValue),
  seed: isSeed,
  stage: isOptional(isStage),
});

const planShape = jsonShape<{ schema_version: 1; runs: ListedRun[] }>({
  schema_version: isOneOf([1]),
  runs: isArrayOf(listedRun.is),
});

/** Never throws. Each run once. */
export function readPlannedRuns(sweepDirectory: string): Reading<ListedRun[]> {
  const { value, problem } = readForeignObject(join(sweepDirectory, 'plan.json'));
  if (value === null) return { value, problem };
  if (!planShape.is(value)) return { value: null, problem: `plan.json: ${planShape.problem(value)}` };
  return { value: [...new Map(value.runs.map((run) => [run.hash, run])).values()], problem: null };
}

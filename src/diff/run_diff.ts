// Two runs held against each other: the fields that differ, and the metrics side by side. Pure, and its result is plain data.

import { flatten } from '../report/flatten.ts';
import { MetricOrder } from '../report/metric_order.ts';
import type { Goal } from '../run_files/objective.ts';
import type { SeenState } from '../run_files/types.ts';
import { equalJson, type JsonObject, type JsonValue } from '../util/json.ts';
import { type CurveParting, partingOf } from './parting.ts';

/** What is known of a run. */
export interface ComparedRun {
  run: string;
  state: SeenState;
  steps: number | null;
  total_steps: number | null;
  spec: JsonObject;
  /** Of the spec what decides the result and is no default; null where the run does not say, as those of the Python cookbook. */
  identity: JsonObject | null;
  /** Commit, versions, platform: what it was run by. */
  provenance: JsonObject;
  /** What it is judged by, the most telling first. */
  telling: readonly { metric: string; goal: Goal | null }[];
}

/** The values of a metric in the order of steps; NaN and the infinities are text. */
export interface Series {
  isNumeric: boolean;
  points: { step: number | null; value: JsonValue }[];
}

export interface RunDiff {
  runs: [RunFacts, RunFacts];
  /** Fields of the specs that decide the result. */
  identity: FieldDiff[];
  /** Fields that say only where and how a run is run. */
  runtime: FieldDiff[];
  provenance: FieldDiff[];
  /** In the order in which metrics are shown. */
  metrics: MetricDiff[];
  /** Share of the greater value that the second of the two steps of `parts` goes by. */
  tolerance: number;
}

type RunFacts = Pick<ComparedRun, 'run' | 'state' | 'steps' | 'total_steps'>;

export interface FieldDiff {
  field: string;
  values: [FieldValue, FieldValue];
}

interface FieldValue {
  /** Null where the run does not have the field. */
  value: JsonValue;
  /** It is what the field has where nobody sets it, as far as the run says. */
  is_default: boolean;
  is_there: boolean;
}

export interface MetricDiff extends CurveParting {
  metric: string;
  goal: Goal | null;
  runs: [MetricFacts | null, MetricFacts | null];
  /** Shown only where everything is asked for. */
  is_detail: boolean;
}

/** Before it is known where it stands among the others. */
export type JudgedMetric = Omit<MetricDiff, 'is_detail'>;

interface MetricFacts {
  first: JsonValue;
  last: JsonValue;
  /** Of a metric whose goal is known. */
  best: number | null;
  best_step: number | null;
  /** Steps with a value. */
  n: number;
}

export const TOLERANCE = 0.01;

/** How two runs differ in a metric; null where neither has a value of it. */
export function diffMetric(
  metric: string,
  [ofA, ofB]: readonly [Series, Series],
  [a, b]: readonly [ComparedRun, ComparedRun],
  tolerance: number,
): JudgedMetric | null {
  if (ofA.points.length + ofB.points.length === 0) return null;
  const goal = [...a.telling, ...b.telling].find((telling) => telling.metric === metric)?.goal ?? null;
  return {
    metric,
    goal,
    runs: [metricFacts(ofA, goal), metricFacts(ofB, goal)],
    ...partingOf(ofA.points, ofB.points, tolerance),
  };
}

/** @param metrics by `diffMetric` */
export function diffRuns(
  [a, b]: readonly [ComparedRun, ComparedRun],
  metrics: readonly JudgedMetric[],
  tolerance: number,
): RunDiff {
  const fields = specDiffs(a, b);
  const order = new MetricOrder([...new Set([...a.telling, ...b.telling].map(({ metric }) => metric))]);
  return {
    runs: [factsOf(a), factsOf(b)],
    identity: fields.filter(({ field }) => isOfIdentity(field, a, b)),
    runtime: fields.filter(({ field }) => !isOfIdentity(field, a, b)),
    provenance: diffsOf(a.provenance, b.provenance),
    metrics: metrics
      .toSorted((x, y) => order.compare(x.metric, y.metric))
      .map((each) => ({ ...each, is_detail: order.isDetail(each.metric) })),
    tolerance,
  };
}

const factsOf = ({ run, state, steps, total_steps }: ComparedRun): RunFacts => ({ run, state, steps, total_steps });

/** Differences of the specs; where a field is equal and what it stands for is not, such as the contents of a file, those of the identities. */
function specDiffs(a: ComparedRun, b: ComparedRun): FieldDiff[] {
  const [ofA, ofB] = [fieldsOf(a.identity), fieldsOf(b.identity)];
  const isDefault = (identity: Map<string, JsonValue> | null, field: string) =>
    identity !== null && !holds(identity, field);
  const diffs = diffsOf(a.spec, b.spec).map(({ field, values: [x, y] }): FieldDiff => {
    const decides = field !== 'seed' && isOfIdentity(field, a, b);
    return {
      field,
      values: [
        { ...x, is_default: decides && x.is_there && isDefault(ofA, field) },
        { ...y, is_default: decides && y.is_there && isDefault(ofB, field) },
      ],
    };
  });
  if (a.identity === null || b.identity === null) return diffs;
  const told = new Set(diffs.map(({ field }) => field));
  const isTold = (field: string) =>
    [...told].some((each) => each === field || each.startsWith(`${field}.`) || field.startsWith(`${each}.`));
  // What a run leaves at its default has no place in its identity, so only fields that both have are held against each other.
  const contents = diffsOf(a.identity, b.identity).filter(
    ({ field, values: [x, y] }) => x.is_there && y.is_there && !isTold(field),
  );
  return [...diffs, ...contents].sort((x, y) => (x.field < y.field ? -1 : 1));
}

/** Fields that say where a run of another tool is run, and how it is told of. */
const ELSEWHERE = /^(log_path|wandb_\w+|base_url|behavior_if_log_dir_exists|.*api_key)$/;

function isOfIdentity(field: string, a: ComparedRun, b: ComparedRun): boolean {
  const identities = [a.identity, b.identity].flatMap((identity) => fieldsOf(identity) ?? []);
  if (identities.length === 0) return !ELSEWHERE.test(field);
  return field === 'seed' || identities.some((fields) => holds(fields, field));
}

/** A field, one that holds it, or some of its members. */
function holds(fields: ReadonlyMap<string, JsonValue>, field: string): boolean {
  return (
    fields.has(field) || [...fields.keys()].some((each) => each.startsWith(`${field}.`) || field.startsWith(`${each}.`))
  );
}

const fieldsOf = (identity: JsonObject | null) => (identity === null ? null : flatten(identity));

function diffsOf(a: JsonObject, b: JsonObject): FieldDiff[] {
  const [ofA, ofB] = [flatten(a), flatten(b)];
  return [...new Set([...ofA.keys(), ...ofB.keys()])]
    .sort()
    .filter((field) => ofA.has(field) !== ofB.has(field) || !equalJson(ofA.get(field) ?? null, ofB.get(field) ?? null))
    .map((field) => ({ field, values: [valueIn(ofA, field), valueIn(ofB, field)] }));
}

function valueIn(fields: ReadonlyMap<string, JsonValue>, field: string): FieldValue {
  return { value: fields.get(field) ?? null, is_default: false, is_there: fields.has(field) };
}

function metricFacts({ points, isNumeric }: Series, goal: Goal | null): MetricFacts | null {
  if (points.length === 0) return null;
  const best = goal === null || !isNumeric ? null : bestOf(points, goal);
  return {
    first: points[0]?.value ?? null,
    last: points.at(-1)?.value ?? null,
    best: best?.value ?? null,
    best_step: best?.step ?? null,
    n: points.length,
  };
}

function bestOf(points: Series['points'], goal: Goal): { value: number; step: number | null } | null {
  let best: { value: number; step: number | null } | null = null;
  for (const { step, value } of points) {
    if (typeof value !== 'number' || !Number.isFinite(value)) continue;
    if (best === null || (goal === 'maximize' ? value > best.value : value < best.value)) best = { value, step };
  }
  return best;
}

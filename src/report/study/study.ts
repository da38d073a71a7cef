// What the charts of one table of runs are drawn from: plain numbers, so that charts are functions of it and tests can read it.

import type { SeenState } from '../../run_files/types.ts';
import type { JsonValue } from '../../util/json.ts';
import type { StageNode } from '../stages.ts';
import type { Summary } from '../summary.ts';

export interface Study {
  /** Names it among the studies of a report: small letters, digits and dashes. */
  id: string;
  /** As the table shows it: configurations best first. */
  summary: Summary;
  /** The fields that tell the configurations apart, each with several values. */
  axes: Axis[];
  /** Those of all configurations, in the order of the summary. */
  runs: StudyRun[];
  /** By metric, the objective first, then what the runs are judged by, then the rest as `report DIR` orders it. */
  curves: MetricCurves[];
  /** One for each axis. */
  effects: Effect[];
  /** The greatest first; empty where there is nothing to estimate it from. */
  importance: Importance[];
  /** Why there is no importance, or what to hold against it; null where it stands as it is. */
  importance_note: string | null;
  /** The stages of its sweep or its place, each behind those it starts from; empty where there are none, or an earlier study has them. */
  stages: StageNode[];
  /** What the SQL behind its charts calls the runs, the metrics and the axes. */
  sql: StudySql;
}

export interface Axis {
  field: string;
  /** `log` for positive numbers that span two decades or more, or that lie at equal ratios. */
  scale: 'linear' | 'log' | 'category';
  /** Numbers in their order, and everything else in the order of its text. Null for runs that lack the field. */
  values: JsonValue[];
}

export interface StudyRun {
  run: string;
  name: string;
  /** Position among the configurations of the summary. */
  configuration: number;
  seed: number | null;
  state: SeenState;
  /** Whether its value is one of its configuration's mean. */
  counts: boolean;
  /** Null where it has none; may be NaN or infinite. */
  value: number | null;
  step: number | null;
  /** As its files say, and then its end or its last sign of life. */
  started_at: string | null;
  ended_at: string | null;
  seconds: number | null;
  /** Dollars. */
  cost: number | null;
}

export interface MetricCurves {
  metric: string;
  curves: Curve[];
  /** Configurations that have logged the metric and whose curves are left out, because there are too many to read. */
  n_left_out: number;
  /** Where runs that went wrong or were stopped have got to. */
  ends: CurveEnd[];
}

/** Means over the runs of a configuration that have logged a finite value at a step. */
export interface Curve {
  configuration: number;
  /** In the order of steps; of many a sample with the first, the last, the least and the greatest mean. */
  points: CurvePoint[];
  /** Of how many the points are. */
  n_steps: number;
}

export interface CurvePoint {
  step: number;
  mean: number;
  /** The least and the greatest value of its runs: every seed lies between them. */
  low: number;
  high: number;
  n: number;
}

export interface CurveEnd {
  run: string;
  configuration: number;
  state: SeenState;
  /** Of its last finite value. */
  step: number;
  value: number;
}

/** What the runs with each value of an axis reached, whatever their other fields. */
export interface Effect {
  field: string;
  levels: EffectLevel[];
}

export interface EffectLevel {
  value: JsonValue;
  mean: number;
  /** First and third quartile: the middle half of the runs lies between them. */
  low: number;
  high: number;
  /** What the best run reached; null where nothing says which way is better. */
  best: number | null;
  /** Number of runs. */
  n: number;
}

export interface Importance {
  field: string;
  /** Of 1, which all axes share. */
  share: number;
  /** Of its values and the objective, by ranks, from -1 to 1; null for categories, and where one of them does not vary. */
  correlation: number | null;
}

export interface StudySql {
  /** A condition on the view `runs` that its runs meet. */
  where: string;
  /** The same for the runs of all stages of its place. */
  stages_where: string;
  /** By metric, its quoted column of the view `metrics`. */
  metrics: ReadonlyMap<string, string>;
  /** By field, an expression over `runs` and `configs`. */
  fields: ReadonlyMap<string, string>;
}

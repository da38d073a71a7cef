// What a report as a page shows, as plain data: everything is counted, compared and cut to size before any of it becomes HTML.

import type { SeenState } from '../../run_files/types.ts';
import type { JsonValue } from '../../util/json.ts';
import type { Grouping } from '../grouping.ts';
import type { BenchmarkScores } from '../scoreboard.ts';
import type { Answer } from './answer.ts';
import type { Provenance } from './provenance.ts';
import type { StateCount } from './states.ts';

export interface PageData {
  title: string;
  /** Of all runs. */
  states: StateCount[];
  n_runs: number;
  /** What could not be read, one line each. */
  notices: string[];
  studies: StudyData[];
  /** Results of `cookbook eval`. */
  benchmarks: BenchmarkScores[];
  provenance: Provenance;
  transcripts: TranscriptsData;
}

/** A table of the text report: the configurations of a sweep, or runs that lie beside each other. */
export interface StudyData {
  /** Unique in the page. */
  id: string;
  title: string;
  /** In words, such as `last value of test/nll, minimize`. */
  objective: string;
  metric: string;
  /** What the runs of a configuration are to each other, as people call one. */
  replicates: Grouping['replicates'];
  answer: Answer;
  charts: ChartData[];
  table: RunTable;
}

export interface ChartData {
  id: string;
  title: string;
  caption: string;
  svg: string;
  sql: string;
  /** In pixels, as drawn. */
  width: number;
  /** Takes the whole width of the page. */
  isWide: boolean;
  /** The course of a metric that is not the objective: shown where it is asked for. */
  isFurther: boolean;
}

/** All runs of a study, as the script of the page shows them. */
export interface RunTable {
  /** What tells the configurations apart. */
  axes: { field: string; values: JsonValue[] }[];
  metric: string;
  /** To which the runs' details refer by their place here. */
  metrics: string[];
  /** Fields of the specs that all runs have the same value of, as text. */
  shared: [field: string, value: string][];
  /** Of how many runs the details hold the end of the log. */
  n_logs: number;
  runs: PageRun[];
}

export interface PageRun {
  run: string;
  state: SeenState;
  /** Of its configuration among those of the study, the best first, from 1. */
  rank: number;
  isBest: boolean;
  seed: number | null;
  /** Of the axes, in their order. */
  axes: JsonValue[];
  /** By which it is judged; what JSON has no number for is text. */
  value: number | string | null;
  steps: number | null;
  total_steps: number | null;
  seconds: number | null;
  cost: number | null;
  /** The course of the metric; null where it has no value. */
  curve: (number | null)[];
  error: string | null;
  stopped: string | null;
  warnings: string[];
  /** Where to look when something went wrong. */
  look: string;
  /** Fields of its spec that not all runs share. */
  config: [field: string, value: string][];
  metrics: MetricData[];
  checkpoints: CheckpointData[];
  /** Those that are not listed. */
  n_more_checkpoints: number;
  /** The last lines of its log; null where they are left out, or there are none. */
  log: string | null;
  /** What people keep beside it. */
  tags: string[];
  notes: string;
  commit: string | null;
  started_at: string | null;
}

/** A metric of a run: where it began, where it ended, and what lies between. */
export type MetricData = [
  metric: number,
  first: JsonValue,
  last: JsonValue,
  least: number | null,
  greatest: number | null,
  curve: (number | null)[],
];

export interface CheckpointData {
  name: string;
  batch: number | null;
  /** final, best or rolling; empty for a periodic one. */
  kind: string;
}

export interface TranscriptsData {
  shown: TranscriptData[];
  /** How many there are in all. */
  n: number;
}

export interface TranscriptData {
  run: string;
  label: string;
  score: number | null;
  step: number | null;
  file: string;
  messages: { role: string; text: string; score: number | null }[];
}

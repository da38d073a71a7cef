// What every training loop is given and what it hands back. The run directory implements this; loops know nothing of files.

import type { WeightsRef } from '../registry/fields.ts';
import type { Headline } from '../registry/headline.ts';
import { defineSlot, type PlainRef } from '../registry/slot.ts';
import type { ServiceClient } from '../tinker/clients.ts';
import type { TokenCounts } from '../tinker/prices.ts';
import type { JsonObject, JsonValue } from '../util/json.ts';
import type { EarlyStoppingRule, EvaluationJudge, StopReason } from './early_stopping.ts';

/**
 * One row of metrics.jsonl. NaN and infinite values are legal here and are written as strings ("NaN"). Two things
 * are told by every loop: `common_metrics.ts`.
 */
export type Metrics = Record<string, number | string | boolean>;

export interface MetricsLog {
  /** Appends the row of a step. Steps are logged once each, in ascending order. */
  append(step: number, metrics: Metrics): Promise<void>;
  /** Drops the rows of `step` and later: a loop calls it once, with the step that it resumes at. */
  rewind(step: number): Promise<void>;
  /** The rows so far, torn last line excluded. */
  read(): Promise<({ step: number } & Metrics)[]>;
}

/** One line of checkpoints.jsonl. `batch` is the next batch to run: the saved weights have seen exactly those before it. */
export interface CheckpointRecord {
  name: string;
  batch: number;
  epoch: number;
  final?: boolean;
  /** A state that training can resume from. */
  state_path?: string;
  /** Weights that can be sampled from. */
  sampler_path?: string;
  /** True for the short-lived saves between periodic ones. */
  rolling?: boolean;
  /** True for the one that had the best evaluation so far, kept until a better one is saved. */
  best?: boolean;
  /** Whatever the loop needs to go on: counters, positions, a state of its own. */
  extra?: JsonObject;
}

export interface CheckpointLog {
  append(record: CheckpointRecord): Promise<void>;
  /** Forgets a record, e.g. of a rolling checkpoint that was deleted. */
  remove(name: string): Promise<void>;
  list(): Promise<CheckpointRecord[]>;
  /**
   * Throws an error that names the file where a record, the files of its state, or the rows of the steps before it are not
   * those that were saved.
   */
  verify(record: CheckpointRecord): Promise<void>;
  /** Deletes what a kill left of saves that got no record, of those that were named by a step or `final`. */
  tidy(): Promise<void>;
}

export type TrainingEvent =
  | { type: 'started'; total_steps: number; resumed_from: number | null }
  | { type: 'step'; step: number; total_steps: number; metrics: Metrics }
  /** `final`: after the last step, and a row of its own. Before a step, the metrics are part of the row of that step. */
  | { type: 'evaluation'; step: number; metrics: Metrics; final?: true }
  | { type: 'checkpoint'; record: CheckpointRecord }
  | { type: 'notice'; message: string }
  | { type: 'warning'; message: string }
  /** A block of text worth reading: a rendered example, a sample. `text` may hold ANSI colours. */
  | { type: 'text'; title: string; text: string };

/** Weights that a spec names, found: a checkpoint, or a whole model. */
export interface ResolvedWeights {
  /** An absolute directory that holds a checkpoint or an adapter, or a `tinker://` path. */
  model_path?: string;
  /** A model: a directory, a GGUF file or a name on the hub. */
  base_model?: string;
  /** For people. */
  description: string;
  /** What they were trained with, where that is known. */
  renderer?: PlainRef | null;
  /** What tells them from any others, which their path or name may not. */
  identity?(): string;
}

/**
 * Lines that runs which compute the same have in common, so that one of them does. Nothing depends on them: where they cannot
 * be read there are none, and where they cannot be written the others go without.
 */
export interface SharedLines {
  /** The file, for people. */
  readonly path: string;
  /** What was added since the last call, by whomever. */
  read(): Promise<string[]>;
  /** Does something while no other run does; no longer alone when another that does not come to an end was waited for long enough. */
  exclusively(signal: AbortSignal, work: () => Promise<void>): Promise<void>;
  /** Within `exclusively` alone. */
  append(lines: readonly string[]): Promise<void>;
}

export interface TrainingContext {
  /** The run directory. Loops write artefacts of their own below it; the logs below are the way to the standard files. */
  logPath: string;
  seed: number;
  /** The metrics that the trainer's builder declares to tell how the run does. */
  headline: readonly Headline[];
  service: ServiceClient;
  metrics: MetricsLog;
  checkpoints: CheckpointLog;
  /** The spec as it enters the identity of the run: files by their contents, weights by the runs that they come from. */
  identity: JsonObject;
  /** What the runs of a sweep know together of what `key` tells; null for a run that is in none. */
  sharedLines(name: string, key: JsonValue): SharedLines | null;
  /** Finds the weights that a field of the spec names: to train on from, unless they are to be sampled from. */
  resolveWeights(ref: WeightsRef, purpose?: 'train' | 'sample'): Promise<ResolvedWeights>;
  /** Who judges the evaluations of a run that may end early. */
  judgeEvaluations(rule: EarlyStoppingRule): EvaluationJudge;
  emit(event: TrainingEvent): void;
  /** Steps after which this attempt ends as if it were interrupted: whoever runs it decides then whether it goes on; null = the last. */
  until: number | null;
  /** Aborted on SIGINT: finish what was submitted, save a checkpoint, return `interrupted`. */
  signal: AbortSignal;
  /** Aborted when the directory has become another process's: nothing more is written to it. */
  lost: AbortSignal;
}

/** One metric of the headline before and after training, for the last screen. */
export interface Learned {
  metric: string;
  before: number;
  after: number;
}

/** What the rows of a run say of it as a whole. */
export interface Judgement {
  /** For the last screen, what went wrong on the way and what to do about it. */
  warnings: string[];
  /** Why what it has come to is no result, or null. */
  failure: Error | null;
}

export interface TrainingOutcome {
  /** `diverged`: the loss became NaN or infinite. `stopped`: it was not getting better. Either way the run is over, and is no failure. */
  state: 'done' | 'stopped' | 'diverged' | 'interrupted';
  /** Steps completed over all attempts. */
  step: number;
  learned: Learned[];
  /** What went wrong on the way; absent = nothing. */
  warnings?: string[];
  /** Why it was stopped early. */
  stop?: StopReason;
  /** Path of what was trained, for `cookbook chat`; null if nothing was saved. */
  sampler_path: string | null;
}

/** Enough to build what a run would train on, before there is one. Of the service nothing is there but its capabilities. */
export type EstimateContext = Pick<
  TrainingContext,
  'seed' | 'service' | 'checkpoints' | 'resolveWeights' | 'emit' | 'signal'
>;

/** What a run will have computed, if nothing interrupts it: tokens by the model that is paid for them. */
export interface TokenEstimate {
  spent: { model: string; tokens: Partial<TokenCounts> }[];
  /** A bound from above; else exactly what the rows of the finished run will say. */
  atMost: boolean;
  /** What comes to it and is not known beforehand, in words. */
  without: string[];
}

export interface Trainer {
  train(context: TrainingContext): Promise<TrainingOutcome>;
  /**
   * For `cookbook plan`, where tokens have prices: it reads the data as `train` would. Absent where only training tells.
   * @throws what `train` would for bad data, and UnknownCostError where this configuration cannot be told beforehand
   */
  estimate?(context: EstimateContext): Promise<TokenEstimate>;
}

/** What a trainer's `check` may ask. */
export interface TrainerSurroundings {
  /** Why the service of the spec does not compute a loss; null where it does, or cannot say before it is opened. */
  lossProblem?(lossFn: string): Promise<string | null>;
}

/** `build` is given nothing: the context comes with `train`. A trainer's parameters are the top-level fields of a run spec. */
export const trainerSlot = defineSlot<TrainerSurroundings, Trainer>({
  name: 'trainer',
  doc: 'The training loop. Its parameters are the top-level fields of a run spec.',
});

// A study: trials of a space of parameters, one after another, each asked for by a search and told what it came to. All of it is data
// and pure functions of data: the same history asks the same questions.

import { defineSlot } from '../registry/slot.ts';

/** `high` is a value like any. `log_uniform`: bounds are values, not exponents. `choice`: the index of one of so many. */
export type Distribution =
  | { kind: 'uniform'; low: number; high: number }
  | { kind: 'log_uniform'; low: number; high: number }
  | { kind: 'int_uniform'; low: number; high: number }
  | { kind: 'quantised'; low: number; high: number; step: number }
  | { kind: 'normal'; mean: number; sd: number }
  | { kind: 'choice'; size: number };

export interface Parameter {
  name: string;
  distribution: Distribution;
  /** There only where another parameter, which stands before it, has this choice; null = always. */
  when: { parameter: string; choice: number } | null;
}

/** Parents stand before their children. */
export type Space = readonly Parameter[];

/** A value a parameter that is there: of a `choice` its index. */
export type Point = Readonly<Record<string, number>>;

/**
 * - `pending`: asked for, and not told yet. - `finished`: it came to its end. - `stopped`: given up before it, with what it had come to by
 * `step`. - `failed`: nothing to go by, divergence included.
 */
export type TrialState = 'pending' | 'finished' | 'stopped' | 'failed';

export interface Trial {
  /** From 0, in the order of asking. */
  number: number;
  point: Point;
  state: TrialState;
  /** Mean over its seeds, lower is better whatever the goal is; null where there is none yet. */
  value: number | null;
  /** The step that the value is of; null = the end. */
  step: number | null;
}

export interface Question {
  space: Space;
  /** All trials asked so far, in the order of their numbers. */
  trials: readonly Trial[];
  /** Of the study. With the number of the trial it decides whatever is drawn. */
  seed: number;
  /** How many trials there will be at most; null = unknown. */
  trials_planned: number | null;
}

/** What a member of a population is to do. */
export interface Suggestion {
  /** Its values from where it begins on. */
  point: Point;
  /** It goes on from where this trial has come to, with its weights and the state of its optimizer; null = it begins as any run does. */
  parent: { trial: number } | null;
  /** The step that it trains to, counted from the beginning of the first of its line. */
  until_step: number;
}

/**
 * - `all`: every combination of the axes, known before anything runs. - `ask`: a point at a time, from what the others came to.
 * - `population`: generations of trials that go on from each other's weights.
 */
export type Search =
  | { kind: 'all' }
  | {
      kind: 'ask';
      /** The point of the trial whose number is that of the trials so far. The same question has the same answer. */
      suggest(question: Question): Point | Promise<Point>;
      close?(): Promise<void>;
    }
  | {
      kind: 'population';
      /** As of `ask`; null = the trials that it would go on from have not all been told of. */
      suggest(question: Question): Suggestion | null;
      close?(): Promise<void>;
    };

export const searchSlot = defineSlot<Record<never, never>, Search>({
  name: 'search',
  doc: 'Which points of the space of its axes a sweep runs.',
});

/** Which end of the metric is better. */
export type Goal = 'minimize' | 'maximize';

/** What a trial has measured on its way, its steps ascending; lower is better. */
export interface Curve {
  trial: number;
  values: readonly { step: number; value: number }[];
  /** It has come to its end: false of one that goes on, and of one that was given up. */
  isOver: boolean;
}

/** Where a trial waits: it has trained up to a rung, and goes on only if it is promoted. */
export interface Rung {
  trial: number;
  /** Index into the trial's own rungs. */
  rung: number;
  /** Its value there; infinite where it has none. */
  value: number;
}

/**
 * - `rungs`: every trial trains to its first rung and waits there; whenever there is room, one that waits goes on or a new one begins.
 * - `curve`: every trial goes on until the rule gives it up.
 */
export type EarlyStopping =
  | {
      kind: 'rungs';
      /** Steps of the rungs of a trial below its last step, ascending. */
      rungs(trial: number, total_steps: number): readonly number[];
      /**
       * The trial that goes on now; null = none deserves it yet.
       * @param reached every rung that any trial has reached, in the order in which that was told
       * @param waiting those of them that were not promoted
       * @param isSettled nothing trains and nothing new will begin: a rule that waits for more trials at a rung waits in vain
       */
      promote(reached: readonly Rung[], waiting: readonly Rung[], isSettled?: boolean): number | null;
    }
  | {
      kind: 'curve';
      /**
       * Why a trial is given up after the last value of its curve, as one sentence; null = it goes on.
       * @param goal of the metric, minimize where it is left out: what a rule says of values, and bounds that it was given, have its sign
       */
      givesUp(curve: Curve, others: readonly Curve[], goal?: Goal): string | null;
    };

export const earlyStoppingSlot = defineSlot<Record<never, never>, EarlyStopping>({
  name: 'early_stopping',
  doc: 'When a run of a sweep is given up before its end.',
});

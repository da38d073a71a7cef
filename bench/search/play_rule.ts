// Plays a rule of early stopping over curves that were recorded: workers that train trials, where time is steps.

import type { Curve, EarlyStopping, Rung } from '../../src/study/types.ts';

export type Values = Curve['values'];

export interface Play {
  /** In the order in which trials begin; each curve ends at the last step. */
  curves: readonly Values[];
  workers: number;
  total_steps: number;
}

export interface Outcome {
  /** Of all trials together. */
  steps: number;
  /** Until the last worker is done. */
  time: number;
  /** Trials that came to their end, by their place in the order. */
  finished: number[];
}

/** What one worker is about: it has trained the trial up to a step when the time comes. */
interface Work {
  trial: number;
  step: number;
  time: number;
}

/** The state of all trials, and what comes next for each: how the two kinds of rules differ. */
interface Course {
  /** What a worker that is free does now; null = nothing, as long as the others have not come further. */
  next(isAnybodyBusy: boolean): { trial: number; from: number; to: number } | null;
  /** The trial has come to the step; where its worker goes on with it, to which one. */
  reached(trial: number, step: number): number | null;
}

export function play(rule: EarlyStopping | null, { curves, workers, total_steps }: Play): Outcome {
  const finished: number[] = [];
  const shared = { curves, total_steps, finished };
  const course = rule?.kind === 'rungs' ? rungCourse(rule, shared) : curveCourse(rule, shared);
  const busy: Work[] = [];
  let steps = 0;
  let time = 0;

  const begin = (trial: number, from: number, to: number) => {
    steps += to - from;
    busy.push({ trial, step: to, time: time + to - from });
  };
  for (;;) {
    while (busy.length < workers) {
      const work = course.next(busy.length > 0);
      if (work === null) break;
      begin(work.trial, work.from, work.to);
    }
    // Of those that are done at the same time the one that began first comes first.
    const first = busy.reduce<Work | null>((a, b) => (a === null || b.time < a.time ? b : a), null);
    if (first === null) return { steps, time, finished };
    busy.splice(busy.indexOf(first), 1);
    time = first.time;
    const onward = course.reached(first.trial, first.step);
    if (onward !== null) begin(first.trial, first.step, onward);
  }
}

interface Shared {
  curves: readonly Values[];
  total_steps: number;
  finished: number[];
}

function rungCourse(
  rule: Extract<EarlyStopping, { kind: 'rungs' }>,
  { curves, total_steps, finished }: Shared,
): Course {
  const reached: Rung[] = [];
  const waiting = new Map<number, Rung>();
  const rungs = curves.map((_, trial) => rule.rungs(trial, total_steps));
  let begun = 0;
  const goal = (trial: number, rung: number) => rungs[trial]?.[rung] ?? total_steps;

  return {
    next(isAnybodyBusy) {
      const isSettled = !isAnybodyBusy && begun === curves.length;
      const promoted = rule.promote(reached, [...waiting.values()], isSettled);
      const rung = promoted === null ? undefined : waiting.get(promoted);
      if (rung !== undefined) {
        waiting.delete(rung.trial);
        return { trial: rung.trial, from: goal(rung.trial, rung.rung), to: goal(rung.trial, rung.rung + 1) };
      }
      if (begun === curves.length) return null;
      begun += 1;
      return { trial: begun - 1, from: 0, to: goal(begun - 1, 0) };
    },
    reached(trial, step) {
      if (step === total_steps) {
        finished.push(trial);
        return null;
      }
      const rung: Rung = { trial, rung: rungs[trial]?.indexOf(step) ?? 0, value: valueAt(curves[trial] ?? [], step) };
      reached.push(rung);
      waiting.set(trial, rung);
      return null;
    },
  };
}

function curveCourse(
  rule: Extract<EarlyStopping, { kind: 'curve' }> | null,
  { curves, total_steps, finished }: Shared,
): Course {
  const seen = new Map<number, Curve>();
  let begun = 0;
  const nextStep = (trial: number, step: number) =>
    (curves[trial] ?? []).find((value) => value.step > step)?.step ?? total_steps;

  return {
    next() {
      if (begun === curves.length) return null;
      begun += 1;
      return { trial: begun - 1, from: 0, to: nextStep(begun - 1, 0) };
    },
    reached(trial, step) {
      const isOver = step === total_steps;
      const curve = { trial, isOver, values: (curves[trial] ?? []).filter((value) => value.step <= step) };
      seen.set(trial, curve);
      if (isOver) finished.push(trial);
      if (isOver || rule === null) return isOver ? null : nextStep(trial, step);
      const others = [...seen.values()].filter((other) => other.trial !== trial);
      return rule.givesUp(curve, others) === null ? nextStep(trial, step) : null;
    },
  };
}

function valueAt(values: Values, step: number): number {
  const found = values.find((value) => value.step === step);
  if (found === undefined) throw new RangeError(`nothing is recorded at step ${step}`);
  return found.value;
}

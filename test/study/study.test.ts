// The state of a study, from its events alone.

import { describe, expect, it } from 'vitest';
import { Study, type StudyEvent, type StudyOptions } from '../../src/study/study.ts';
import type { EarlyStopping, Question, Search } from '../../src/study/types.ts';

const questions: Question[] = [];
/** Draws the number of the trial. */
const search: Extract<Search, { kind: 'ask' }> = {
  kind: 'ask',
  suggest(question) {
    questions.push(question);
    return { x: question.trials.length };
  },
};

/** Rungs at steps 2 and 4; whoever is below 1 goes on. */
const rungs: EarlyStopping = {
  kind: 'rungs',
  rungs: () => [2, 4],
  promote: (_reached, waiting) => waiting.find(({ value }) => value < 1)?.trial ?? null,
};

const options = (changes: Partial<StudyOptions> = {}): StudyOptions => ({
  space: [{ name: 'x', distribution: { kind: 'uniform', low: 0, high: 9 }, when: null }],
  search,
  early_stopping: null,
  goal: 'minimize',
  seed: 0,
  most_trials: 3,
  total_steps: 8,
  ...changes,
});

const asked = (trial: number): StudyEvent => ({ event: 'asked', trial, point: { x: trial }, runs: [`run${trial}`] });
const told = (trial: number, value: number): StudyEvent => ({
  event: 'told',
  trial,
  state: 'finished',
  value,
  step: null,
});
const reached = (trial: number, rung: number, value: number | null): StudyEvent => ({
  event: 'reached',
  trial,
  rung,
  step: 2 * (rung + 1),
  value,
});

describe('a study', () => {
  it('asks with all that was told, until there are as many trials as there will be', async () => {
    const study = new Study(options(), [asked(0), told(0, 0.5), asked(1)]);
    expect(await study.ask()).toEqual({ point: { x: 2 } });
    expect(questions.at(-1)?.trials).toMatchObject([
      { number: 0, state: 'finished', value: 0.5 },
      { number: 1, state: 'pending', value: null },
    ]);
    study.apply(asked(2));
    expect(await study.ask()).toBeNull();
    expect(study.open).toEqual([1, 2]);
  });

  it('turns values round where more is better, so that searches know one direction', () => {
    const study = new Study(options({ goal: 'maximize' }), [asked(0), told(0, 0.5)]);
    expect(study.trials[0]?.value).toBe(-0.5);
    expect(study.lower(study.lower(0.5))).toBe(0.5);
  });

  it('has a trial wait at its rung until the rule promotes it, and then train to the next', () => {
    const study = new Study(options({ early_stopping: rungs }), [asked(0), asked(1)]);
    expect(study.milestoneOf(0)).toEqual({ rung: 0, step: 2 });
    study.apply(reached(0, 0, 3));
    expect(study.promoted()).toBeNull();
    study.apply(reached(1, 0, 0.5));
    expect([study.open, study.waiting, study.promoted()]).toEqual([[], [0, 1], 1]);
    study.apply({ event: 'promoted', trial: 1 });
    expect(study.milestoneOf(1)).toEqual({ rung: 1, step: 4 });
    expect([study.open, study.waiting]).toEqual([[1], [0]]);
  });

  it('trains to the end behind the last rung', () => {
    const way: StudyEvent[] = [reached(0, 0, 0.5), { event: 'promoted', trial: 0 }, reached(0, 1, 0.4)];
    const study = new Study(options({ early_stopping: rungs }), [asked(0), ...way, { event: 'promoted', trial: 0 }]);
    expect(study.milestoneOf(0)).toBeNull();
  });

  it('shows a search what waits as stopped where it is, and as pending once it goes on', () => {
    const study = new Study(options({ early_stopping: rungs }), [asked(0), reached(0, 0, 0.5)]);
    expect(study.trials[0]).toMatchObject({ state: 'stopped', value: 0.5, step: 2 });
    study.apply({ event: 'promoted', trial: 0 });
    expect(study.trials[0]).toMatchObject({ state: 'pending', value: null });
  });

  it('counts one without a value at its rung as the worst', () => {
    const study = new Study(options({ early_stopping: rungs }), [asked(0), reached(0, 0, null)]);
    expect(study.promoted()).toBeNull();
  });

  it('opens a failed trial that is tried again', () => {
    const failed: StudyEvent = { event: 'told', trial: 0, state: 'failed', value: null, step: null };
    const study = new Study(options(), [asked(0), failed]);
    expect(study.open).toEqual([]);
    study.apply({ event: 'retried', trial: 0 });
    expect(study.open).toEqual([0]);
  });

  it('refuses events that are in no order', () => {
    expect(() => new Study(options(), [asked(1)])).toThrow('trial 1 is not the next one');
    expect(() => new Study(options(), [told(0, 1)])).toThrow('there is no trial 0');
  });
});

// The state of a study, made of its events alone: which trials there are and how far each is, and what comes next.

import type { EarlyStopping, Goal, Point, Rung, Search, Space, Trial } from './types.ts';

/** What happened, in its order. Values are those of the metric, whichever way is better. */
export type StudyEvent =
  /** `runs`: the identities of its runs. */
  | ({ event: 'asked'; trial: number; runs: readonly string[] } & Proposal)
  /** All runs of the trial have trained to a rung and wait there; null where they have measured nothing. */
  | { event: 'reached'; trial: number; rung: number; step: number; value: number | null }
  /** It goes on to the next one. */
  | { event: 'promoted'; trial: number }
  | {
      event: 'told';
      trial: number;
      state: Exclude<Trial['state'], 'pending'>;
      value: number | null;
      /** Where it was stopped; null = at its end. */
      step: number | null;
    }
  /** Its runs failed, and are tried again. */
  | { event: 'retried'; trial: number };

/** What a trial is to do. */
export interface Proposal {
  point: Point;
  /** In a population: the trial whose weights it begins with, if any, and the step that it trains to, those of its parents counted. */
  lineage?: { parent: number | null; until_step: number };
}

export type AskingSearch = Exclude<Search, { kind: 'all' }>;

export interface StudyOptions {
  space: Space;
  search: AskingSearch;
  early_stopping: EarlyStopping | null;
  goal: Goal;
  seed: number;
  most_trials: number;
  /** Steps of a whole trial, as far as that is known. */
  total_steps: number | null;
}

interface Course {
  point: Point;
  /** The rung that it trains to, or waits at; as many as it has: its end. */
  rung: number;
  rungs: readonly number[];
  isWaiting: boolean;
  trial: Trial;
}

/** The step that a rung lies at, and its index. */
export interface Milestone {
  rung: number;
  step: number;
}

export class Study {
  readonly #options: StudyOptions;
  readonly #courses: Course[] = [];
  readonly #reached: Rung[] = [];

  constructor(options: StudyOptions, events: readonly StudyEvent[]) {
    this.#options = options;
    for (const event of events) this.apply(event);
  }

  get trials(): readonly Trial[] {
    return this.#courses.map(({ trial }) => trial);
  }

  /** Numbers of those that are asked for or promoted and have not been told of since. */
  get open(): number[] {
    return this.#courses.flatMap(({ trial, isWaiting }, number) =>
      trial.state === 'pending' && !isWaiting ? number : [],
    );
  }

  /** Those at a rung that were not promoted. */
  get waiting(): number[] {
    return this.#courses.flatMap(({ isWaiting }, number) => (isWaiting ? number : []));
  }

  /** How far a trial trains now; null = to its end. */
  milestoneOf(trial: number): Milestone | null {
    const { rung, rungs } = this.#course(trial);
    const step = rungs[rung];
    return step === undefined ? null : { rung, step };
  }

  /** The better value of two is the lower one here, whatever the goal is. */
  lower(value: number): number {
    return this.#options.goal === 'minimize' ? value : -value;
  }

  /** The next trial; null where there are as many as there will be, or others have to come to their end before. */
  async ask(): Promise<Proposal | null> {
    const { space, search, seed, most_trials } = this.#options;
    if (this.#courses.length >= most_trials) return null;
    const question = { space, trials: this.trials, seed, trials_planned: most_trials };
    if (search.kind === 'ask') return { point: await search.suggest(question) };
    const suggestion = search.suggest(question);
    if (suggestion === null) return null;
    const { point, parent, until_step } = suggestion;
    return { point, lineage: { parent: parent?.trial ?? null, until_step } };
  }

  /** The trial that goes on next of those that wait; null where none is to. */
  promoted(): number | null {
    const { early_stopping } = this.#options;
    if (early_stopping?.kind !== 'rungs') return null;
    const waiting = this.#reached.filter(({ trial, rung }) => {
      const course = this.#course(trial);
      return course.isWaiting && course.rung === rung;
    });
    const isSettled = this.open.length === 0 && this.#courses.length >= this.#options.most_trials;
    return waiting.length === 0 ? null : early_stopping.promote(this.#reached, waiting, isSettled);
  }

  apply(event: StudyEvent): void {
    switch (event.event) {
      case 'asked': {
        const { trial: number, point } = event;
        if (number !== this.#courses.length) throw new RangeError(`trial ${number} is not the next one`);
        const { early_stopping, total_steps } = this.#options;
        const total = total_steps ?? Number.MAX_SAFE_INTEGER;
        const rungs = early_stopping?.kind === 'rungs' ? early_stopping.rungs(number, total) : [];
        const trial: Trial = { number, point, state: 'pending', value: null, step: null };
        this.#courses.push({ point, rung: 0, rungs, isWaiting: false, trial });
        break;
      }
      case 'reached': {
        const { trial: number, rung, step } = event;
        const course = this.#course(number);
        const value = event.value === null ? null : this.lower(event.value);
        course.isWaiting = true;
        // Until it is promoted it stands for what it has come to, as if it were given up.
        course.trial = { ...course.trial, state: 'stopped', value, step };
        this.#reached.push({ trial: number, rung, value: value ?? Number.POSITIVE_INFINITY });
        break;
      }
      case 'promoted': {
        const course = this.#course(event.trial);
        course.isWaiting = false;
        course.rung += 1;
        course.trial = { ...course.trial, state: 'pending', value: null, step: null };
        break;
      }
      case 'told': {
        const { trial: number, state, step } = event;
        const course = this.#course(number);
        const value = event.value === null ? null : this.lower(event.value);
        course.isWaiting = false;
        course.trial = { ...course.trial, state, value, step };
        break;
      }
      case 'retried': {
        const course = this.#course(event.trial);
        course.trial = { ...course.trial, state: 'pending', value: null, step: null };
        break;
      }
    }
  }

  #course(trial: number): Course {
    const course = this.#courses[trial];
    if (course === undefined) throw new RangeError(`there is no trial ${trial}`);
    return course;
  }
}

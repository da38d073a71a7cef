// Early stopping of one run: told its evaluations one by one, it says which is the best so far, and when to give up.

import type { Headline } from '../registry/headline.ts';
import type { EarlyStoppingRule, EvaluationJudge, StopReason } from '../training/early_stopping.ts';
import { ConfigurationError } from '../util/errors.ts';
import { type Goal, Measuring, stoppingObjective } from './objective.ts';
import { notImproved } from './stop.ts';

export class Patience implements EvaluationJudge {
  readonly metric: string;
  readonly #goal: Goal;
  readonly #rule: EarlyStoppingRule;
  /** The best of all, as everything else of the package sees it; an improvement must be better by `min_delta`. */
  readonly #best: Measuring;
  #improved: number | null = null;
  #waited = 0;
  #stop: StopReason | null = null;

  /** @throws ConfigurationError where nobody says what to go by, or which way is better */
  constructor(rule: EarlyStoppingRule, headline: readonly Headline[]) {
    const objective = stoppingObjective(rule, headline);
    if (objective === null) {
      throw new ConfigurationError('early_stopping has no metric to go by: the trainer declares none', {
        hint: 'Set early_stopping.metric and early_stopping.goal.',
      });
    }
    if (objective.goal === null) {
      throw new ConfigurationError(`early_stopping does not know which way ${objective.metric} is better`, {
        hint: 'Set early_stopping.goal to minimize or maximize.',
      });
    }
    this.metric = objective.metric;
    this.#goal = objective.goal;
    this.#rule = rule;
    this.#best = new Measuring({ goal: this.#goal, at: { kind: 'best' } });
  }

  get stop(): StopReason | null {
    return this.#stop;
  }

  observe(step: number, value: number): boolean {
    this.#best.add(step, value);
    if (this.#isImprovement(value)) {
      this.#improved = value;
      this.#waited = 0;
    } else {
      this.#waited += 1;
      this.#giveUp();
    }
    return Number.isFinite(value) && this.#best.result(step).step === step;
  }

  #isImprovement(value: number): boolean {
    if (!Number.isFinite(value)) return false;
    if (this.#improved === null) return true;
    const gain = this.#goal === 'minimize' ? this.#improved - value : value - this.#improved;
    return gain > this.#rule.min_delta;
  }

  #giveUp(): void {
    const { patience, min_delta } = this.#rule;
    if (patience === null || this.#waited < patience || this.#stop !== null) return;
    const { value, step } = this.#best.result(null);
    const best = value === null || step === null || !Number.isFinite(value) ? null : { step, value };
    const last = best === null ? 'and it never was a number' : `and was best at step ${best.step} with ${best.value}`;
    this.#stop = {
      by: 'early_stopping',
      reason: `${notImproved({ metric: this.metric, patience, min_delta })}, ${last}`,
      metric: this.metric,
      goal: this.#goal,
      best,
      patience,
      min_delta,
    };
  }
}

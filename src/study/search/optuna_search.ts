// A search that asks a Python process. Every question tells it the whole history, so it may die, or be another one, at any time.

import { ConfigurationError } from '../../util/errors.ts';
import { isJsonObject, type JsonObject } from '../../util/json.ts';
import { printable } from '../../util/printable.ts';
import { seedFor } from '../../util/random.ts';
import { shown } from '../../util/shown.ts';
import type { Distribution, Point, Question, Search, Space, Trial } from '../types.ts';
import { normalQuantile } from './normal_distribution.ts';
import { OptunaProcess } from './optuna_process.ts';
import { gridOf, gridValue, isValueOf, pointOf, shareOf, valueIn } from './values.ts';

/** Optuna has no normal distribution: such a parameter is asked for as the share of the distribution below its value. */
const LEAST_SHARE = 1e-9;

const PACKAGES = new Map([['optuna', '"optuna==5.*"']]);

export class OptunaSearch implements Extract<Search, { kind: 'ask' }> {
  readonly kind = 'ask';
  readonly #sampler: string;
  readonly #options: JsonObject;
  readonly #python: string;
  #process: OptunaProcess | null = null;
  /** One question at a time. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(sampler: string, options: JsonObject, python: string) {
    this.#sampler = sampler;
    this.#options = options;
    this.#python = python;
  }

  async suggest(question: Question): Promise<Point> {
    const answered = this.#last.then(() => this.#ask(question));
    this.#last = answered.catch(() => undefined);
    return await answered;
  }

  async close(): Promise<void> {
    await this.#process?.end();
    this.#process = null;
  }

  async #ask({ space, trials, seed }: Question): Promise<Point> {
    if (this.#process === null || this.#process.isOver) this.#process = new OptunaProcess(this.#python);
    const answer = await this.#process.ask({
      sampler: this.#sampler,
      options: this.#options,
      study_seed: seedFor(seed, 'optuna'),
      seed: seedFor(seed, 'optuna', trials.length),
      space: space.map(({ name, distribution, when }) => ({
        name,
        when,
        distribution: toldDistribution(distribution),
      })),
      trials: trials.flatMap((trial) => toldTrial(space, trial) ?? []),
    });
    if (typeof answer.missing === 'string') throw this.#lacks(printable(answer.missing));
    if (typeof answer.error === 'string') throw new ConfigurationError(`search optuna: ${printable(answer.error)}`);
    return this.#pointIn(answer, space);
  }

  #lacks(module: string): ConfigurationError {
    return new ConfigurationError(`search optuna: ${this.#python} has no module ${module}`, {
      hint: `Install it: ${this.#python} -m pip install ${PACKAGES.get(module) ?? module}; or name another interpreter with search.python.`,
    });
  }

  #pointIn({ point }: JsonObject, space: Space): Point {
    return pointOf(space, ({ name, distribution }) => {
      const given = isJsonObject(point) && Object.hasOwn(point, name) ? point[name] : null;
      if (typeof given !== 'number')
        throw new ConfigurationError(`search optuna: ${this.#sampler} gives ${shown(given)} for ${name}`);
      const value = ourValue(distribution, given);
      if (isValueOf(distribution, value)) return value;
      throw new ConfigurationError(
        `search optuna: ${this.#sampler} gives ${value} for ${name}, which is out of bounds`,
      );
    });
  }
}

/** Its grids have values such as 0.30000000000000004. */
function ourValue(distribution: Distribution, given: number): number {
  if (distribution.kind === 'normal') return distribution.mean + distribution.sd * normalQuantile(given);
  const grid = gridOf(distribution);
  return grid === null ? given : gridValue(grid, Math.round((given - grid.low) / grid.step));
}

function toldDistribution(distribution: Distribution): JsonObject {
  return distribution.kind === 'normal'
    ? { kind: 'uniform', low: LEAST_SHARE, high: 1 - LEAST_SHARE }
    : { ...distribution };
}

/** Null for a trial of another space: one that lacks a parameter, or has a value that this space does not. */
function toldTrial(space: Space, { point, state, value, step }: Trial): JsonObject | null {
  const values = pointOf(space, ({ name }) => valueIn(point, name) ?? Number.NaN);
  const isOfAnother = space.some(({ name, distribution }) => {
    const value = valueIn(values, name);
    return value !== null && !isValueOf(distribution, value);
  });
  if (isOfAnother) return null;
  const told = pointOf(space, ({ name, distribution }) => {
    const value = valueIn(values, name) ?? Number.NaN;
    if (distribution.kind !== 'normal') return value;
    return Math.min(Math.max(shareOf(distribution, value), LEAST_SHARE), 1 - LEAST_SHARE);
  });
  return { point: { ...told }, state, value: Number.isFinite(value) ? value : null, step };
}

// Samplers of the real Optuna as searches; and that what our estimator is held against is what this Optuna computes.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { describe, expect, it } from 'vitest';
import { OptunaSearch } from '../../src/study/search/optuna_search.ts';
import { suggestRandom } from '../../src/study/search/random.ts';
import { valueIn } from '../../src/study/search/values.ts';
import type { Parameter, Point, Question, Trial } from '../../src/study/types.ts';
import type { JsonObject } from '../../src/util/json.ts';
import { pythonOf } from '../interop/venv.ts';
import { isInside } from '../study/search/support/spaces.ts';

const environment = await pythonOf({
  name: 'optuna-search',
  requirements: join(import.meta.dirname, 'optuna_search_requirements.txt'),
  packages: 'Optuna with PyTorch and CMA-ES, about 1 GB,',
});
if ('missing' in environment) process.stderr.write(`bridges: OPTUNA'S SAMPLERS ARE SKIPPED: ${environment.missing}\n`);
const python = 'missing' in environment ? '' : environment.path;

const SPACE: Parameter[] = [
  { name: 'kind', distribution: { kind: 'choice', size: 2 }, when: null },
  { name: 'rate', distribution: { kind: 'log_uniform', low: 1e-5, high: 1 }, when: null },
  { name: 'dropout', distribution: { kind: 'quantised', low: 0, high: 0.5, step: 0.1 }, when: null },
  { name: 'shift', distribution: { kind: 'normal', mean: 5, sd: 2 }, when: null },
  { name: 'layers', distribution: { kind: 'int_uniform', low: 1, high: 8 }, when: { parameter: 'kind', choice: 0 } },
  { name: 'width', distribution: { kind: 'uniform', low: -1, high: 1 }, when: { parameter: 'kind', choice: 1 } },
];

const SMALL: [string, JsonObject][] = [
  ['GPSampler', { n_startup_trials: 4 }],
  ['CmaEsSampler', { n_startup_trials: 2 }],
  ['TPESampler', { n_startup_trials: 4, group: true }],
  ['QMCSampler', {}],
  ['NSGAIISampler', { population_size: 4 }],
  ['RandomSampler', {}],
];

/** Some trials are stopped, some fail, and the last two are always pending. */
async function history(search: OptunaSearch, n: number): Promise<Trial[]> {
  const trials: Trial[] = [];
  while (trials.length < n) {
    const number = trials.length;
    const known = trials.map((trial): Trial => {
      return trial.number < number - 2 ? trial : { ...trial, state: 'pending', value: null, step: null };
    });
    const point = await search.suggest(question(known));
    const value = Math.abs(Math.log10(point.rate) + 3) + Math.abs(point.shift - 7) + point.kind;
    const state = number % 5 === 3 ? 'stopped' : number % 7 === 6 ? 'failed' : 'finished';
    trials.push({
      number,
      point,
      state,
      value: state === 'failed' ? null : value,
      step: state === 'stopped' ? 10 : null,
    });
  }
  return trials;
}

const question = (trials: Trial[]): Question => ({ space: SPACE, trials, seed: 11, trials_planned: null });

describe.skipIf('missing' in environment)('a sampler of Optuna', () => {
  for (const [sampler, options] of SMALL) {
    it(`asks for points of the space, and the same again in another process: ${sampler}`, {
      timeout: 300_000,
    }, async () => {
      const [search, another] = [1, 2].map(() => new OptunaSearch(sampler, options, python));
      const trials = await history(search, 10);
      for (const { point } of trials) {
        for (const { name, distribution, when } of SPACE) {
          const value = valueIn(point, name);
          expect(value !== null, name).toBe(when === null || point[when.parameter] === when.choice);
          expect(value === null || isInside(distribution, value), `${name} ${value}`).toBe(true);
        }
      }
      expect(new Set(trials.map(({ point }) => JSON.stringify(point))).size).toBeGreaterThan(6);
      const next = await search.suggest(question(trials));
      await search.close();
      expect(await another.suggest(question(trials))).toEqual(next);
      await another.close();
    });
  }

  it('finds what points at random do not, with Gaussian processes and with CMA-ES', { timeout: 600_000 }, async () => {
    const space = ['x', 'y'].map(
      (name): Parameter => ({ name, distribution: { kind: 'uniform', low: -5, high: 5 }, when: null }),
    );
    const of = ({ x, y }: Point) => (x - 1) ** 2 + (y + 2) ** 2;
    const best = async (suggest: (question: Question) => Point | Promise<Point>, n: number) => {
      const trials: Trial[] = [];
      while (trials.length < n) {
        const point = await suggest({ space, trials, seed: 1, trials_planned: n });
        trials.push({ number: trials.length, point, state: 'finished', value: of(point), step: null });
      }
      return Math.min(...trials.map(({ value }) => value ?? Number.POSITIVE_INFINITY));
    };
    for (const [sampler, n] of [
      ['GPSampler', 15],
      ['CmaEsSampler', 120],
    ] as const) {
      const search = new OptunaSearch(sampler, {}, python);
      expect(await best((asked) => search.suggest(asked), n)).toBeLessThan(0.3 * (await best(suggestRandom, n)));
      await search.close();
    }
  });

  it('that there is not, or not with such options, is an error of one line', { timeout: 120_000 }, async () => {
    const none = new OptunaSearch('FooSampler', {}, python);
    await expect(none.suggest(question([]))).rejects.toThrow(
      /^search optuna: Optuna 5\.\S+ has no sampler 'FooSampler'; it has .*TPESampler/,
    );
    await none.close();
    const wrong = new OptunaSearch('TPESampler', { gama: 1 }, python);
    await expect(wrong.suggest(question([]))).rejects.toThrow(
      /^search optuna: TPESampler cannot be made of these options: .*gama/,
    );
    await wrong.close();
  });
});

describe.skipIf('missing' in environment)('the record of Optuna that the estimator is held against', () => {
  it('is what this Optuna computes', { timeout: 120_000 }, async () => {
    const folder = join(import.meta.dirname, '../study/search');
    const { stdout } = await execa(python, [join(folder, 'record_optuna.py')]);
    const figures = (text: string): number[] =>
      [...text.matchAll(/-?\d+(\.\d+)?(e[+-]?\d+)?/g)].map(([figure]) => Number(figure));
    const recorded = await readFile(join(folder, 'optuna_tpe.json'), 'utf8');
    const [ours, theirs] = [figures(recorded), figures(stdout)];
    expect(theirs.length).toBe(ours.length);
    for (const [i, figure] of ours.entries()) {
      expect(Math.abs(theirs[i] - figure)).toBeLessThanOrEqual(1e-9 * Math.max(1, Math.abs(figure)));
    }
  });
});

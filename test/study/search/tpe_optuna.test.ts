// Our estimator against Optuna's, recorded: with the same random numbers it has the same densities and suggests the same points.

import { describe, expect, it } from 'vitest';
import { ParzenEstimator } from '../../../src/study/search/parzen.ts';
import { suggestTpe } from '../../../src/study/search/tpe.ts';
import type { Parameter, Trial } from '../../../src/study/types.ts';
import recorded from './optuna_tpe.json' with { type: 'json' };
import { numpyUniform } from './support/mersenne.ts';

interface Densities {
  space: Parameter[];
  observed: number[][];
  at: number[][];
  log_density: number[];
  seed: number;
  drawn: number[][];
}

interface History {
  space: Parameter[];
  seed: number;
  /** `told`: how many trials had been told when it was asked for. */
  trials: { point: Record<string, number>; value: number; step: number | null; told: number }[];
}

const densities: Densities[] = JSON.parse(JSON.stringify(recorded.densities));
const histories: Record<string, History> = JSON.parse(JSON.stringify(recorded.histories));

const OPTIONS = { n_startup_trials: 10, n_ei_candidates: 24, multivariate: true, group: true, constant_liar: true };

function close(actual: readonly number[], expected: readonly number[]): void {
  expect(actual.length).toBe(expected.length);
  for (const [i, value] of expected.entries()) {
    expect(Math.abs(actual[i] - value), `${actual[i]} and ${value}`).toBeLessThan(1e-7 * Math.max(1, Math.abs(value)));
  }
}

describe(`Optuna ${recorded.optuna}`, () => {
  for (const { space, observed, at, log_density, seed, drawn } of densities) {
    it(`has the same density of ${space.map(({ distribution }) => distribution.kind).join(', ')} after ${observed.length}`, () => {
      const estimator = new ParzenEstimator(
        space.map(({ distribution }) => distribution),
        observed,
      );
      close(
        at.map((point) => estimator.logDensity(point)),
        log_density,
      );
      const ours = estimator.sample(numpyUniform(seed), drawn.length);
      for (const [i, point] of drawn.entries()) close(ours[i], point);
    });
  }

  for (const [name, { space, seed, trials }] of Object.entries(histories)) {
    it(`asks for the same points: ${name}`, () => {
      const uniform = numpyUniform(seed);
      for (const [number, { point, told }] of trials.entries()) {
        const known = trials.slice(0, number).map((trial, i): Trial => {
          if (i >= told) return { number: i, point: trial.point, state: 'pending', value: null, step: null };
          const state = trial.step === null ? 'finished' : 'stopped';
          return { number: i, point: trial.point, state, value: trial.value, step: trial.step };
        });
        if (told < OPTIONS.n_startup_trials) continue;
        const ours = suggestTpe(OPTIONS, { space, trials: known, seed: 0, trials_planned: null }, uniform);
        expect(Object.keys(ours), `trial ${number}`).toEqual(Object.keys(point));
        close(Object.values(ours), Object.values(point));
      }
    });
  }
});

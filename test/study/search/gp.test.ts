// Gaussian processes: what the process makes of points, and that the search finds with few trials what TPE needs many for.

import { describe, expect, it } from 'vitest';
import { suggestGp } from '../../../src/study/search/gp.ts';
import { fitProcess } from '../../../src/study/search/gp_model.ts';
import { suggestSobol } from '../../../src/study/search/sobol.ts';
import { suggestTpe } from '../../../src/study/search/tpe.ts';
import type { Parameter, Point, Question, Trial } from '../../../src/study/types.ts';
import { study } from './support/spaces.ts';

const TPE = { n_startup_trials: 10, n_ei_candidates: 24, multivariate: true, group: true, constant_liar: true };
const GP = { n_startup_trials: 5 };

describe('the process', () => {
  const places = Array.from({ length: 25 }, (_, i) => [(i % 5) / 4, Math.floor(i / 5) / 4]);
  const wave = ([a]: readonly number[]) => 1.4 * Math.sin(5 * a);

  it('goes through what was measured, and is unsure elsewhere', () => {
    const process = fitProcess(places, places.map(wave), [false, false]);
    for (const place of places) {
      expect(Math.abs(process(place).mean - wave(place))).toBeLessThan(0.05);
      expect(process(place).sd).toBeLessThan(0.1);
    }
    expect(process([3, 0.5]).sd).toBeGreaterThan(0.5);
  });

  it('sees which dimension matters', () => {
    const process = fitProcess(places, places.map(wave), [false, false]);
    const far = Math.abs(process([0.1, 0.9]).mean - wave([0.1, 0.9]));
    expect(far).toBeLessThan(0.15);
    expect(Math.abs(process([0.3, 0]).mean - process([0.3, 1]).mean)).toBeLessThan(0.05);
  });

  it('takes what is noise for noise', () => {
    const noisy = [0.3, -0.3].flatMap((noise) => places.map((place) => wave(place) + noise));
    const process = fitProcess([...places, ...places], noisy, [false, false]);
    for (const place of places) {
      expect(Math.abs(process(place).mean - wave(place))).toBeLessThan(0.1);
      expect(process(place).sd).toBeGreaterThan(0.02);
    }
  });

  it('knows no order of choices', () => {
    const x = [[0.1], [0.1], [0.5], [0.5], [0.9], [0.9]];
    const process = fitProcess(x, [1, 1, -1.5, -1.5, 0.5, 0.5], [true]);
    expect(process([0.3]).mean).toBeCloseTo(process([0.7]).mean, 9);
    expect(process([0.5]).mean).toBeLessThan(-0.9);
  });
});

describe('the search', () => {
  const xy = ['x', 'y'].map(
    (name): Parameter => ({ name, distribution: { kind: 'uniform', low: -5, high: 5 }, when: null }),
  );
  const bowl = ({ x, y }: Point) => (x - 1) ** 2 + (y + 2) ** 2;
  const best = (trials: readonly Trial[]) => Math.min(...trials.map(({ value }) => value ?? Number.POSITIVE_INFINITY));
  const ask = (question: Question) => suggestGp(GP, question);

  it('finds the bottom of a bowl in 20 trials, far nearer than TPE does', () => {
    for (const seed of [0, 1, 2]) {
      const ours = best(study(xy, ask, bowl, 20, seed));
      expect(ours).toBeLessThan(0.02);
      expect(ours).toBeLessThan(best(study(xy, (question) => suggestTpe(TPE, question), bowl, 20, seed)));
    }
  });

  it('finds the better arm, and the best of its parameter', () => {
    const space: Parameter[] = [
      { name: 'arm', distribution: { kind: 'choice', size: 2 }, when: null },
      {
        name: 'left',
        distribution: { kind: 'log_uniform', low: 1e-6, high: 1 },
        when: { parameter: 'arm', choice: 0 },
      },
      {
        name: 'right',
        distribution: { kind: 'int_uniform', low: 0, high: 300 },
        when: { parameter: 'arm', choice: 1 },
      },
    ];
    const of = ({ arm, left, right }: Point) =>
      arm === 0 ? 2 + Math.log10(left / 1e-3) ** 2 : Math.abs(right - 211) / 30;
    for (const seed of [0, 1, 2]) expect(best(study(space, ask, of, 30, seed))).toBeLessThan(0.2);
  });

  it('bears values that diverge, and trials that fail', () => {
    const trials = study(
      xy,
      ask,
      (point) => (point.x < -1 ? Number.POSITIVE_INFINITY : point.y > 3 ? 1e300 : bowl(point)),
      25,
      4,
    ).map((trial): Trial => (trial.number % 6 === 5 ? { ...trial, state: 'failed', value: null } : trial));
    expect(best(trials)).toBeLessThan(0.1);
    const next = ask({ space: xy, trials, seed: 4, trials_planned: null });
    expect(Number.isFinite(next.x) && Number.isFinite(next.y)).toBe(true);
  });

  it('asks elsewhere while trials are pending', () => {
    const told = study(xy, ask, bowl, 12, 7);
    const asked: Trial[] = [...told];
    while (asked.length < 16) {
      const point = ask({ space: xy, trials: asked, seed: 7, trials_planned: null });
      asked.push({ number: asked.length, point, state: 'pending', value: null, step: null });
    }
    const pending = asked.slice(12).map(({ point }) => point);
    for (const [i, a] of pending.entries()) {
      for (const b of pending.slice(0, i)) expect(Math.hypot(a.x - b.x, a.y - b.y)).toBeGreaterThan(0.02);
    }
  });

  it('goes through the best and the latest of very many trials', () => {
    const trials = Array.from({ length: 1000 }, (_, number): Trial => {
      const [u, v] = [(number * 0.61803) % 1, (number * 0.7549) % 1];
      const point = number < 30 ? { x: 2 * u, y: -1 - 2 * v } : { x: -5 + u, y: 10 * v - 5 };
      return { number, point, value: bowl(point), state: 'finished', step: null };
    });
    const next = ask({ space: xy, trials, seed: 0, trials_planned: null });
    expect(bowl(next)).toBeLessThan(0.05);
  });

  it("begins with points of Sobol's sequence", () => {
    const question = { space: xy, trials: [], seed: 1, trials_planned: null };
    expect(ask(question)).toEqual(suggestSobol(question));
    expect(suggestGp({ n_startup_trials: 0 }, question)).toEqual(suggestSobol(question));
  });
});

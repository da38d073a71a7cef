// Searches on test functions, against Optuna's sampler: the median regret after so many trials, a table and a chart of it.
//
//   npx jiti bench/search/functions_bench.ts --python PATH [--repeats 50] [--write]
//
// PATH is a Python with optuna==5.0.0. "same draws" is ours, given Optuna's first ten points and its random numbers: as the two are one
// algorithm, it should come to the same. --write replaces functions.md and functions.svg here.

import { spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { suggestRandom } from '../../src/study/search/random.ts';
import { suggestSobol } from '../../src/study/search/sobol.ts';
import { suggestTpe } from '../../src/study/search/tpe.ts';
import type { Parameter, Point, Question, Space, Trial } from '../../src/study/types.ts';
import { nextBelow, randomFor } from '../../src/util/random.ts';
import { numpyUniform } from '../../test/study/search/support/mersenne.ts';
import { median } from '../engine/figures.ts';
import { FUNCTIONS, type TestFunction } from './functions.ts';
import { regretChart } from './functions_chart.ts';

const { values } = parseArgs({
  options: {
    python: { type: 'string', default: 'python3' },
    repeats: { type: 'string', default: '50' },
    write: { type: 'boolean', default: false },
  },
});
const REPEATS = Number(values.repeats);
const BUDGETS = [60, 100];
const TRIALS = 100;
const STARTUP = 10;
const RESAMPLES = 2000;
const TPE = { n_startup_trials: STARTUP, n_ei_candidates: 24, multivariate: true, group: true, constant_liar: true };

const worker = spawn(values.python, [join(import.meta.dirname, 'optuna_worker.py')], {
  stdio: ['pipe', 'pipe', 'inherit'],
});
const lines = createInterface({ input: worker.stdout })[Symbol.asyncIterator]();

async function ask(said: object): Promise<Point> {
  worker.stdin.write(`${JSON.stringify(said)}\n`);
  const { value, done } = await lines.next();
  if (done === true) throw new Error('Optuna has ended');
  return JSON.parse(value);
}

async function optuna({ space, of }: TestFunction, seed: number): Promise<Trial[]> {
  const trials: Trial[] = [];
  let point = await ask({ space, seed });
  while (trials.length < TRIALS) {
    const value = of(point);
    trials.push(finished(trials.length, point, value));
    point = await ask({ value });
  }
  return trials;
}

const finished = (number: number, point: Point, value: number): Trial => ({
  number,
  point,
  value,
  state: 'finished',
  step: null,
});

function ours(f: TestFunction, seed: number, suggest: (question: Question) => Point, first: readonly Trial[] = []) {
  const trials = [...first];
  while (trials.length < TRIALS) {
    const point = suggest({ space: f.space, trials, seed, trials_planned: TRIALS });
    trials.push(finished(trials.length, point, f.of(point)));
  }
  return trials;
}

/** Optuna draws for the groups of a conditional space in the order in which it has seen them. */
function inOrderOfSight(space: Space, trials: readonly Trial[]): Space {
  const sight = ({ name, when }: Parameter) =>
    when === null ? -1 : trials.findIndex(({ point }) => Object.hasOwn(point, name));
  return space.toSorted((a, b) => sight(a) - sight(b));
}

/** Of the best so far, trial by trial. */
function regrets({ lowest }: TestFunction, trials: readonly Trial[]): number[] {
  let best = Number.POSITIVE_INFINITY;
  return trials.map(({ value }) => {
    best = Math.min(best, value ?? best);
    return Math.max(best - lowest, 0);
  });
}

/** Of each method a row a repeat: regrets by trial. */
type Curves = Map<string, number[][]>;

async function measured(f: TestFunction): Promise<Curves> {
  const curves: Curves = new Map();
  const note = (method: string, trials: readonly Trial[]) =>
    curves.set(method, [...(curves.get(method) ?? []), regrets(f, trials)]);
  for (let seed = 0; seed < REPEATS; seed++) {
    const theirs = await optuna(f, seed);
    note('Optuna TPE', theirs);
    const uniform = numpyUniform(seed);
    const seen = { ...f, space: inOrderOfSight(f.space, theirs) };
    const same = (question: Question) => suggestTpe(TPE, question, uniform);
    note('same draws', ours(seen, seed, same, theirs.slice(0, STARTUP)));
    note(
      'tpe',
      ours(f, seed, (question) => suggestTpe(TPE, question)),
    );
    note('sobol', ours(f, seed, suggestSobol));
    note('random', ours(f, seed, suggestRandom));
  }
  return curves;
}

const after = (curves: readonly number[][], budget: number) => curves.map((regret) => regret[budget - 1]);

/** The middle 95 % of the ratio of medians, of repeats drawn with replacement. */
function ratioInterval(a: readonly number[], b: readonly number[]): [number, number] {
  const random = randomFor(0, 'bootstrap');
  const again = (values: readonly number[]) => values.map(() => values[nextBelow(random, values.length)]);
  const ratios = Array.from({ length: RESAMPLES }, () => median(again(a)) / median(again(b))).sort((x, y) => x - y);
  return [ratios[Math.floor(0.025 * RESAMPLES)], ratios[Math.floor(0.975 * RESAMPLES)]];
}

const figure = (value: number) => (value === 0 ? '0' : value.toPrecision(3));

const rows: string[][] = [];
const drawn: { name: string; curves: Curves }[] = [];
for (const f of FUNCTIONS) {
  const curves = await measured(f);
  drawn.push({ name: f.name, curves });
  for (const budget of BUDGETS) {
    const of = (method: string) => after(curves.get(method) ?? [], budget);
    const medians = ['Optuna TPE', 'same draws', 'tpe', 'sobol', 'random'].map((method) => median(of(method)));
    const [low, high] = ratioInterval(of('tpe'), of('Optuna TPE'));
    const isSame = of('same draws').filter((regret, i) => Math.abs(regret - of('Optuna TPE')[i]) <= 1e-6 * regret);
    rows.push([
      f.name,
      `${budget}`,
      ...medians.map(figure),
      `${isSame.length}/${REPEATS}`,
      `${(medians[2] / medians[0]).toFixed(2)} (${low.toFixed(2)}–${high.toFixed(2)})`,
    ]);
    process.stderr.write(`${rows.at(-1)?.join('  ')}\n`);
  }
}
worker.stdin.end();

const heads = [
  ...['function', 'trials', 'Optuna TPE', '`tpe`, same draws', '`tpe`', '`sobol`', '`random`'],
  ...['same draws, same regret', '`tpe` / Optuna (95 %)'],
];
const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
const markdown = [line(heads), line(heads.map((_, i) => (i === 0 ? '---' : '--:'))), ...rows.map(line)].join('\n');
process.stdout.write(`${markdown}\n`);
if (values.write) {
  const head = `# Searches on test functions\n\nMedian regret of ${REPEATS} repeats (seeds 0 to ${REPEATS - 1}), made by \`functions_bench.ts\`, which says what is what. The last column is the ratio of the medians, and the middle 95 % of it when repeats are drawn again ${RESAMPLES} times.\n`;
  await writeFile(join(import.meta.dirname, 'functions.md'), `${head}\n${markdown}\n\n![](functions.svg)\n`);
  await writeFile(join(import.meta.dirname, 'functions.svg'), await regretChart(drawn, REPEATS));
}

// Gaussian processes against TPE on test functions, where trials are few: the median regret, and what a point costs.
//
//   npx jiti bench/search/gp_bench.ts [--repeats 20] [--functions branin,mixed] [--write]
//
// --write replaces gp.md here. Both searches are our own, and begin after ten trials.

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { suggestGp } from '../../src/study/search/gp.ts';
import { suggestTpe } from '../../src/study/search/tpe.ts';
import type { Point, Question, Trial } from '../../src/study/types.ts';
import { nextBelow, randomFor } from '../../src/util/random.ts';
import { median } from '../engine/figures.ts';
import { FUNCTIONS, type TestFunction } from './functions.ts';

const { values } = parseArgs({
  options: {
    repeats: { type: 'string', default: '20' },
    functions: { type: 'string', default: FUNCTIONS.map(({ name }) => name).join(',') },
    write: { type: 'boolean', default: false },
  },
});
const REPEATS = Number(values.repeats);
const BUDGETS = [30, 60];
const TRIALS = 60;
const RESAMPLES = 2000;
const TPE = { n_startup_trials: 10, n_ei_candidates: 24, multivariate: true, group: true, constant_liar: true };

const SEARCHES: ((question: Question) => Point)[] = [
  (question) => suggestGp({ n_startup_trials: 10 }, question),
  (question) => suggestTpe(TPE, question),
];

function regrets({ space, of, lowest }: TestFunction, seed: number, suggest: (question: Question) => Point): number[] {
  const trials: Trial[] = [];
  let best = Number.POSITIVE_INFINITY;
  return Array.from({ length: TRIALS }, (_, number) => {
    const point = suggest({ space, trials, seed, trials_planned: TRIALS });
    const value = of(point);
    best = Math.min(best, value);
    trials.push({ number, point, value, state: 'finished', step: null });
    return best - lowest;
  });
}

/** The middle 95 % of the median, of repeats drawn with replacement. */
function shown(sample: readonly number[]): string {
  const random = randomFor(0, 'bootstrap');
  const medians = Array.from({ length: RESAMPLES }, () =>
    median(sample.map(() => sample[nextBelow(random, sample.length)])),
  ).sort((a, b) => a - b);
  const [middle, low, high] = [median(sample), medians[0.025 * RESAMPLES], medians[0.975 * RESAMPLES]].map((value) =>
    value.toPrecision(2),
  );
  return `${middle} (${low}–${high})`;
}

const rows: string[][] = [];
for (const f of FUNCTIONS.filter(({ name }) => values.functions.split(',').includes(name))) {
  const seconds = SEARCHES.map(() => 0);
  const curves = SEARCHES.map((suggest, i) =>
    Array.from({ length: REPEATS }, (_, seed) => {
      const before = process.cpuUsage();
      const regret = regrets(f, seed, suggest);
      seconds[i] += process.cpuUsage(before).user / 1e6;
      return regret;
    }),
  );
  const cells = BUDGETS.flatMap((budget) => curves.map((curve) => shown(curve.map((regret) => regret[budget - 1]))));
  const costs = seconds.map((total) => ((1000 * total) / REPEATS / TRIALS).toFixed(1));
  rows.push([f.name, ...cells, ...costs]);
  process.stderr.write(`${rows.at(-1)?.join('  ')}\n`);
}

const heads = [
  'function',
  ...BUDGETS.flatMap((budget) => [`\`gp\`, ${budget} trials`, `\`tpe\`, ${budget} trials`]),
  ...['`gp`, CPU ms a point', '`tpe`, CPU ms a point'],
];
const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
const markdown = [line(heads), line(heads.map((_, i) => (i === 0 ? '---' : '--:'))), ...rows.map(line)].join('\n');
process.stdout.write(`${markdown}\n`);
if (values.write) {
  const head = `# Gaussian processes against TPE\n\nMedian regret of ${REPEATS} repeats (seeds 0 to ${REPEATS - 1}) with the middle 95 % of the median when repeats are drawn again ${RESAMPLES} times, made by \`gp_bench.ts\`.\n`;
  await writeFile(join(import.meta.dirname, 'gp.md'), `${head}\n${markdown}\n`);
}

// What rules of early stopping save on a grid that was trained to its end, and whether they still find its best configuration.
//
//   npx jiti bench/search/early_stopping.ts [--table bench/search/table.parquet] [--repeats 50] [--workers 4] [--tolerance NLL]
//
// The grid is replayed from its recorded curves, in as many random orders as there are repeats. A rule has reached the best configuration
// strictly if that one trained to its end, and within the tolerance if the best of those that did is not worse by more than it.

import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Registry } from '../../src/registry/registry.ts';
import type { PlainRef } from '../../src/registry/slot.ts';
import { openDatabase, readRows } from '../../src/report/database.ts';
import { earlyStoppingRules } from '../../src/study/early_stopping/rules.ts';
import { earlyStoppingSlot } from '../../src/study/types.ts';
import { permutation } from '../../src/util/permutation.ts';
import { median, spread, table } from '../engine/figures.ts';
import { type Play, play, type Values } from './play_rule.ts';

const { values: options } = parseArgs({
  options: {
    table: { type: 'string', default: join(import.meta.dirname, 'table.parquet') },
    repeats: { type: 'string', default: '50' },
    workers: { type: 'string', default: '4' },
    tolerance: { type: 'string' },
  },
});

/** Curves of points trained with seed 0, and the values at the end of those that were trained with other seeds too. */
async function recorded(): Promise<{ curves: Values[]; replicates: Map<number, number[]>; total_steps: number }> {
  const connection = await openDatabase();
  const sql = `SELECT point, seed, step, value FROM read_parquet('${options.table.replaceAll("'", "''")}') ORDER BY ALL`;
  const rows = (await readRows(connection, sql)).map(({ point, seed, step, value }) => ({
    point: Number(point),
    seed: Number(seed),
    step: Number(step),
    value: Number(value),
  }));
  connection.closeSync();
  const total_steps = Math.max(...rows.map(({ step }) => step));
  const curves = new Map<number, { step: number; value: number }[]>();
  const replicates = new Map<number, number[]>();
  for (const { point, seed, step, value } of rows) {
    if (seed === 0) curves.set(point, [...(curves.get(point) ?? []), { step, value }]);
    if (step === total_steps) replicates.set(point, [...(replicates.get(point) ?? []), value]);
  }
  return { curves: [...curves.values()], replicates, total_steps };
}

/** Pooled over the points that have more than one seed; null where none has. */
function seedDeviation(replicates: ReadonlyMap<number, readonly number[]>): number | null {
  let squares = 0;
  let freedom = 0;
  for (const values of replicates.values()) {
    const mean = values.reduce((a, b) => a + b, 0) / values.length;
    squares += values.reduce((total, value) => total + (value - mean) ** 2, 0);
    freedom += values.length - 1;
  }
  return freedom === 0 ? null : Math.sqrt(squares / freedom);
}

const { curves, replicates, total_steps } = await recorded();
const last = curves.map((values) => values.at(-1)?.value ?? Number.NaN);
const best = Math.min(...last.filter(Number.isFinite));
const deviation = seedDeviation(replicates);
const tolerance = options.tolerance === undefined ? (deviation ?? 0) : Number(options.tolerance);
const repeats = Number(options.repeats);
const workers = Number(options.workers);
const isWithin = (value: number) => value <= best + tolerance;

const RULES: [title: string, PlainRef | null][] = [
  ['none: the whole grid', null],
  ['asha, min_steps 3', { builder: 'asha', min_steps: 3 }],
  ['asha, min_steps 6', { builder: 'asha', min_steps: 6 }],
  ['asha, min_steps 9', { builder: 'asha', min_steps: 9 }],
  ['hyperband, min_steps 3', { builder: 'hyperband', min_steps: 3, max_steps: total_steps }],
  ['median', { builder: 'median' }],
  ['median, n_warmup_steps 6', { builder: 'median', n_warmup_steps: 6 }],
  ['percentile 25', { builder: 'percentile', percentile: 25 }],
];

const registry = new Registry(earlyStoppingRules);
const lines = [['rule', 'steps, % of the grid', 'best, strictly', 'within', 'worse by, median', 'at most', 'speed-up']];
for (const [title, ref] of RULES) {
  const rule = ref === null ? null : await registry.build(earlyStoppingSlot, ref, {});
  const outcomes = Array.from({ length: repeats }, (_, repeat) => {
    const order = permutation(curves.length, [repeat]);
    const grid: Play = { curves: order.map((point) => curves[point] ?? []), workers, total_steps };
    const { steps, time, finished } = play(rule, grid);
    const reached = Math.min(...finished.map((trial) => last[order[trial] ?? 0] ?? Number.NaN).filter(Number.isFinite));
    return { share: (100 * steps) / (curves.length * total_steps), time, reached };
  });
  const count = (is: (reached: number) => boolean) =>
    `${outcomes.filter(({ reached }) => is(reached)).length}/${repeats}`;
  const regrets = outcomes.map(({ reached }) => reached - best);
  const whole = (Math.ceil(curves.length / workers) * total_steps) / median(outcomes.map(({ time }) => time));
  lines.push([
    title,
    spread(
      outcomes.map(({ share }) => share),
      1,
    ),
    count((reached) => reached === best),
    count(isWithin),
    median(regrets).toFixed(4),
    Math.max(...regrets).toFixed(4),
    `${whole.toFixed(1)}x`,
  ]);
}

console.log(
  `${curves.length} configurations of ${total_steps} steps, ${repeats} random orders, ${workers} workers; best ${best.toFixed(4)}`,
);
console.log(
  `tolerance ${tolerance.toFixed(4)}${deviation === null ? '' : `, sd over seeds ${deviation.toFixed(4)}`}: ${last.filter(isWithin).length} configurations are within it`,
);
console.log(table(lines));

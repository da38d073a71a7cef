// The curves of a sweep's finished runs as one Parquet file: a row a value, with the place of its point in the grid.
//
//   npx jiti bench/search/curve_table.ts RUNS [MORE_RUNS …] bench/search/table.parquet
//
// RUNS is the directory of a sweep of bench/search/table_grid.yaml; others may have more seeds of some of its points. Runs that are not done are
// left out, and counted.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fillFromTable, writeParquet } from '../../src/report/parquet.ts';
import { parseRow } from '../../src/run_files/metrics_log.ts';
import { seeRun } from '../../src/run_files/seen_run.ts';
import { type ListedRun, readPlannedRuns } from '../../src/run_files/sweep_plan.ts';
import type { JsonObject } from '../../src/util/json.ts';

const METRIC = 'test/nll';

const directories = process.argv.slice(2, -1);
const file = process.argv.at(-1);
if (directories.length === 0 || file === undefined) throw new Error('usage: curve_table.ts RUNS… FILE.parquet');

const planned = directories.flatMap((sweep) => {
  const { value, problem } = readPlannedRuns(sweep);
  if (value === null) throw new Error(`${sweep}: ${problem}`);
  return value.map((run) => ({ ...run, directory: join(sweep, run.name) }));
});
const points = [...new Set(planned.map(({ config_hash }) => config_hash))];

const columns = {
  point: 'INTEGER',
  lora_rank: 'INTEGER',
  batch_size: 'INTEGER',
  lr_schedule: 'VARCHAR',
  learning_rate: 'DOUBLE',
  seed: 'INTEGER',
  step: 'INTEGER',
  value: 'DOUBLE',
};

function curveOf({ directory, config_hash, axes, seed }: ListedRun & { directory: string }): JsonObject[] {
  const values = readFileSync(join(directory, 'metrics.jsonl'), 'utf8')
    .split('\n')
    .flatMap((line) => parseRow(line) ?? []);
  return values.flatMap(({ step, [METRIC]: value }) =>
    typeof value !== 'number'
      ? []
      : {
          point: points.indexOf(config_hash),
          lora_rank: axes.lora_rank ?? null,
          batch_size: axes['dataset.batch_size'] ?? null,
          lr_schedule: axes.lr_schedule ?? null,
          learning_rate: axes.learning_rate ?? null,
          seed,
          step,
          value,
        },
  );
}

const done = planned.filter(({ directory }) => seeRun(directory).status?.state === 'done');
const rows = done.flatMap(curveOf);
await writeParquet(file, fillFromTable({ columns, rows }));
console.log(`${done.length} of ${planned.length} runs, ${rows.length} values -> ${file}`);

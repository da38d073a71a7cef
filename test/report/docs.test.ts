import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { builtinRegistry } from '../../src/builtin.ts';
import { CONFIG_COLUMNS } from '../../src/report/configs.ts';
import { EVALUATION_COLUMNS, EXAMPLE_COLUMNS } from '../../src/report/evaluation_views.ts';
import { formatReport } from '../../src/report/output.ts';
import { makeReport } from '../../src/report/report.ts';
import { RUN_COLUMNS } from '../../src/report/run_entry.ts';
import { CHECKPOINT_COLUMNS } from '../../src/report/views.ts';
import { planSweep } from '../../src/sweep/plan.ts';
import { valuesOf } from '../../src/sweep/space.ts';
import { ROOT } from '../support/docs.ts';
import { lossCurve, temporaryDirectory, writeRun, writeSweep } from './run_directories.ts';

const docs = readFileSync('docs/report.md', 'utf8');
const questions = [...docs.matchAll(/^(\S.*\?)(?: \(.*\))?\n\n```sql\n([\s\S]*?)```/gm)].map(
  ([, title = '', sql = '']) => ({
    title,
    sql,
  }),
);

let cwd: string;
let remove: () => void;
beforeAll(async () => {
  [cwd, remove] = temporaryDirectory();
  const grid = await planSweep('sweeps/lr_grid.yaml', { overrides: [], cwd: ROOT, env: {} }, builtinRegistry());
  const sweep = writeSweep(join(cwd, 'runs/lr_grid'));
  for (const { configuration, seed, name, hash } of grid.runs.filter(({ seed }) => seed < 2)) {
    const { learning_rate, lora_rank } = valuesOf(configuration);
    const [rate, rank] = [Number(learning_rate), Number(lora_rank)];
    const failed = rate === 0.1 && seed === 1;
    writeRun(join(sweep, name.replace(hash, '0123456789ab')), {
      axes: { learning_rate: rate, lora_rank: rank },
      seed,
      state: failed ? 'failed' : 'done',
      ...(failed ? { error: { code: 'OOM', message: 'out of memory' } } : {}),
      // As long as a run of the sweep, evaluated as often.
      metrics: lossCurve(2.5, 1 + rate + seed / 100 + 1 / rank, 89),
    });
  }
});
afterAll(() => remove());

describe('docs/report.md', () => {
  it('asks ten questions', () => {
    expect(questions).toHaveLength(10);
  });

  it.each(questions)('$title', async ({ sql }) => {
    const report = await makeReport({ directories: ['runs'], cwd, sql });
    expect(report.notices).toEqual([]);
    expect(formatReport(report, 'table').split('\n').slice(0, 6).join('\n')).toMatchSnapshot();
    expect(report.table.rows.length).toBeGreaterThan(0);
    // A name or a step that the sweep does not have gives rows of nothing.
    expect(report.table.rows.flat().filter((value) => value !== null).length).toBeGreaterThan(report.table.rows.length);
  });

  it('describes every column of the views', () => {
    const columns = [
      ...[RUN_COLUMNS, CONFIG_COLUMNS, CHECKPOINT_COLUMNS],
      ...[EVALUATION_COLUMNS, EXAMPLE_COLUMNS],
    ].flatMap(Object.keys);
    expect(columns.filter((column) => !docs.includes(`\`${column}\``))).toEqual([]);
  });
});

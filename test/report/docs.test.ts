import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CONFIG_COLUMNS } from '../../src/report/configs.ts';
import { formatReport } from '../../src/report/output.ts';
import { makeReport } from '../../src/report/report.ts';
import { RUN_COLUMNS } from '../../src/report/run_entry.ts';
import { CHECKPOINT_COLUMNS } from '../../src/report/views.ts';
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
beforeAll(() => {
  [cwd, remove] = temporaryDirectory();
  const sweep = writeSweep(join(cwd, 'runs/lr_grid'));
  for (const learning_rate of [0.001, 0.1]) {
    for (const lora_rank of [8, 32]) {
      for (const seed of [0, 1]) {
        const failed = learning_rate === 0.1 && seed === 1;
        writeRun(join(sweep, `lr=${learning_rate},rank=${lora_rank},seed=${seed}`), {
          axes: { learning_rate, lora_rank },
          seed,
          state: failed ? 'failed' : 'done',
          ...(failed ? { error: { code: 'OOM', message: 'out of memory' } } : {}),
          metrics: lossCurve(2.5, 1 + learning_rate + seed / 100 + 1 / lora_rank),
          checkpoints: [
            { name: 'final', batch: 40, epoch: 1, final: true, sampler_path: `${learning_rate}/${lora_rank}` },
          ],
        });
      }
    }
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
  });

  it('describes every column of the views', () => {
    const columns = [RUN_COLUMNS, CONFIG_COLUMNS, CHECKPOINT_COLUMNS].flatMap(Object.keys);
    expect(columns.filter((column) => !docs.includes(`\`${column}\``))).toEqual([]);
  });
});

// Importance of hyperparameters against Optuna's own evaluator, on the same tables.

import { join } from 'node:path';
import { execa } from 'execa';
import { describe, expect, it } from 'vitest';
import { pedAnova } from '../../src/report/study/ped_anova.ts';
import { bestOf, TABLES } from '../report/study/trials.ts';
import { pythonOf } from './venv.ts';

const environment = await pythonOf({
  name: 'optuna',
  requirements: join(import.meta.dirname, 'importance_requirements.txt'),
  packages: 'Optuna',
});
if ('missing' in environment) process.stderr.write(`interop: OPTUNA IS SKIPPED: ${environment.missing}\n`);

describe.skipIf('missing' in environment)('Optuna', () => {
  it('gives the same importance of every parameter', { timeout: 120_000 }, async () => {
    const python = 'missing' in environment ? '' : environment.path;
    const script = join(import.meta.dirname, 'importance.py');
    const { stdout } = await execa(python, [script], {
      input: JSON.stringify(Object.values(TABLES)),
      timeout: 100_000,
    });
    const theirs: Record<string, number>[] = JSON.parse(stdout);
    expect(theirs).toHaveLength(Object.keys(TABLES).length);
    for (const [i, table] of Object.values(TABLES).entries()) {
      const raw = pedAnova(table.parameters, bestOf(table));
      const total = raw.reduce((sum, each) => sum + each, 0);
      for (const [k, { name }] of table.parameters.entries()) {
        expect(Math.abs(raw[k] / total - theirs[i][name])).toBeLessThan(1e-9);
      }
    }
  });
});

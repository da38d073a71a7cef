// What `cookbook report` shows of the stages that one spec asks for.

import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { formatReport } from '../../src/report/output.ts';
import { makeReport } from '../../src/report/report.ts';
import { seeRun } from '../../src/run_files/seen_run.ts';
import type { RunState } from '../../src/run_files/types.ts';
import { temporaryDirectory, writeRun } from './run_directories.ts';

let cwd: string;
let remove: () => void;
beforeEach(() => {
  [cwd, remove] = temporaryDirectory();
});
afterEach(() => remove());

const headline = [{ metric: 'test/nll', goal: 'minimize', label: 'nll' }] as const;
const metrics = [2, 1].map((nll, step) => ({ step, 'test/nll': nll }));

/** As a run of sft, rm and rl leaves them. */
function writeStages({ rm = 'done', rl = 'done' }: { rm?: RunState; rl?: RunState } = {}): void {
  const write = (name: string, state: RunState, second: number, after: { stage: string; hash: string }[] = []) => {
    const directory = writeRun(join(cwd, 'runs/rlhf', name), {
      state,
      spec: { learning_rate: second },
      headline: [...headline],
      stage: { name, after },
      metrics: state === 'pending' ? [] : metrics,
      created_at: `2026-01-02T03:04:0${second}.000Z`,
    });
    return { stage: name, hash: seeRun(directory).hash ?? '' };
  };
  const after = [write('sft', 'done', 1), write('rm', rm, 2)];
  write('rl', rl, 3, after);
}

const report = async () =>
  formatReport(await makeReport({ directories: ['runs/rlhf'], cwd }), 'table').replaceAll(/ +$/gm, '');
const headings = async () => (await report()).split('\n').filter((line) => line.startsWith('runs/rlhf'));

it('stand in the order in which they run, and one line says how many are done', async () => {
  writeStages({ rm: 'pending', rl: 'pending' });
  expect(await report()).toMatchInlineSnapshot(`
    "runs/rlhf, stage sft: 1 run (1 done); last value of test/nll, minimize

    stage  test/nll    n  curve
    ─────  ────────  ───  ─────
    sft           1  1/1  █▁

    runs/rlhf, stage rm: 1 run (1 pending); last value of test/nll, minimize

    stage  test/nll    n  notes
    ─────  ────────  ───  ─────────
    rm            —  0/1  1 pending

    runs/rlhf, stage rl (from sft and rm): 1 run (1 pending); last value of test/nll, minimize

    stage  test/nll    n  notes
    ─────  ────────  ───  ─────────
    rl            —  0/1  1 pending

    1 of 3 stages done; rm and rl have not started"
  `);
});

it('a stage says what it started from, also where that is gone', async () => {
  writeStages();
  expect(await headings()).toMatchInlineSnapshot(`
    [
      "runs/rlhf, stage sft: 1 run (1 done); last value of test/nll, minimize",
      "runs/rlhf, stage rm: 1 run (1 done); last value of test/nll, minimize",
      "runs/rlhf, stage rl (from sft and rm): 1 run (1 done); last value of test/nll, minimize",
    ]
  `);
  rmSync(join(cwd, 'runs/rlhf/rm'), { recursive: true });
  expect(await headings()).toMatchInlineSnapshot(`
    [
      "runs/rlhf, stage sft: 1 run (1 done); last value of test/nll, minimize",
      "runs/rlhf, stage rl (from sft and a run of rm that is not here): 1 run (1 done); last value of test/nll, minimize",
    ]
  `);
});

// The report reads the files of run directories, not the runner's code: this is where the two are held against each other.

import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeReport } from '../../src/report/report.ts';
import { executeRun } from '../../src/run/execute.ts';
import { createRunDirectory } from '../../src/run_files/directory.ts';
import { toyRecord, toyRegistry } from '../run/support/records.ts';
import { temporaryDirectory } from './run_directories.ts';

let cwd: string;
let remove: () => void;
beforeEach(() => {
  [cwd, remove] = temporaryDirectory();
});
afterEach(() => remove());

const ask = async (sql: string) => (await makeReport({ directories: ['runs'], cwd, sql })).json;

async function execute(name: string, misbehave: string, onWaiting: () => Promise<void> = async () => undefined) {
  const directory = join(cwd, 'runs', name);
  await createRunDirectory(directory, toyRecord(directory, { misbehave }), null);
  const controller = new AbortController();
  let waiting = Promise.resolve();
  const onEvent = ({ type }: { type: string }) => {
    if (type === 'text') waiting = onWaiting().finally(() => controller.abort());
  };
  await executeRun(directory, toyRegistry(), { onEvent, signal: controller.signal });
  await waiting;
}

describe('run directories that the runner wrote', () => {
  it('are shown in the state that they are in, a live one too', async () => {
    await createRunDirectory(join(cwd, 'runs/planned'), toyRecord(join(cwd, 'runs/planned')), null);
    await execute('finished', '');
    await execute('diverging', 'diverge:4');
    await execute('failing', 'fail:3');
    let live: unknown;
    await execute('stopped', 'wait:5', async () => {
      live = await ask(
        `SELECT state, (SELECT max(step) FROM metrics WHERE run = 'runs/stopped') AS step FROM runs WHERE name = 'stopped'`,
      );
    });
    expect(live).toEqual([{ state: 'running', step: 4 }]);
    expect(
      await ask(`SELECT name, state, attempt, steps, total_steps, error, count(step) AS rows, last(train_mean_nll ORDER BY step) AS nll
                 FROM runs LEFT JOIN metrics USING (run) GROUP BY ALL ORDER BY name`),
    ).toMatchInlineSnapshot(`
      [
        {
          "attempt": 1,
          "error": null,
          "name": "diverging",
          "nll": "NaN",
          "rows": 5,
          "state": "diverged",
          "steps": 5,
          "total_steps": 8,
        },
        {
          "attempt": 1,
          "error": "data.jsonl:3: no "messages"",
          "name": "failing",
          "nll": 0.7456662131315279,
          "rows": 3,
          "state": "failed",
          "steps": 3,
          "total_steps": 8,
        },
        {
          "attempt": 1,
          "error": null,
          "name": "finished",
          "nll": 0.43200508025274803,
          "rows": 8,
          "state": "done",
          "steps": 8,
          "total_steps": 8,
        },
        {
          "attempt": 0,
          "error": null,
          "name": "planned",
          "nll": null,
          "rows": 0,
          "state": "pending",
          "steps": 0,
          "total_steps": null,
        },
        {
          "attempt": 1,
          "error": null,
          "name": "stopped",
          "nll": 0.528333276233766,
          "rows": 6,
          "state": "interrupted",
          "steps": 6,
          "total_steps": 8,
        },
      ]
    `);
  });

  it('share a configuration if only runtime fields differ, and have their checkpoints', async () => {
    await execute('a', '');
    await execute('b', 'fail:7');
    expect(await ask('SELECT n_runs, n_done, n_failed, rate FROM configs')).toEqual([
      { n_runs: 2, n_done: 1, n_failed: 1, rate: 0.1 },
    ]);
    expect(await ask(`SELECT name, batch, final FROM checkpoints WHERE run = 'runs/a' ORDER BY batch`)).toEqual([
      { name: '000003', batch: 3, final: null },
      { name: '000006', batch: 6, final: null },
      { name: 'final_8', batch: 8, final: true },
    ]);
  });
});

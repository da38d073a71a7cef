// What a sweep without a search says of an objective that is never logged.

import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { SweepEvent } from '../../../src/sweep/scheduler.ts';
import { warningOfUnlogged } from '../../../src/sweep/study/unlogged.ts';
import { planned, sweepWorkspace } from '../support/sweeps.ts';

it('tells of it after the first run that is done, once', async () => {
  const plan = await planned(
    await sweepWorkspace('grid: {learning_rate: [0.1, 0.2]}\nobjective: {metric: test/nil, goal: minimize}\n'),
  );
  const events: SweepEvent[] = [];
  const listen = warningOfUnlogged(plan, (event) => events.push(event));
  for (const run of plan.runs) {
    await mkdir(run.directory, { recursive: true });
    await writeFile(join(run.directory, 'metrics.jsonl'), '{"step": 0, "test/nll": 1}\n');
    const outcome = { run, directory: run.directory, state: 'done' as const, error: null };
    listen({ type: 'settled', outcome, result: null, best: null });
  }
  expect(events.map(({ type }) => type)).toEqual(['settled', 'trouble', 'settled']);
  expect(events[1]).toMatchObject({
    run: plan.runs[0],
    message: 'has logged no test/nil, which is the objective; did you mean "test/nll"?',
  });
});

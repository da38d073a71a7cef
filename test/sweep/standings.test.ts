// How configurations stand while a sweep goes on.

import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { Standings } from '../../src/sweep/standings.ts';
import { leave, planned, sweepWorkspace } from './support/sweeps.ts';

const OBJECTIVE = 'objective: {metric: test/nll, goal: minimize}\n';

it('knows a run by its identity, as a study that goes on plans it anew', async () => {
  const directory = await sweepWorkspace(`grid: {learning_rate: [0.1, 0.2]}\n${OBJECTIVE}`);
  const plan = await planned(directory);
  const standings = new Standings(plan);
  const again = await planned(directory);
  standings.expect(again.runs);
  const [first] = again.runs;
  if (first === undefined) throw new Error('the plan has no runs');
  const where = await leave(plan, plan.runs[0], { state: 'done', step: 1 });
  await appendFile(join(where, 'metrics.jsonl'), '{"step": 0, "test/nll": 0.5, "train_mean_nll": 9}\n');
  expect(await standings.add(first, where, 'done')).toEqual({ metric: 'test/nll', value: 0.5 });
  expect(standings.best).toMatchObject({ config_hash: first.config_hash, mean: 0.5, n: 1, planned: 1 });
});

// Runs that learn from a teacher, killed between any two calls on their files, and what they come to.

import { beforeAll, expect, it } from 'vitest';
import { KilledRuns, TRAINERS } from '../distillation/killed_runs.ts';

/** Parts of all calls after which the process is killed, one kill a number: in their order, each attempt going on from the one before. */
const MOMENTS = [0.5, 0.15, 0.27, 0.09, 0.21, 0.33];

/** Calls on the file of what the teachers have said, each kill in a run of its own. */
const CALLS = [17, 23, 25, 35];

let runs: KilledRuns;

beforeAll(async () => {
  runs = await KilledRuns.open();
});

it.each(TRAINERS)(
  '%s: a run that is killed again and again ends with the files of one that never was, and with no others',
  async (trainer) => {
    const calls = await runs.whole(trainer, `${trainer}_whole`);
    let killed = 0;
    for (const moment of MOMENTS) {
      const { signal } = await runs.run(trainer, `${trainer}_killed`, { call: Math.ceil(moment * calls) });
      killed += signal === 'SIGKILL' ? 1 : 0;
    }
    expect(killed).toBeGreaterThan(3);
    expect(await runs.run(trainer, `${trainer}_killed`)).toMatchObject({ code: 0 });
    expect(await runs.files(`${trainer}_killed`)).toEqual(await runs.files(`${trainer}_whole`));
  },
);

it.each(CALLS)(
  'a run that is killed before call %i on what its teachers have said keeps it in the same order',
  async (call) => {
    const below = 'teacher_targets.jsonl';
    const name = `call_${call}`;
    expect(await runs.run('off_policy_distillation', name, { call, below })).toMatchObject({ signal: 'SIGKILL' });
    expect(await runs.run('off_policy_distillation', name)).toMatchObject({ code: 0 });
    expect(await runs.files(name)).toEqual(await runs.files('off_policy_distillation_whole'));
  },
);

// Real kills of runs that learn from a teacher, at the files that are theirs alone. test/crash kills them at all others.

import { beforeAll, describe, expect, it } from 'vitest';
import { KilledRuns } from './killed_runs.ts';

let runs: KilledRuns;

beforeAll(async () => {
  runs = await KilledRuns.open();
});

describe('a kill', () => {
  it.each([
    ['off_policy_distillation', [{ below: 'teacher_targets.jsonl', call: 17 }]],
    [
      'create_data',
      [
        { below: 'replies.jsonl', call: 7 },
        { below: 'data.jsonl', call: 3 },
      ],
    ],
    ['sdft', [{ below: 'checkpoints/sampler_weights/teacher_', call: 9 }]],
    ['gkd', [{ below: 'checkpoints.jsonl', call: 3 }]],
  ] as const)('of %s at what it writes costs nothing but time', async (trainer, kills) => {
    await runs.whole(trainer, `${trainer}_whole`);
    const expected = await runs.files(`${trainer}_whole`);
    for (const [i, kill] of kills.entries()) {
      const name = `${trainer}_${i}`;
      expect(await runs.run(trainer, name, kill)).toMatchObject({ signal: 'SIGKILL' });
      expect(await runs.run(trainer, name)).toMatchObject({ code: 0 });
      expect({ kill, files: await runs.files(name) }).toEqual({ kill, files: expected });
    }
  });
});

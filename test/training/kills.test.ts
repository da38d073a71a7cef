// Real kills of a loop that stands on the journal, between any two system calls: nothing is lost, nothing is left behind.

import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import pLimit from 'p-limit';
import { describe, expect, it } from 'vitest';
import { listCheckpoints } from '../../src/run_files/checkpoint_log.ts';
import { temporaryDirectory } from '../support/temporary_directory.ts';
import { execute, killed, lengthen, prepare, remains } from './support/second_run.ts';

const FRESH = { max_steps: 4, save_every: 2 };
const LONGER = { max_steps: 4, save_every: 0 };

/** At a rate of 1 the number is where it should be but for sin(step − 1), which is 0.84, 0.14, 0.96 and 0.66 before steps 2, 4, 6 and 8. */
const STOPPING = {
  max_steps: 20,
  rate: 1,
  early_stopping: { metric: null, goal: null, patience: 2, min_delta: 0 },
};

/** Runs as they lie there before the process starts that is killed. */
const SITUATIONS: Record<string, (directory: string) => Promise<unknown>> = {
  'that is fresh': (directory) => prepare(directory, FRESH),
  'that resumes from a rolling checkpoint': async (directory) => {
    await prepare(directory, { ...FRESH, save_every: 0 });
    await killed(directory, 11, join(directory, 'checkpoints'));
    expect(await listCheckpoints(directory)).toMatchObject([{ name: '000001', rolling: true }]);
  },
  'that is made longer': async (directory) => {
    await prepare(directory, { ...LONGER, max_steps: 2, rolling_save_every: 0 });
    await execute(directory);
    await lengthen(directory, { ...LONGER, rolling_save_every: 0 });
  },
  'that was killed in the midst of being made longer': async (directory) => {
    await prepare(directory, { ...LONGER, max_steps: 2 });
    await execute(directory);
    await lengthen(directory, LONGER);
    await killed(directory, 12, join(directory, 'checkpoints'));
  },
  'that stops early': (directory) => prepare(directory, { ...STOPPING, save_every: 4 }),
};

const KILLS = 9;

describe('a kill of a run', () => {
  it.each(Object.entries(SITUATIONS))(
    '%s, anywhere between the calls that make a checkpoint and its line, costs nothing but time',
    async (name, situation) => {
      const parent = await temporaryDirectory();
      const before = join(parent, 'before');
      await situation(before);
      const copy = async (name: string) => {
        await cp(before, join(parent, name), { recursive: true });
        return join(parent, name);
      };
      const undisturbed = await copy('undisturbed');
      const counting = await killed(undisturbed, 0, join(undisturbed, 'checkpoints'));
      const ended = await counting.line();
      expect(ended).toBe(name === 'that stops early' ? 'stopped' : 'done');
      const calls = Number(/(\d+) calls/.exec(counting.stderr)?.[1]);
      expect(calls).toBeGreaterThan(KILLS);
      const expected = await remains(undisturbed);

      const limit = pLimit(2);
      const kill = async (_: unknown, index: number) => {
        const at = 1 + Math.floor(((calls - 1) * index) / (KILLS - 1));
        const directory = await copy(`killed_${at}`);
        expect(await (await killed(directory, at, join(directory, 'checkpoints'))).ended()).toBe('SIGKILL');
        expect((await execute(directory)).status.state).toBe(ended);
        expect({ at, ...(await remains(directory)) }).toEqual({ at, ...expected });
      };
      await Promise.all(Array.from({ length: KILLS }, (_, index) => limit(kill, _, index)));
    },
    120_000,
  );
});

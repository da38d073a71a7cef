// The queue of the asynchronous mode, with rollouts that end when a test says so.

import { expect, it } from 'vitest';
import { RolloutQueue } from '../../src/rl/rollout_queue.ts';
import type { Sampler } from '../../src/rl/run.ts';
import type { EnvGroupBuilder, RolledOutGroup } from '../../src/rl/types.ts';
import { rolledOut } from './support/groups.ts';

const builder: EnvGroupBuilder = { makeEnvs: async () => [] };

function samplerOf(step: number, close: () => Promise<void>): Sampler {
  const never = () => Promise.reject(new Error('never asked'));
  return { client: { sample: never, computeLogprobs: never, getInfo: never, close }, step };
}

it('fails where the sampler of older groups cannot be closed, and keeps nobody waiting', async () => {
  const finish: (() => void)[] = [];
  const queue = new RolloutQueue({
    slots: 2,
    wanted: 3,
    planned: [0, 1, 2].map((ordinal) => ({ ordinal, builder })).values(),
    sampler: samplerOf(0, () => Promise.reject(new Error('the service is gone'))),
    rollOut: ({ ordinal }) =>
      new Promise<RolledOutGroup>((resolve) => {
        finish[ordinal] = () => resolve(rolledOut(ordinal, []));
      }),
    signal: new AbortController().signal,
  });
  finish[0]();
  expect((await queue.take(1)).map(({ ordinal }) => ordinal)).toEqual([0]);
  await queue.release(samplerOf(1, async () => undefined));
  const next = queue.take(1);
  finish[1]();
  await expect(next).rejects.toThrow('the service is gone');
});

// Groups that are under way when a run is asked to stop.

import { describe, expect, it } from 'vitest';
import { RolloutQueue } from '../../src/rl/rollout_queue.ts';
import type { Sampler } from '../../src/rl/run.ts';
import type { EnvGroupBuilder, RolledOutGroup } from '../../src/rl/types.ts';

const builder: EnvGroupBuilder = { makeEnvs: async () => [] };
const sampler: Sampler = {
  step: 0,
  client: {
    sample: () => Promise.reject(new Error('nothing is sampled here')),
    computeLogprobs: () => Promise.reject(new Error('nothing is scored here')),
    getInfo: () => Promise.reject(new Error('nobody asks here')),
    close: async () => undefined,
  },
};

function* planned() {
  for (let ordinal = 0; ordinal < 12; ordinal++) yield { ordinal, builder };
}

const rolledOut = (ordinal: number): RolledOutGroup => ({
  group: { trajectories_G: [], final_rewards_G: [], metrics_G: [], rollout_errors: [] },
  tags: [],
  ordinal,
  sampling_client_step: 0,
  sampling_seconds: 0,
});

/** Groups 0 to 2 are there at once; the others only when the run is asked to stop, which they take as it comes. */
function queueOf(stop: AbortController): RolloutQueue {
  return new RolloutQueue({
    slots: 6,
    wanted: 12,
    planned: planned(),
    sampler,
    rollOut: ({ ordinal }, _, signal) =>
      ordinal < 3
        ? Promise.resolve(rolledOut(ordinal))
        : new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
    signal: stop.signal,
  });
}

describe('a stop', () => {
  it('leaves to be done what was under way, also after it has been given up', async () => {
    const stop = new AbortController();
    const queue = queueOf(stop);
    expect((await queue.take(2)).map(({ ordinal }) => ordinal)).toEqual([0, 1]);
    expect(queue.pending).toEqual([0, 1, 2, 3, 4, 5]);
    stop.abort();
    await queue.close();
    expect(queue.pending).toEqual([0, 1, 2, 3, 4, 5]);
  });
});

// Environments for tests: one turn, a reward for every even token, and whatever goes wrong that a test asks for.

import { Type } from '@sinclair/typebox';
import { defineBuilder } from '../../../src/registry/builder.ts';
import { semantic } from '../../../src/registry/fields.ts';
import { type Env, type EnvGroupBuilder, rlDatasetSlot } from '../../../src/rl/types.ts';
import { modelInputFromTokens } from '../../../src/tinker/types.ts';

/** What a group does, by its name in a spec. */
const FAULTS = [
  'none',
  'throws',
  'throws_once',
  'hangs',
  'nan_reward',
  'grader_throws',
  'grader_hangs',
  'grader_nan',
  'no_envs',
  'make_throws',
  'overflow',
  'constant',
  'masked',
] as const;
type Fault = (typeof FAULTS)[number];

const isFault = (name: string): name is Fault => FAULTS.some((fault) => fault === name);

/** Groups whose episodes were begun, by prompt, over all runs of a test. */
export const begun: number[] = [];

/** Called with the group of each call of `makeEnvs`, and of each environment that is closed. */
export const hooks = { begin: (_group: number): void => undefined, close: (_group: number): void => undefined };

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));
const forever = () => new Promise<never>(() => {});

function tokenEnv(group: number, fault: Fault, tries: { count: number }): Env {
  const prompt = modelInputFromTokens([1, 2, 3 + (group % 50)]);
  return {
    close: () => hooks.close(group),
    async initialObservation() {
      if (fault === 'overflow') return { overflow: true, reward: -1 };
      return { observation: prompt, stop_condition: [2] };
    },
    async step({ tokens }) {
      await pause(Math.random() * 4);
      if (fault === 'throws' || (fault === 'throws_once' && tries.count++ === 0)) throw new RangeError('out of range');
      if (fault === 'hangs') await forever();
      const even = tokens.filter((token) => token % 2 === 0).length / Math.max(1, tokens.length);
      return {
        reward: fault === 'nan_reward' ? Number.NaN : fault === 'constant' ? 0.25 : even,
        episode_done: true,
        next_observation: modelInputFromTokens([]),
        next_stop_condition: [],
        metrics: { even, ...(fault === 'masked' ? { parse_error_masked: 1 } : {}) },
        logs: { group },
      };
    },
  };
}

function tokenGroup(group: number, groupSize: number, fault: Fault): EnvGroupBuilder {
  const tries = { count: 0 };
  return {
    async makeEnvs() {
      begun.push(group);
      hooks.begin(group);
      if (fault === 'make_throws') throw new TypeError('no environments today');
      return Array.from({ length: fault === 'no_envs' ? 0 : groupSize }, () => tokenEnv(group, fault, tries));
    },
    async computeGroupRewards(trajectories_G) {
      await pause(Math.random() * 4);
      if (fault === 'grader_throws') throw new SyntaxError('no such grade');
      if (fault === 'grader_hangs') await forever();
      const reward = fault === 'grader_nan' ? Number.POSITIVE_INFINITY : 0;
      return trajectories_G.map(() => ({ reward, metrics: {} }));
    },
    loggingTags: () => [group % 2 === 0 ? 'even_groups' : 'odd_groups'],
  };
}

/** `faults` is gone through group by group, again and again. */
export const evenTokens = defineBuilder({
  slot: rlDatasetSlot,
  name: 'even_tokens',
  version: 1,
  doc: 'A reward for every even token.',
  params: Type.Object({
    batch_size: semantic(Type.Integer({ default: 4, description: 'Groups.' })),
    group_size: semantic(Type.Integer({ default: 3, description: 'Episodes of a group.' })),
    n_batches: semantic(Type.Integer({ default: 4, description: 'Batches.' })),
    faults: semantic(Type.Array(Type.String(), { default: ['none'], description: 'What groups do.' })),
    test: semantic(Type.Boolean({ default: false, description: 'Have a held-out part.' })),
  }),
  build({ batch_size, group_size, n_batches, faults, test }) {
    const group = (index: number) => {
      const fault = faults[index % faults.length];
      if (!isFault(fault)) throw new Error(`no fault "${fault}"`);
      return tokenGroup(index, group_size, fault);
    };
    const dataset = (batches: number) => ({
      length: batches,
      getBatch: (index: number) => Array.from({ length: batch_size }, (_, p) => group(index * batch_size + p)),
    });
    return { train: dataset(n_batches), test: test ? dataset(1) : null };
  },
});

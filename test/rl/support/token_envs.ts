// Environments for tests: one turn, a reward for every even token, and whatever goes wrong that a test asks for.

import { Type } from '@sinclair/typebox';
import { defineBuilder } from '../../../src/registry/builder.ts';
import { semantic } from '../../../src/registry/fields.ts';
import { type Env, type EnvGroupBuilder, rlDatasetSlot } from '../../../src/rl/types.ts';
import { modelInputFromTokens } from '../../../src/tinker/types.ts';
import { CHAT_MODEL_VOCABULARY } from '../../support/chat_model.ts';

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
  /** All have one reward; the first episode ends with its first token, the others at max_tokens. */
  'uneven',
  /** So do these, but the long ones have a reward of 1 more, which is what an overlong_penalty of 1 takes back. */
  'evened',
] as const;
type Fault = (typeof FAULTS)[number];

const isFault = (name: string): name is Fault => FAULTS.some((fault) => fault === name);

/** Groups whose episodes were begun, by prompt, over all runs of a test. */
export const begun: number[] = [];

/** Called with the group of each call of `makeEnvs`, and of each environment that is closed. */
export const hooks = { begin: (_group: number): void => undefined, close: (_group: number): void => undefined };

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));
const forever = () => new Promise<never>(() => {});

/** Every token of the model ends an action, or none does. */
const ANY_TOKEN = Array.from({ length: CHAT_MODEL_VOCABULARY }, (_, token) => token);
const NO_TOKEN: number[] = [];

function tokenEnv(group: number, fault: Fault, tries: { count: number }, slot: number): Env {
  const isUneven = fault === 'uneven' || fault === 'evened';
  const stop_condition = !isUneven ? [2] : slot === 0 ? ANY_TOKEN : NO_TOKEN;
  const prompt = modelInputFromTokens([1, 2, 3 + (group % 50)]);
  return {
    close: () => hooks.close(group),
    async initialObservation() {
      if (fault === 'overflow') return { overflow: true, reward: -1 };
      return { observation: prompt, stop_condition };
    },
    async step({ tokens }) {
      await pause(Math.random() * 4);
      if (fault === 'throws' || (fault === 'throws_once' && tries.count++ === 0)) throw new RangeError('out of range');
      if (fault === 'hangs') await forever();
      const even = tokens.filter((token) => token % 2 === 0).length / Math.max(1, tokens.length);
      return {
        reward: rewardOf(fault, slot, even),
        episode_done: true,
        next_observation: modelInputFromTokens([]),
        next_stop_condition: [],
        metrics: { even, ...(fault === 'masked' ? { parse_error_masked: 1 } : {}) },
        logs: { group },
      };
    },
  };
}

function rewardOf(fault: Fault, slot: number, even: number): number {
  if (fault === 'nan_reward') return Number.NaN;
  if (fault === 'constant' || fault === 'uneven') return 0.25;
  return fault === 'evened' ? (slot === 0 ? 0.25 : 1.25) : even;
}

function tokenGroup(group: number, groupSize: number, fault: Fault): EnvGroupBuilder {
  const tries = { count: 0 };
  return {
    async makeEnvs() {
      begun.push(group);
      hooks.begin(group);
      if (fault === 'make_throws') throw new TypeError('no environments today');
      return Array.from({ length: fault === 'no_envs' ? 0 : groupSize }, (_, slot) =>
        tokenEnv(group, fault, tries, slot),
      );
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

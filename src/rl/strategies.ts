// Rollout strategies: what becomes of a group when some of its episodes fail (tinker_cookbook/rl/rollout_strategy.py).
// Failures are looked at in rounds, so that what is tried again depends on what failed and never on when.

import { Type } from '@sinclair/typebox';
import { defineBuilder } from '../registry/builder.ts';
import { nullable, semantic } from '../registry/fields.ts';
import { defineSlot } from '../registry/slot.ts';
import { GroupFailure, RolloutFailure, rolloutErrorOf, within } from './rollout_failure.ts';
import type { Env, EnvGroupBuilder, RolloutError, Trajectory } from './types.ts';

export interface RolloutStrategy {
  /** Failed episodes that are tried again, over the whole group. */
  maxRetries: number;
  /** Of a group of this size, the episodes that must succeed; fewer, and the group is not trained on. */
  minSuccessful(groupSize: number): number;
  /** An episode that takes longer fails; null = never. */
  perRolloutTimeout: number | null;
  /** The first failure ends the run. */
  failFast: boolean;
}

export const rolloutStrategySlot = defineSlot<Record<never, never>, RolloutStrategy>({
  name: 'rollout_strategy',
  doc: 'What becomes of a group when some of its episodes fail.',
});

const retries = (value: number) =>
  semantic(
    Type.Integer({ minimum: 0, default: value, description: 'Failed episodes of a group that are tried again.' }),
  );
const timeout = nullable(
  semantic(
    Type.Number({
      exclusiveMinimum: 0,
      default: null,
      description: 'Seconds after which an episode fails; null = never.',
    }),
  ),
);

export const rolloutStrategies = [
  defineBuilder({
    slot: rolloutStrategySlot,
    name: 'fail_fast',
    version: 1,
    doc: 'The first episode that fails ends the run: to find what is wrong with an environment.',
    params: Type.Object({}),
    build: () => ({ maxRetries: 0, minSuccessful: (size) => size, perRolloutTimeout: null, failFast: true }),
  }),
  defineBuilder({
    slot: rolloutStrategySlot,
    name: 'retry_on_failure',
    version: 1,
    doc: 'Episodes that fail are tried again; a group with more failures than that is left out of its batch.',
    params: Type.Object({ max_retries: retries(3), per_rollout_timeout_seconds: timeout }),
    build: ({ max_retries, per_rollout_timeout_seconds }) => ({
      maxRetries: max_retries,
      minSuccessful: (size) => size,
      perRolloutTimeout: per_rollout_timeout_seconds,
      failFast: false,
    }),
  }),
  defineBuilder({
    slot: rolloutStrategySlot,
    name: 'min_viable_group',
    version: 1,
    doc: 'A group trains with the episodes that succeeded, if they are enough; only below that episodes are tried again.',
    params: Type.Object({
      min_successful: nullable(
        semantic(
          Type.Integer({
            minimum: 1,
            default: null,
            description: 'Episodes that must succeed; null = three quarters of the group.',
          }),
        ),
      ),
      max_retries: retries(3),
      per_rollout_timeout_seconds: timeout,
    }),
    build: ({ min_successful, max_retries, per_rollout_timeout_seconds }) => ({
      maxRetries: max_retries,
      minSuccessful: (size) => Math.min(size, min_successful ?? Math.ceil(0.75 * size)),
      perRolloutTimeout: per_rollout_timeout_seconds,
      failFast: false,
    }),
  }),
];

/** Rolls out one episode. `attempt` counts from 0; another one is another sample. */
export type RollOut = (env: Env, slot: number, attempt: number, signal: AbortSignal) => Promise<Trajectory>;

/** The episodes that succeeded, with their environments, in the order of their slots. */
export interface RolledOut {
  trajectories_G: Trajectory[];
  envs_G: Env[];
  rollout_errors: RolloutError[];
}

type Outcome = { env: Env; trajectory: Trajectory } | { error: unknown };

/** @throws GroupFailure when too few succeed; the error itself where the strategy fails fast, or the signal's reason */
export async function rollOutAll(
  builder: Pick<EnvGroupBuilder, 'makeEnvs' | 'coupled'>,
  strategy: RolloutStrategy,
  rollOut: RollOut,
  signal?: AbortSignal,
): Promise<RolledOut> {
  const { coupled = false } = builder;
  const rollout_errors: RolloutError[] = [];
  const succeeded = new Map<number, { env: Env; trajectory: Trajectory }>();
  let budget = strategy.maxRetries;
  let envs = await builder.makeEnvs({ signal });
  const size = envs.length;
  const needed = strategy.minSuccessful(size);
  let slots = envs.map((_, slot) => slot);
  for (let attempt = 0; slots.length > 0; attempt++) {
    const outcomes = await runRound(envs, slots, { rollOut, attempt, coupled, strategy, signal });
    const failed: number[] = [];
    for (const [i, outcome] of outcomes.entries()) {
      if ('trajectory' in outcome) succeeded.set(slots[i], outcome);
      else {
        failed.push(slots[i]);
        if (outcome.error === GIVEN_UP) continue;
        if (strategy.failFast) throw outcome.error;
        rollout_errors.push(rolloutErrorOf(outcome.error));
      }
    }
    if (failed.length === 0) break;
    const missing = Math.max(0, needed - succeeded.size);
    const again = coupled ? envs.map((_, slot) => slot) : failed.slice(0, missing);
    const cost = coupled ? 1 : again.length;
    if (again.length === 0) break;
    if (cost > budget) throw new GroupFailure(describe(rollout_errors), rollout_errors);
    budget -= cost;
    if (coupled) succeeded.clear();
    slots = again;
    envs = await builder.makeEnvs({ signal });
    const isAsBefore = envs.length === size;
    for (const [slot, env] of envs.entries()) if (!isAsBefore || !slots.includes(slot)) env.close?.();
    if (!isAsBefore) throw new GroupFailure(`makeEnvs made ${size} environments, then ${envs.length}`, rollout_errors);
  }
  const kept = [...succeeded].sort(([a], [b]) => a - b).map(([, outcome]) => outcome);
  if (kept.length === 0) throw new GroupFailure('the group has no environments', rollout_errors);
  return {
    trajectories_G: kept.map(({ trajectory }) => trajectory),
    envs_G: kept.map(({ env }) => env),
    rollout_errors,
  };
}

const describe = (errors: readonly RolloutError[]) =>
  `${errors.length} rollouts failed, the last with ${errors[errors.length - 1].error_type}: ${errors[errors.length - 1].error_message}`;

/** What becomes of episodes that another one's failure has made pointless; they have not failed themselves. */
const GIVEN_UP = new RolloutFailure('given_up', 'another episode of the group failed');

interface Round {
  rollOut: RollOut;
  attempt: number;
  coupled: boolean;
  strategy: RolloutStrategy;
  signal: AbortSignal | undefined;
}

/** All slots at once. Waits for all of them, those that were given up too, so that none outlives its group. */
async function runRound(
  envs: readonly Env[],
  slots: readonly number[],
  { rollOut, attempt, coupled, strategy, signal }: Round,
): Promise<Outcome[]> {
  const round = new AbortController();
  const either = signal === undefined ? round.signal : AbortSignal.any([signal, round.signal]);
  const outcomes = await Promise.all(
    slots.map(async (slot): Promise<Outcome> => {
      try {
        const trajectory = await within(strategy.perRolloutTimeout, 'rollout_timeout', either, (signal = either) =>
          rollOut(envs[slot], slot, attempt, signal),
        );
        return { env: envs[slot], trajectory };
      } catch (error) {
        // Environments that wait for one another would wait for ever.
        if (strategy.failFast || coupled) round.abort(GIVEN_UP);
        return { error };
      }
    }),
  );
  signal?.throwIfAborted();
  return outcomes;
}

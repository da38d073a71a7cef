// What an episode may use up, and what becomes of its reward when it uses up more (tinker_cookbook/rl/rollout_limits.py).

import { type Static, Type } from '@sinclair/typebox';
import { nullable, oneOf, semantic } from '../registry/fields.ts';
import type { EnvMetrics, EpisodeStopReason, GroupReward, Trajectory } from './types.ts';

const bound = (description: string) => nullable(semantic(Type.Integer({ minimum: 1, default: null, description })));
const seconds = (description: string, value: number | null) =>
  nullable(semantic(Type.Number({ exclusiveMinimum: 0, default: value, description })));

/** An environment or a grader that hangs must not stop a run for ever; no honest one takes so long. */
const ROLLOUT_TIMEOUT = 1800;
const GRADER_TIMEOUT = 900;

const LIMIT_STOP_REASONS = [
  'max_tokens',
  'max_sampled_tokens',
  'max_turns',
  'max_tool_calls',
  'rollout_timeout',
] as const satisfies readonly EpisodeStopReason[];

export const limitFields = {
  max_turns: bound('Actions of an episode; null = no bound.'),
  max_trajectory_tokens: bound('Tokens of an episode, prompts included; null = as many as the model reads.'),
  max_sampled_tokens: bound('Tokens that are sampled in an episode; null = no bound.'),
  max_turn_tokens: bound('Tokens of one action, after which the episode goes on; null = max_tokens.'),
  max_tool_calls: bound('Tool calls of an episode; null = no bound.'),
  rollout_timeout_seconds: seconds(
    'An episode that takes longer ends with what it has reached; null = never.',
    ROLLOUT_TIMEOUT,
  ),
  sampling_turn_timeout_seconds: seconds(
    'An action that takes longer to sample fails its episode; null = never.',
    null,
  ),
};

const limitParams = Type.Object(limitFields);
export type RolloutLimits = Static<typeof limitParams>;

export const NO_LIMITS: RolloutLimits = {
  max_turns: null,
  max_trajectory_tokens: null,
  max_sampled_tokens: null,
  max_turn_tokens: null,
  max_tool_calls: null,
  rollout_timeout_seconds: null,
  sampling_turn_timeout_seconds: null,
};

export const terminationFields = {
  zero_reward_on_limit: semantic(
    Type.Boolean({ default: false, description: 'An episode that a limit ended gets no reward above 0.' }),
  ),
  limit_stop_reasons: semantic(
    Type.Array(oneOf(LIMIT_STOP_REASONS), {
      default: [...LIMIT_STOP_REASONS],
      description: 'What counts as a limit for zero_reward_on_limit.',
    }),
  ),
  skip_grading_on_timeout: semantic(
    Type.Boolean({ default: false, description: 'A group whose episodes have all timed out is not graded.' }),
  ),
  grader_timeout_seconds: seconds('A group that takes longer to grade fails; null = never.', GRADER_TIMEOUT),
};

const terminationParams = Type.Object(terminationFields);
export type TerminationRewardPolicy = Static<typeof terminationParams>;

/** How far an episode is. */
export interface EpisodeUse {
  turns: number;
  /** Tokens of the next prompt. */
  observationLength: number;
  /** Tokens sampled so far. */
  sampled: number;
}

/** What the limits say before a turn: why the episode ends, or the most that the turn may sample (null: what the policy does). */
export type TurnAllowance = { stop: EpisodeStopReason } | { maxTokens: number | null };

/** @param contextLength tokens that the model reads */
export function allowTurn(
  { max_turns, max_trajectory_tokens, max_sampled_tokens, max_turn_tokens }: RolloutLimits,
  { turns, observationLength, sampled }: EpisodeUse,
  contextLength: number | null = null,
): TurnAllowance {
  if (max_turns !== null && turns >= max_turns) return { stop: 'max_turns' };
  if (contextLength !== null && observationLength >= contextLength) return { stop: 'context_overflow' };
  const inTrajectory = max_trajectory_tokens === null ? null : max_trajectory_tokens - observationLength;
  const toSample = max_sampled_tokens === null ? null : max_sampled_tokens - sampled;
  // With one token left there is no room for an answer and the token that ends it.
  if (inTrajectory !== null && inTrajectory <= 1) return { stop: 'max_tokens' };
  if (toSample !== null && toSample <= 1) return { stop: 'max_sampled_tokens' };
  const bounds = [max_turn_tokens, inTrajectory, toSample].filter((tokens) => tokens !== null);
  return { maxTokens: bounds.length === 0 ? null : Math.min(...bounds) };
}

/** Whether grading is pointless: nothing of the group has come to an end. */
export function skipsGrading(
  { skip_grading_on_timeout }: TerminationRewardPolicy,
  trajectories_G: readonly Trajectory[],
): boolean {
  return skip_grading_on_timeout && trajectories_G.every(({ stop_reason }) => stop_reason === 'rollout_timeout');
}

/** Takes back what an episode has earned beyond 0 if a limit ended it. */
export function clampOnLimit(
  { zero_reward_on_limit, limit_stop_reasons }: TerminationRewardPolicy,
  { transitions, stop_reason }: Trajectory,
  { reward, metrics }: GroupReward,
): GroupReward {
  const limits: readonly (EpisodeStopReason | null)[] = limit_stop_reasons;
  if (!zero_reward_on_limit || !limits.includes(stop_reason)) return { reward, metrics };
  const earned = transitions.reduce((sum, transition) => sum + transition.reward, 0);
  const clamped: EnvMetrics = { ...metrics, zero_reward_on_limit: 1 };
  return { reward: earned + reward > 0 ? -earned : reward, metrics: clamped };
}

// Limits and policies for tests: none, unless a test sets one.

import type { RolloutLimits, TerminationRewardPolicy } from '../../../src/rl/limits.ts';

export const NO_LIMITS: RolloutLimits = {
  max_turns: null,
  max_trajectory_tokens: null,
  max_sampled_tokens: null,
  max_turn_tokens: null,
  max_tool_calls: null,
  rollout_timeout_seconds: null,
  sampling_turn_timeout_seconds: null,
};

export const NO_TERMINATION: TerminationRewardPolicy = {
  zero_reward_on_limit: false,
  limit_stop_reasons: ['max_tokens', 'max_sampled_tokens', 'max_turns', 'max_tool_calls', 'rollout_timeout'],
  skip_grading_on_timeout: false,
  grader_timeout_seconds: null,
};

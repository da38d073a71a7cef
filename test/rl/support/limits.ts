// Limits for tests: none, unless a test sets one.

import type { RolloutLimits } from '../../../src/rl/limits.ts';

export const NO_LIMITS: RolloutLimits = {
  max_turns: null,
  max_trajectory_tokens: null,
  max_sampled_tokens: null,
  max_turn_tokens: null,
  max_tool_calls: null,
  rollout_timeout_seconds: null,
  sampling_turn_timeout_seconds: null,
};

// What becomes of replies that cannot be read as what they should be (ParseErrorPolicy in tinker_cookbook/rl/rollout_limits.py).

import { type Static, Type } from '@sinclair/typebox';
import { nullable, semantic } from '../registry/fields.ts';
import type { Message } from '../renderers/types.ts';
import type { EnvMetrics } from './types.ts';

const DETAILS = '{details}';
/** Longer details than any honest error has would fill the context. */
const MAX_DETAILS = 2000;

export const parseErrorFields = {
  max_consecutive: semantic(
    Type.Integer({
      minimum: 0,
      default: 0,
      description: 'Replies in a row that may be unreadable; the next one ends the episode.',
    }),
  ),
  retry_message_template: semantic(
    Type.String({
      pattern: '\\{details\\}',
      default: `The previous message had a formatting issue.\nError: ${DETAILS}`,
      description: `What the policy is then told; ${DETAILS} is what is wrong.`,
    }),
  ),
  penalty_per_error: semantic(
    Type.Number({ minimum: 0, default: 0, description: 'What an unreadable reply costs that the episode survives.' }),
  ),
  terminal_reward: semantic(
    Type.Number({ default: 0, description: 'Reward of the unreadable reply that ends the episode.' }),
  ),
  mask_error_turns: semantic(Type.Boolean({ default: false, description: 'Train on no unreadable reply.' })),
};

const policy = Type.Object(parseErrorFields);
export type ParseErrorPolicy = Static<typeof policy>;

/** As a field of a builder. */
export const parseErrorPolicyField = nullable(
  semantic({
    ...policy,
    default: null,
    description: 'What becomes of replies that cannot be read; null = what the environment does by itself.',
  }),
);

/** What a policy says of an unreadable reply. */
export interface ParseErrorVerdict {
  episode_done: boolean;
  reward: number;
  metrics: EnvMetrics;
  /** Told to the policy where the episode goes on. */
  retry: Message;
}

/** @param consecutive unreadable replies in a row, this one included */
export function judgeParseError(policy: ParseErrorPolicy, consecutive: number, details: string): ParseErrorVerdict {
  const episode_done = consecutive > policy.max_consecutive;
  const metrics: EnvMetrics = { parse_error: 1 };
  if (episode_done) metrics['stop/parse_error'] = 1;
  if (policy.mask_error_turns) metrics.parse_error_masked = 1;
  const told = policy.retry_message_template.split(DETAILS).join(details.slice(0, MAX_DETAILS));
  return {
    episode_done,
    reward: episode_done ? policy.terminal_reward : -policy.penalty_per_error || 0,
    metrics,
    retry: { role: 'user', content: told },
  };
}

// The loss of the API that the engine has not: told before a run begins, and to whoever asks for it all the same.

import type { LossRefusal } from '../tinker/clients.ts';

export const NO_STABLE_REINFORCE: LossRefusal = {
  message: 'what the loss stable_reinforce computes is known to the hosted service alone',
  hint: 'Here, take importance_sampling, or cispo where samples are stale; or train with "service: tinker".',
};

export const lossRefusal = (fn: string): LossRefusal | null => (fn === 'stable_reinforce' ? NO_STABLE_REINFORCE : null);

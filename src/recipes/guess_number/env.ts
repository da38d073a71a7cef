// A game of guessing a number as an environment of messages (tinker_cookbook/recipes/multiplayer_rl/guess_number).

import { visibleText } from '../../completers/completers.ts';
import type { Message } from '../../renderers/types.ts';
import type { MessageEnv, MessageStepResult } from '../../rl/message_env.ts';
import type { EnvMetrics } from '../../rl/types.ts';
import { feedback, type GuessNumberRules, narrowed, opening, parseGuess } from './game.ts';

export interface GuessNumberOptions extends GuessNumberRules {
  secret: number;
  /** Reward of a reply that is no guess; the game goes on. */
  unparsable_reward: number;
}

/**
 * Reward: 1 for the number, 0 for another. Metrics: `valid`, whether a reply was a guess; at the end `success`, and of games
 * that were won `guesses`, the replies that it took.
 */
export function guessNumberEnv({ secret, unparsable_reward, ...rules }: GuessNumberOptions): MessageEnv {
  const history: Message[] = [opening(rules)];
  let turns = 0;
  let left = { low: 0, high: rules.max };
  const play = (message: Message, guess: number | null): MessageStepResult => {
    turns++;
    const success = guess === secret;
    if (guess !== null && !success) left = narrowed(left, guess, secret);
    const told = feedback(guess, secret, rules.tell_range ? left : null);
    history.push(message, told);
    const episode_done = success || turns >= rules.max_turns;
    const metrics: EnvMetrics = { valid: guess === null ? 0 : 1 };
    if (episode_done) {
      metrics.success = success ? 1 : 0;
      metrics[`stop/${success ? 'completed' : 'max_turns'}`] = 1;
    }
    if (success) metrics.guesses = turns;
    return {
      reward: guess === null ? unparsable_reward : Number(success),
      episode_done,
      next_messages: [...history],
      metrics,
      logs: { guess: visibleText(message), feedback: String(told.content), secret },
    };
  };
  return {
    initialObservation: async () => [...history],
    step: async (message) => play(message, parseGuess(visibleText(message))),
    // Whatever it might have become: it was none yet.
    observeTruncatedResponse: async (message) => play(message, null),
  };
}

// A game of twenty questions as an environment of messages (tinker_cookbook/recipes/multiplayer_rl/twenty_questions).

import { visibleText } from '../../completers/completers.ts';
import type { Message } from '../../renderers/types.ts';
import type { MessageEnv, MessageStepResult } from '../../rl/message_env.ts';
import type { EnvMetrics, StepOptions } from '../../rl/types.ts';
import { type Answerer, answerOfTable } from './answerers.ts';
import { guessIn, opening, told, traitIn } from './game.ts';
import { bitsOf, bitsOfTrait, type Left, mostBits } from './information.ts';
import type { TraitTable } from './table.ts';

export interface TwentyQuestionsOptions {
  /** What is looked for. */
  thing: string;
  max_turns: number;
  answerer: Answerer;
  /** What is true of the things, to count what questions tell; null = nobody knows. */
  table: TraitTable | null;
}

/**
 * Reward: 1 for the thing, 0 for all else. Metrics of a turn, where there is a table: `information`, the bits that are expected of
 * what was said, `optimal_information`, those of the best that could have been said, and `information_share`, the one of the
 * other; `answered_right`, whether the answer was true. At the end `success`, and of games that were won `turns`.
 */
export function twentyQuestionsEnv(options: TwentyQuestionsOptions): MessageEnv {
  const { thing, max_turns, answerer, table } = options;
  const history: Message[] = [opening(max_turns)];
  let turns = 0;
  let left: Left = table?.things.map((_, place) => place) ?? [];

  const play = async (message: Message, said: string | null, { signal }: StepOptions): Promise<MessageStepResult> => {
    turns++;
    const guessed = said === null ? null : guessIn(said);
    const success = guessed === thing.toLowerCase();
    const answer = said === null || guessed !== null ? null : await answerer(thing, said, { signal });
    const metrics: EnvMetrics = { guess: guessed === null ? 0 : 1 };
    if (table !== null) {
      const truth = said === null || guessed !== null ? null : answerOfTable(table, thing, said);
      if (truth !== null) metrics.answered_right = truth === answer ? 1 : 0;
      Object.assign(metrics, informationOf(table, left, said, guessed));
      left = leftAfter(table, left, { said, guessed, answer });
    }
    const episode_done = success || turns >= max_turns;
    if (episode_done) {
      metrics.success = success ? 1 : 0;
      metrics[`stop/${success ? 'completed' : 'max_turns'}`] = 1;
    }
    if (success) metrics.turns = turns;
    const reply = guessed === null ? told(answer) : told(success);
    history.push(message, { role: 'user', content: reply });
    return {
      reward: success ? 1 : 0,
      episode_done,
      next_messages: [...history],
      metrics,
      logs: { said: visibleText(message), reply, thing },
    };
  };
  return {
    initialObservation: async () => [...history],
    step: (message, step = {}) => play(message, visibleText(message), step),
    // Whatever it might have become: it was no question yet.
    observeTruncatedResponse: (message, step = {}) => play(message, null, step),
  };
}

/** Where one thing is left the best is to say it, and whatever else is asked tells nothing. */
function informationOf(table: TraitTable, left: Left, said: string | null, guessed: string | null): EnvMetrics {
  const optimal = mostBits(table, left);
  const information = bitsOfSaid(table, left, said, guessed);
  if (optimal > 0) return { information, optimal_information: optimal, information_share: information / optimal };
  return guessed !== null && left.some((place) => table.things[place] === guessed)
    ? {}
    : { information, information_share: 0 };
}

function bitsOfSaid(table: TraitTable, left: Left, said: string | null, guessed: string | null): number {
  if (guessed !== null) return left.some((place) => table.things[place] === guessed) ? bitsOf(1, left.length) : 0;
  const trait = said === null ? -1 : table.traits.indexOf(traitIn(said) ?? '');
  return trait === -1 ? 0 : bitsOfTrait(table, left, trait);
}

/** What fits the answer too. A model may answer what is not so: then nothing may fit, and all that was left stays. */
function leftAfter(
  table: TraitTable,
  left: Left,
  { said, guessed, answer }: { said: string | null; guessed: string | null; answer: boolean | null },
): Left {
  const fits = (place: number) => {
    if (guessed !== null) return table.things[place] !== guessed;
    return answer === null || said === null || answerOfTable(table, table.things[place], said) === answer;
  };
  const fitting = left.filter(fits);
  return fitting.length === 0 || (guessed === null && traitOf(table, said) === -1) ? left : fitting;
}

const traitOf = (table: TraitTable, said: string | null): number =>
  said === null ? -1 : table.traits.indexOf(traitIn(said) ?? '');

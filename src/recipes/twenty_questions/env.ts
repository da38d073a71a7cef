// A game of twenty questions as an environment of messages (tinker_cookbook/recipes/multiplayer_rl/twenty_questions).

import { visibleText } from '../../completers/completers.ts';
import type { Message } from '../../renderers/types.ts';
import type { MessageEnv, MessageStepResult } from '../../rl/message_env.ts';
import type { EnvMetrics, StepOptions } from '../../rl/types.ts';
import { type Answerer, answerOfTable } from './answerers.ts';
import { guessIn, opening, told, traitIn } from './game.ts';
import { bitsOfGuess, bitsOfTrait, type Left, mostBits } from './information.ts';
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

  const answerTo = async (said: string, signal?: AbortSignal) =>
    said.trim() === '' ? null : await answerer(thing, said, { signal });
  const play = async (message: Message, said: string, { signal }: StepOptions): Promise<MessageStepResult> => {
    turns++;
    const guessed = guessIn(said);
    const success = guessed === thing.toLowerCase();
    const answer = guessed === null ? await answerTo(said, signal) : success;
    const metrics: EnvMetrics = { guess: guessed === null ? 0 : 1 };
    if (table !== null) {
      const truth = guessed === null ? answerOfTable(table, thing, said) : null;
      if (truth !== null) metrics.answered_right = truth === answer ? 1 : 0;
      const asked: Asked = { guessed, trait: table.traits.indexOf(traitIn(said) ?? '') };
      Object.assign(metrics, informationOf(table, left, asked));
      left = leftAfter(table, left, asked, answer);
    }
    const episode_done = success || turns >= max_turns;
    if (episode_done) {
      metrics.success = success ? 1 : 0;
      metrics[`stop/${success ? 'completed' : 'max_turns'}`] = 1;
    }
    if (success) metrics.turns = turns;
    const reply = told(answer);
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
    observeTruncatedResponse: (message, step = {}) => play(message, '', step),
  };
}

/** What was guessed, or the trait that was asked about by its place; neither: null and -1. */
interface Asked {
  guessed: string | null;
  trait: number;
}

/** Where one thing is left the best is to say it, and whatever else is asked tells nothing. */
function informationOf(table: TraitTable, left: Left, asked: Asked): EnvMetrics {
  const optimal = mostBits(table, left);
  const information = bitsOfAsked(table, left, asked);
  if (optimal > 0) return { information, optimal_information: optimal, information_share: information / optimal };
  return left.some((place) => table.things[place] === asked.guessed) ? {} : { information, information_share: 0 };
}

function bitsOfAsked(table: TraitTable, left: Left, { guessed, trait }: Asked): number {
  if (guessed !== null) return bitsOfGuess(table, left, guessed);
  return trait === -1 ? 0 : bitsOfTrait(table, left, trait);
}

/** What fits the answer. A model may answer what is not so: where nothing would fit, all that was left stays. */
function leftAfter(table: TraitTable, left: Left, { guessed, trait }: Asked, answer: boolean | null): Left {
  if (guessed === null && (trait === -1 || answer === null)) return left;
  const fitting = left.filter((place) =>
    guessed === null ? table.isTrue(place, trait) === answer : (table.things[place] === guessed) === answer,
  );
  return fitting.length === 0 ? left : fitting;
}

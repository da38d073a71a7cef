// Games of someone who knows the things and asks by chance, or mostly the best question; and answers to learn the answerer's part from.

import type { RandomGenerator } from 'pure-rand/types/RandomGenerator';
import type { Message } from '../../renderers/types.ts';
import { nextBelow, nextUniform } from '../../util/random.ts';
import { askedOfModel } from './answerers.ts';
import type { QUESTIONS } from './fields.ts';
import { guess, opening, question, told } from './game.ts';
import { bestTrait, bitsOfTrait, type Left } from './information.ts';
import type { TraitTable } from './table.ts';

export interface AskedByChance {
  table: TraitTable;
  /** Places of the things that may be looked for. */
  things: readonly number[];
  max_turns: number;
  /** Share of the questions that are any. */
  noise: number;
  /** What the others are. */
  questions: (typeof QUESTIONS)[number];
}

/** Asks until one thing is left, or the last turn has come, and then says one that can be. */
export function gameByChance(
  { table, things, max_turns, noise, questions }: AskedByChance,
  random: RandomGenerator,
): Message[] {
  const pick = <T>(list: readonly T[]): T => list[nextBelow(random, list.length)];
  const thing = pick(things);
  const messages = [opening(max_turns)];
  let left: Left = table.things.map((_, place) => place);
  for (let turn = 1; ; turn++) {
    if (left.length === 1 || turn === max_turns) {
      messages.push({ role: 'assistant', content: guess(table.things[pick(left)]) });
      return messages;
    }
    const all = table.traits.map((_, trait) => trait);
    const known =
      questions === 'best' ? [bestTrait(table, left)] : all.filter((each) => bitsOfTrait(table, left, each) > 0);
    const trait = pick(nextUniform(random) < noise ? all : known);
    const answer = table.isTrue(thing, trait);
    messages.push(
      { role: 'assistant', content: question(table.traits[trait]) },
      { role: 'user', content: told(answer) },
    );
    left = left.filter((place) => table.isTrue(place, trait) === answer);
  }
}

/** A question of the table and the true answer, as the answerer is asked. */
export function answeredQuestion(table: TraitTable, random: RandomGenerator): Message[] {
  const thing = nextBelow(random, table.things.length);
  const trait = nextBelow(random, table.traits.length);
  return [
    { role: 'user', content: askedOfModel(table.things[thing], question(table.traits[trait])) },
    { role: 'assistant', content: told(table.isTrue(thing, trait)) },
  ];
}

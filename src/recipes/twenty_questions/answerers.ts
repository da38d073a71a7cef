// Who answers the questions: a table that knows, or a model that is asked.

import { type MessageCompleter, visibleText } from '../../completers/completers.ts';
import { traitIn } from './game.ts';
import type { TraitTable } from './table.ts';

interface AnswerOptions {
  seed?: number;
  signal?: AbortSignal;
}

/** Yes or no to a question about a thing; null: neither can be said. */
export type Answerer = (thing: string, asked: string, options?: AnswerOptions) => Promise<boolean | null>;

export function answerOfTable(table: TraitTable, thing: string, asked: string): boolean | null {
  const trait = table.traits.indexOf(traitIn(asked) ?? '');
  return trait === -1 ? null : table.isTrue(table.things.indexOf(thing), trait);
}

export const tableAnswerer =
  (table: TraitTable): Answerer =>
  async (thing, asked) =>
    answerOfTable(table, thing, asked);

/** What a model is asked: it sees the thing and the question alone. */
export const askedOfModel = (thing: string, asked: string): string =>
  `The thing is ${thing}. ${asked.trim()} Yes or no?`;

/** The first word of its reply counts. */
export function modelAnswerer(model: MessageCompleter): Answerer {
  return async (thing, asked, options = {}) => {
    const { message } = await model.complete([{ role: 'user', content: askedOfModel(thing, asked) }], options);
    const [, word] = /^\W*(yes|no)\b/i.exec(visibleText(message)) ?? [];
    return word === undefined ? null : word.toLowerCase() === 'yes';
  };
}

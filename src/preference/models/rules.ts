// Rules that say which of two replies is better.

import { Type } from '@sinclair/typebox';
import { visibleText } from '../../completers/completers.ts';
import { defineBuilder } from '../../registry/builder.ts';
import { oneOf, semantic } from '../../registry/fields.ts';
import type { Headline } from '../../registry/headline.ts';
import type { Message } from '../../renderers/types.ts';
import { ConfigurationError } from '../../util/errors.ts';
import { expressionProblem } from '../../util/expressions.ts';
import { type PreferenceModel, preferenceModelSlot } from './preference_model.ts';

const tokensHeadline = (goal: Headline['goal']): Headline[] => [
  { metric: 'test/env/all/ac_tokens_per_turn', goal, label: 'test tokens a reply' },
  { metric: 'env/all/ac_tokens_per_turn', goal, label: 'tokens a reply' },
];

const shorter = defineBuilder({
  slot: preferenceModelSlot,
  name: 'shorter',
  version: 1,
  doc: 'The reply with fewer characters is better (tinker_cookbook/recipes/preference/shorter).',
  params: Type.Object({}),
  headline: () => tokensHeadline('minimize'),
  build: () => better((completion) => -textOf(completion).length),
});

const longer = defineBuilder({
  slot: preferenceModelSlot,
  name: 'longer',
  version: 1,
  doc: 'The reply with more characters is better.',
  params: Type.Object({}),
  headline: () => tokensHeadline('maximize'),
  build: () => better((completion) => textOf(completion).length),
});

const matches = defineBuilder({
  slot: preferenceModelSlot,
  name: 'matches',
  version: 1,
  doc: 'The reply that a regular expression is found in is better, or the one that it is not found in.',
  params: Type.Object({
    pattern: semantic(
      Type.String({ minLength: 1, description: 'A regular expression as in JavaScript; . also takes line breaks.' }),
    ),
    prefer: semantic(
      oneOf(['match', 'no_match'], {
        default: 'match',
        description: 'Which is better: where it is found, or where it is not.',
      }),
    ),
  }),
  build({ pattern, prefer }) {
    const problem = expressionProblem(pattern);
    if (problem !== null) throw new ConfigurationError(`pattern: ${problem}`);
    const expression = new RegExp(pattern, 's');
    const sign = prefer === 'match' ? 1 : -1;
    return better((completion) => (expression.test(textOf(completion)) ? sign : 0));
  },
  async check({ pattern }) {
    const message = expressionProblem(pattern);
    return message === null ? [] : [{ field: 'pattern', message }];
  },
});

/** The completion of more worth is better. */
function better(worth: (completion: readonly Message[]) => number): PreferenceModel {
  return { compare: ({ completion_A, completion_B }) => Math.sign(worth(completion_B) - worth(completion_A)) };
}

/** All that is said in a completion. */
export const textOf = (completion: readonly Message[]): string => completion.map(visibleText).join('\n');

export const rules = [shorter, longer, matches];

// Rules that say which of two replies is better.

import { Type } from '@sinclair/typebox';
import { visibleText } from '../completers/completers.ts';
import { defineBuilder } from '../registry/builder.ts';
import type { Message } from '../renderers/types.ts';
import { type PreferenceModel, preferenceModelSlot } from './pairwise_env.ts';

const shorter = defineBuilder({
  slot: preferenceModelSlot,
  name: 'shorter',
  version: 1,
  doc: 'The reply with fewer characters is better (tinker_cookbook/recipes/preference/shorter).',
  params: Type.Object({}),
  headline: () => [{ metric: 'test/env/all/ac_tokens_per_turn', goal: 'minimize', label: 'test tokens a reply' }],
  build(): PreferenceModel {
    return {
      compare({ completion_A, completion_B }) {
        return Math.sign(lengthOf(completion_A) - lengthOf(completion_B));
      },
    };
  },
});

const lengthOf = (completion: readonly Message[]): number =>
  completion.reduce((sum, message) => sum + visibleText(message).length, 0);

export const preferenceModels = [shorter];

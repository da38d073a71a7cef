// Rules that say which of two replies is better.

import { Type } from '@sinclair/typebox';
import { visibleText } from '../completers/completers.ts';
import { defineBuilder } from '../registry/builder.ts';
import { builderOf, nullable, semantic, weights } from '../registry/fields.ts';
import { reference } from '../registry/slot.ts';
import { type Message, rendererSlot } from '../renderers/types.ts';
import { type PreferenceModel, preferenceModelSlot } from './preference_model.ts';

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

const trained = defineBuilder({
  slot: preferenceModelSlot,
  name: 'trained',
  version: 1,
  doc: 'A reward model: the weights of a run on comparison_labels (PreferenceModelBuilderFromChatRenderer of tinker_cookbook/preference).',
  params: Type.Object({
    weights: weights({
      description: 'What comparison_labels was learned with: a run, or {run: DIR, checkpoint: NAME}.',
    }),
    renderer: nullable(
      semantic(
        builderOf(rendererSlot, { default: null, description: 'null = the one that the weights were trained with.' }),
      ),
    ),
    use_probability: semantic(
      Type.Boolean({
        default: false,
        description:
          'false: −1 or 1 by the label that is most likely, 0 for a tie. true: p(B) − p(A), where the two add up to 1.',
      }),
    ),
  }),
  async build(config, { models, warn }, make) {
    const { requireModels } = await import('../training/other_models.ts');
    const { trainedModel } = await import('./trained_model.ts');
    const { client, tokenizer, rendererRef, maxContextLength } = await requireModels(models, 'a reward model').open(
      config.weights,
    );
    const renderer = await make(config.renderer ?? reference(rendererSlot, rendererRef), { tokenizer });
    return trainedModel({ client, renderer, maxContextLength, useProbability: config.use_probability, warn });
  },
});

export const preferenceModels = [shorter, trained];

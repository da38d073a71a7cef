// Prompts whose replies are compared with one another, as environments (PairwisePreferenceRLDatasetBuilder of
// tinker_cookbook/rl/preference_envs.py).

import { type Static, Type } from '@sinclair/typebox';
import { defineBuilder } from '../../registry/builder.ts';
import { builderOf, contents, nullable, oneOf, runtime, semantic } from '../../registry/fields.ts';
import type { Headline } from '../../registry/headline.ts';
import type { Message } from '../../renderers/types.ts';
import { type RLDatasetContext, type RLDatasets, rlDatasetSlot } from '../../rl/types.ts';
import { ON_BAD_ROW } from '../../supervised/data/options.ts';
import { PROMPT_FORMATS } from '../data/comparison_params.ts';
import { type PreferenceModel, preferenceModelSlot } from '../models/preference_model.ts';
import { TOURNAMENT_PATTERNS } from './pairwise_env.ts';

const whole = (description: string, value: number, minimum = 1) =>
  semantic(Type.Integer({ minimum, default: value, description }));

const params = Type.Object({
  file_path: contents(
    Type.String({
      format: 'path',
      description:
        'Conversations, of which what stands before the last reply is the prompt, or rows with a prompt or a question: docs/data.md. Or comparisons.',
    }),
  ),
  format: semantic(
    oneOf(PROMPT_FORMATS, {
      default: 'auto',
      description:
        'What the rows are. auto: conversations as the first row shows. comparisons: as docs/preferences.md has them.',
    }),
  ),
  on_bad_row: runtime(
    oneOf(ON_BAD_ROW, {
      default: 'error',
      description: 'error: stop at a row that cannot be used. skip: leave it out and count it in a warning.',
    }),
  ),
  preference_model: semantic(builderOf(preferenceModelSlot, { description: 'Which of two replies is better.' })),
  batch_size: whole('Prompts in a batch.', 32),
  group_size: whole('Replies to each prompt, which are compared with one another.', 8, 2),
  n_batches: whole('Batches; prompts come again when all have been used.', 40),
  test_group_size: nullable(
    semantic(
      Type.Integer({
        minimum: 1,
        default: null,
        description: 'Replies to each prompt that is held out; null = group_size, 1 = nothing is compared there.',
      }),
    ),
  ),
  test_size: whole('Prompts that are held out, all in one batch; 0 = none.', 0, 0),
  tournament_pattern: semantic(
    oneOf(TOURNAMENT_PATTERNS, {
      default: 'all_pairs_both_ways',
      description: 'Compare each with each in either order, or once.',
    }),
  ),
  matchup_group_size: whole('Replies that are compared with one another; a group is divided into so many.', 4, 2),
  format_coef: semantic(
    Type.Number({ minimum: 0, default: 1, description: 'What a reply costs that does not come to its end.' }),
  ),
});
type PairwiseParams = Static<typeof params>;

/** Replies that come to their end: all that is known of them where the preference is about nothing that is measured. */
const FORMAT: readonly Headline[] = [
  { metric: 'test/env/all/format', goal: 'maximize', label: 'test format' },
  { metric: 'env/all/format', goal: 'maximize', label: 'format' },
];

export const pairwisePreference = defineBuilder({
  slot: rlDatasetSlot,
  name: 'pairwise_preference',
  version: 1,
  doc: 'Replies to the prompts of a file, rewarded for how they compare with one another.',
  params,
  async build(config, context, make): Promise<RLDatasets> {
    const { seed, models, warn, notify, signal } = context;
    const preferenceModel = await make(config.preference_model, { seed, models, warn, notify, signal });
    return await pairwiseDatasets(config, preferenceModel, context);
  },
  // Wins and losses add up to nothing, so that the reward tells nothing.
  headline: ({ preference_model }, of) => {
    const about = of(preference_model);
    return about.length > 0 ? about : FORMAT;
  },
  async check(config) {
    const { checkPrompts } = await import('../data/prompts.ts');
    return await checkPrompts(config);
  },
});

async function pairwiseDatasets(
  config: PairwiseParams,
  preferenceModel: PreferenceModel,
  { renderer, maxContextLength, seed, warn, notify, signal }: RLDatasetContext,
): Promise<RLDatasets> {
  const { pairwiseGroup } = await import('./pairwise_env.ts');
  const { readPrompts } = await import('../data/prompts.ts');
  const { cyclicOrder } = await import('../../util/permutation.ts');
  const { batch_size, group_size, test_group_size, n_batches, tournament_pattern, matchup_group_size, format_coef } =
    config;
  const { train, test } = await readPrompts(config, { warn, notify, signal });
  const options = {
    renderer,
    preferenceModel,
    groupSize: group_size,
    maxContextLength,
    pattern: tournament_pattern,
    matchupGroupSize: matchup_group_size,
    formatCoef: format_coef,
  };
  const group = (prompt: readonly Message[]) => pairwiseGroup(prompt, options);
  const ofTest = { ...options, groupSize: test_group_size ?? group_size };
  const order = cyclicOrder(train.length, [seed]);
  return {
    train: {
      length: n_batches,
      getBatch: (index) => Array.from({ length: batch_size }, (_, i) => group(train[order(index * batch_size + i)])),
    },
    test: test.length === 0 ? null : { length: 1, getBatch: () => test.map((prompt) => pairwiseGroup(prompt, ofTest)) },
  };
}

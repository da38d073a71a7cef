// Forecasting under the names that specs use: the environment, what it is measured by, its start, and the public data.

import { Type } from '@sinclair/typebox';
import { defineBuilder } from '../../registry/builder.ts';
import { builderOf, contents, FIELD_SOURCE, nullable, oneOf, runtime, semantic } from '../../registry/fields.ts';
import { type RLDatasets, rlDatasetSlot } from '../../rl/types.ts';
import { ON_BAD_ROW } from '../../supervised/data/options.ts';
import { datasetSlot } from '../../supervised/types.ts';
import { evaluatorSlot } from '../../training/evaluator.ts';
import { ConfigurationError } from '../../util/errors.ts';
import { decisionsSlot } from '../decisions/types.ts';
import { FORECAST_INSTRUCTION, FORECAST_SCORES } from './forecast.ts';

const whole = (description: string, value: number, minimum = 1) =>
  semantic(Type.Integer({ minimum, default: value, description }));

const asked = {
  questions: semantic(
    builderOf(decisionsSlot, { description: 'Questions of two choices; the first is the event that is forecast.' }),
  ),
  instruction: semantic(
    Type.String({ default: FORECAST_INSTRUCTION, description: 'Behind every question: how it is to be answered.' }),
  ),
};

const forecasting = defineBuilder({
  slot: rlDatasetSlot,
  name: 'forecasting',
  version: 1,
  doc: 'Probabilities of events in words, rewarded by a proper score of what came (tinker_cookbook/recipes/forecasting).',
  params: Type.Object({
    ...asked,
    score: semantic(
      oneOf(FORECAST_SCORES, {
        default: 'brier',
        description: 'brier: 1 − (p − y)². log: 1 + log p(outcome) / log 100, with p from 0.01 to 0.99.',
      }),
    ),
    invalid_reward: semantic(
      Type.Number({ default: 0, description: 'Reward of a reply that is no forecast, or was cut.' }),
    ),
    batch_size: whole('Questions in a batch.', 16),
    group_size: whole('Forecasts of each question, which are compared with one another.', 32),
    n_batches: whole('Batches; questions come again when all have been asked.', 128),
    test_group_size: whole('Forecasts of each question that is held out.', 8),
  }),
  async build(config, context, make): Promise<RLDatasets> {
    const { forecastGroup } = await import('./env.ts');
    const { requireTwoChoices } = await import('./forecast.ts');
    const { cyclicOrder } = await import('../../util/permutation.ts');
    const { renderer, maxContextLength, seed, warn, notify, signal } = context;
    const { train, test } = await make(config.questions, { seed, warn, notify, signal });
    requireTwoChoices([...train, ...test]);
    if (train.length === 0) throw new ConfigurationError('forecasting: there are no questions to learn from');
    const { instruction, score, invalid_reward: invalidReward, batch_size, group_size, n_batches } = config;
    const options = { renderer, maxContextLength, instruction, score, invalidReward };
    const order = cyclicOrder(train.length, [seed]);
    return {
      train: {
        length: n_batches,
        getBatch: (batch) =>
          Array.from({ length: batch_size }, (_, i) =>
            forecastGroup(train[order(batch * batch_size + i)], group_size, options),
          ),
      },
      test:
        test.length === 0
          ? null
          : {
              length: 1,
              getBatch: () => test.map((question) => forecastGroup(question, config.test_group_size, options)),
            },
    };
  },
  headline: () => [
    { metric: 'test/env/all/brier_reward', goal: 'maximize', label: 'test Brier reward' },
    { metric: 'env/all/brier_reward', goal: 'maximize', label: 'Brier reward' },
  ],
});

const forecasts = defineBuilder({
  slot: evaluatorSlot,
  name: 'forecasts',
  version: 1,
  doc: 'Forecasts of the questions that are held out, judged together: NAME/brier, auc, calibration_error and others.',
  params: Type.Object({
    ...asked,
    name: semantic(
      Type.String({
        pattern: '^[\\w.-]+$',
        examples: ['forecasts'],
        default: 'forecasts',
        description: 'Begins the names of its metrics.',
      }),
    ),
    max_tokens: semantic(Type.Integer({ minimum: 1, default: 1024, description: 'Longest reply, in tokens.' })),
    temperature: semantic(Type.Number({ minimum: 0, default: 1, description: 'Of sampling; 0 = greedy.' })),
    num_samples: whole('Forecasts of each question, whose mean counts.', 1),
    concurrency: runtime(
      Type.Integer({ minimum: 1, default: 64, description: 'Forecasts that are sampled at the same time.' }),
    ),
  }),
  async build(config, { renderer, seed, warn, notify, signal }, make) {
    const { forecastEvaluator } = await import('./evaluator.ts');
    const { requireTwoChoices } = await import('./forecast.ts');
    if (renderer === null) throw new ConfigurationError('the evaluator "forecasts" needs a renderer: set `renderer`');
    const { test } = await make(config.questions, { seed, warn, notify, signal });
    requireTwoChoices(test);
    if (test.length === 0) throw new ConfigurationError('forecasts: no question is held out to be measured');
    return forecastEvaluator({ ...config, questions: test, renderer, seed });
  },
  headline: ({ name }) => [
    { metric: `${name}/brier`, goal: 'minimize', label: 'Brier' },
    { metric: `${name}/calibration_error`, goal: 'minimize', label: 'calibration error' },
  ],
});

const demonstrations = defineBuilder({
  slot: datasetSlot,
  name: 'forecast_demonstrations',
  version: 1,
  doc: 'Questions answered with a probability by chance, or with some hindsight: the form of a forecast, as a start for reinforcement learning.',
  params: Type.Object({
    ...asked,
    num_examples: whole('Forecasts.', 512),
    test_size: whole('Further ones that are held out.', 64, 0),
    batch_size: whole('Forecasts in an optimizer step.', 32),
    decimals: semantic(Type.Integer({ minimum: 1, maximum: 6, default: 2, description: 'Digits behind the point.' })),
    hindsight: semantic(
      Type.Number({
        minimum: 0,
        maximum: 1,
        default: 0,
        description: 'Share of the forecasts that are on the side of what happened, and any number there.',
      }),
    ),
  }),
  async build(config, context, make) {
    const { demonstrationDatasets } = await import('../demonstrations.ts');
    const { forecastMessages } = await import('./forecast.ts');
    const { nextBelow, nextUniform } = await import('../../util/random.ts');
    const { seed, warn, notify, signal } = context;
    const { train } = await make(config.questions, { seed, warn, notify, signal });
    return demonstrationDatasets(config, context, (random) => {
      const question = train[nextBelow(random, train.length)];
      const parts = 10 ** config.decimals;
      const any = nextBelow(random, parts);
      const came = question.target[0] >= 0.5;
      const isTurned = nextUniform(random) < config.hindsight && any >= parts / 2 !== came;
      const content = ((isTurned ? parts - 1 - any : any) / parts).toFixed(config.decimals);
      return [...forecastMessages(question, config.instruction), { role: 'assistant', content }];
    });
  },
});

const prophetArena = defineBuilder({
  slot: decisionsSlot,
  name: 'prophet_arena',
  version: 1,
  doc: 'Markets of Prophet Arena as questions, those that closed before a date to learn from and those that came up since held out.',
  params: Type.Object({
    file_path: contents(
      Type.String({
        format: 'path',
        [FIELD_SOURCE]: 'https://huggingface.co/datasets/prophetarena/Prophet-Arena-Subset-1200 (subset_data_1200.csv)',
        description: 'subset_data_1200.csv, or its rows as JSON Lines or Parquet.',
      }),
    ),
    split_date: semantic(
      Type.String({
        pattern: '^\\d{4}-\\d{2}-\\d{2}$',
        examples: ['2025-10-20'],
        default: '2025-10-20',
        description:
          'Events that closed before it (UTC) are learned from; those first seen since are held out; others are left out.',
      }),
    ),
    max_train_questions: nullable(
      semantic(Type.Integer({ minimum: 1, default: 1024, description: 'Questions to learn from; null = all.' })),
    ),
    max_test_questions: nullable(
      semantic(Type.Integer({ minimum: 1, default: 256, description: 'Questions that are held out; null = all.' })),
    ),
    on_bad_row: runtime(
      oneOf(ON_BAD_ROW, {
        default: 'error',
        description: 'error: stop at a row that cannot be used. skip: leave it out and count it in a warning.',
      }),
    ),
  }),
  async build(config, context) {
    const { readProphetArena } = await import('./prophet_arena.ts');
    return await readProphetArena(config, context);
  },
});

export const forecastingBuilders = [forecasting, forecasts, demonstrations, prophetArena];

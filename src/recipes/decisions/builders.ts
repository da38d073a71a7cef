// Decisions under the names that specs use: the trainer, and what it learns from.

import { Type } from '@sinclair/typebox';
import { defineBuilder } from '../../registry/builder.ts';
import { contents, nullable, oneOf, runtime, semantic } from '../../registry/fields.ts';
import { ON_BAD_ROW } from '../../supervised/data/options.ts';
import { trainerSlot } from '../../training/types.ts';
import { decisionsHeadline, decisionsParams } from './fields.ts';
import { decisionsSlot } from './types.ts';

const decisionsTrainer = defineBuilder({
  slot: trainerSlot,
  name: 'decisions',
  version: 1,
  doc: 'Probabilities of a few choices from one token, learned by a proper scoring rule (tinker_cookbook/recipes/decisions).',
  params: decisionsParams,
  async build(config, _, make) {
    const { trainDecisions } = await import('./train.ts');
    return { train: (context) => trainDecisions(config, context, make) };
  },
  headline: decisionsHeadline,
});

const onBadRow = runtime(
  oneOf(ON_BAD_ROW, {
    default: 'error',
    description: 'error: stop at a row that cannot be used. skip: leave it out and count it in a warning.',
  }),
);

const decisionFile = defineBuilder({
  slot: decisionsSlot,
  name: 'decision_file',
  version: 1,
  doc: 'Decisions from a file: {"text": …, "choices": [{"label": …, "description": …}], "label": …}, or with "probabilities": {LABEL: p}.',
  params: Type.Object({
    file_path: contents(Type.String({ format: 'path', description: 'One decision a row: docs/forecasting.md.' })),
    test_file_path: nullable(
      contents(Type.String({ format: 'path', default: null, description: 'Decisions that are held out.' })),
    ),
    test_size: semantic(
      Type.Integer({ minimum: 0, default: 0, description: 'Decisions of file_path that are held out instead.' }),
    ),
    on_bad_row: onBadRow,
  }),
  async build(config, context) {
    const { readDecisionFiles } = await import('./decision_file.ts');
    return await readDecisionFiles(config, context);
  },
  async check({ file_path, test_file_path, on_bad_row }) {
    const { checkDecisionFiles } = await import('./decision_file.ts');
    return await checkDecisionFiles({ file_path, test_file_path }, on_bad_row);
  },
});

const whole = (description: string, value: number, minimum = 1) =>
  semantic(Type.Integer({ minimum, default: value, description }));

const weatherDecisions = defineBuilder({
  slot: decisionsSlot,
  name: 'weather',
  version: 1,
  doc: 'Days with three signs, and whether it rains on them, drawn by probabilities that are known: the best forecast is known too.',
  params: Type.Object({
    num_examples: whole('Days.', 2048),
    test_size: whole(
      'Further days that are held out, a fourth of them with signs that training never shows together.',
      256,
      0,
    ),
    held_out: semantic(
      Type.Integer({
        minimum: 0,
        maximum: 32,
        default: 12,
        description: 'Of the 64 combinations of signs, those that training never shows.',
      }),
    ),
    soft: semantic(
      Type.Boolean({ default: false, description: 'Learn the probabilities themselves, rather than what was drawn.' }),
    ),
  }),
  async build(config, { seed }) {
    const { weather } = await import('./weather.ts');
    return weather(config, seed);
  },
});

export const decisionBuilders = [decisionsTrainer, decisionFile, weatherDecisions];

// Preferences under the names that specs use: the trainer and its dataset.

import { defineBuilder } from '../registry/builder.ts';
import { datasetSlot } from '../supervised/types.ts';
import { trainerSlot } from '../training/types.ts';
import { ConfigurationError } from '../util/errors.ts';
import { comparisonEvaluator } from './comparison_evaluator.ts';
import { comparisonCompletionParams, comparisonFileParams } from './comparison_params.ts';
import { dpoHeadline, dpoParams, lossChoice } from './fields.ts';
import { comparisonLabelParams } from './label_params.ts';
import { preferenceDatasetSlot } from './types.ts';

const comparisonFile = defineBuilder({
  slot: preferenceDatasetSlot,
  name: 'comparison_file',
  version: 1,
  doc: 'Comparisons from a file: {"comparison": …, "label": …}, {"prompt": …, "chosen": …, "rejected": …}, or the rows of hh-rlhf, UltraFeedback, HelpSteer3 or Arena.',
  params: comparisonFileParams,
  async build(params, context) {
    const { comparisonFileDatasets } = await import('./comparison_file.ts');
    return await comparisonFileDatasets(params, context);
  },
  async check(params, { renderer }) {
    const { checkComparisonFile } = await import('./check_rows.ts');
    return await checkComparisonFile(params, renderer ?? null);
  },
});

const comparisonCompletions = defineBuilder({
  slot: datasetSlot,
  name: 'comparison_completions',
  version: 1,
  doc: 'The completions of a file of comparisons as replies to imitate, both or the better ones: a stage before learning which are better.',
  params: comparisonCompletionParams,
  async build(params, context) {
    const { comparisonCompletionDatasets } = await import('./comparison_completions.ts');
    return await comparisonCompletionDatasets(params, context);
  },
  async check(params, { renderer }) {
    const { checkComparisonFile } = await import('./check_rows.ts');
    return await checkComparisonFile(params, renderer ?? null);
  },
});

const comparisonLabels = defineBuilder({
  slot: datasetSlot,
  name: 'comparison_labels',
  version: 1,
  doc: 'Comparisons from a file, to learn from which completion is better: a prompt with both, answered with A, B or Tie.',
  params: comparisonLabelParams,
  async build(params, context, make) {
    const { comparisonLabelDatasets } = await import('./comparison_labels.ts');
    const rule = params.true_rule === null ? null : await make(params.true_rule, context);
    return await comparisonLabelDatasets(params, rule, context);
  },
  headline: () => [{ metric: 'test/accuracy', goal: 'maximize', label: 'test accuracy' }],
  async check(params, { renderer }) {
    const { checkComparisonLabels } = await import('./check_rows.ts');
    return await checkComparisonLabels(params, renderer ?? null);
  },
});

const dpo = defineBuilder({
  slot: trainerSlot,
  name: 'dpo',
  version: 1,
  doc: 'Learning from comparisons, by DPO and its relatives (tinker_cookbook/preference/train_dpo.py).',
  params: dpoParams,
  async build(config, _, make) {
    const { trainDpo } = await import('./train.ts');
    return { train: (context) => trainDpo(config, context, make) };
  },
  headline: dpoHeadline,
  async check(config) {
    const { chosenLoss } = await import('./losses/preference_loss.ts');
    try {
      chosenLoss(lossChoice(config));
      return [];
    } catch (error) {
      if (!(error instanceof ConfigurationError)) throw error;
      return [{ field: config.loss_weights === null ? 'loss_fn_config' : 'loss_weights', message: error.message }];
    }
  },
});

export const preferenceBuilders = [dpo, comparisonFile, comparisonCompletions, comparisonLabels, comparisonEvaluator];

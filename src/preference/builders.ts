// Preferences under the names that specs use: the trainer and its dataset.

import { defineBuilder, type FieldProblem } from '../registry/builder.ts';
import { datasetSlot } from '../supervised/types.ts';
import { trainerSlot } from '../training/types.ts';
import { ConfigurationError } from '../util/errors.ts';
import { isJsonObject } from '../util/json.ts';
import { comparisonCompletionParams, comparisonFileParams, hubComparisonParams } from './data/comparison_params.ts';
import { ratedFileParams, unpairedFileParams } from './data/unpaired_params.ts';
import { contradictionOf, type DpoConfig, dpoHeadline, dpoParams, lossChoice } from './fields.ts';
import { comparisonEvaluator } from './judges/comparison_evaluator.ts';
import { comparisonLabelParams } from './labels/label_params.ts';
import { preferenceDatasetSlot } from './types.ts';

const comparisonFile = defineBuilder({
  slot: preferenceDatasetSlot,
  name: 'comparison_file',
  version: 1,
  doc: 'Comparisons from a file: {"comparison": …, "label": …}, {"prompt": …, "chosen": …, "rejected": …}, or the rows of hh-rlhf, UltraFeedback, HelpSteer3 or Arena.',
  params: comparisonFileParams,
  async build(params, context) {
    const { comparisonFileDatasets } = await import('./data/comparison_file.ts');
    return await comparisonFileDatasets(params, context);
  },
  async check(params, { renderer }) {
    const { checkComparisonFile } = await import('./check_rows.ts');
    return await checkComparisonFile(params, renderer ?? null);
  },
});

const hubComparisons = defineBuilder({
  slot: preferenceDatasetSlot,
  name: 'hf_dataset',
  version: 1,
  doc: 'Comparisons of a data set of the hub by its name, in the forms that comparison_file reads.',
  params: hubComparisonParams,
  async build({ path, name, split, revision, test_split, ...params }, context) {
    const { locateSplitFile } = await import('../hub/dataset_split.ts');
    const { comparisonFileDatasets } = await import('./data/comparison_file.ts');
    const fileOf = (wanted: string) =>
      locateSplitFile({ name: path, revision }, { configuration: name, split: wanted }, context);
    const file_path = await fileOf(split);
    const test_file_path = test_split === null ? null : await fileOf(test_split);
    return await comparisonFileDatasets({ ...params, file_path, test_file_path }, context);
  },
});

const unpairedFile = defineBuilder({
  slot: preferenceDatasetSlot,
  name: 'unpaired_file',
  version: 1,
  doc: 'Completions that were judged one by one, from a file: {"prompt": …, "completion": …, "label": true}. For the losses kto and sft.',
  params: unpairedFileParams,
  async build(params, context) {
    const { unpairedFileDatasets } = await import('./data/unpaired_file.ts');
    return await unpairedFileDatasets(params, context);
  },
  async check(params, { renderer }) {
    const { checkUnpairedFile } = await import('./check_rows.ts');
    return await checkUnpairedFile(params, renderer ?? null);
  },
});

const ratedFile = defineBuilder({
  slot: preferenceDatasetSlot,
  name: 'rated_file',
  version: 1,
  doc: 'The best against the worst response to each prompt, from a file of rated ones: {"prompt": …, "response": …, "helpfulness": 3}, as HelpSteer2 has them.',
  params: ratedFileParams,
  async build(params, context) {
    const { ratedFileDatasets } = await import('./data/rated_file.ts');
    return await ratedFileDatasets(params, context);
  },
  async check(params, { renderer }) {
    const { checkRatedFile } = await import('./check_rows.ts');
    return await checkRatedFile(params, renderer ?? null);
  },
});

const comparisonCompletions = defineBuilder({
  slot: datasetSlot,
  name: 'comparison_completions',
  version: 1,
  doc: 'The completions of a file of comparisons as replies to imitate, both or the better ones: a stage before learning which are better.',
  params: comparisonCompletionParams,
  async build(params, context) {
    const { comparisonCompletionDatasets } = await import('./data/comparison_completions.ts');
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
    const { comparisonLabelDatasets } = await import('./labels/comparison_labels.ts');
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
    const { estimateDpo } = await import('./estimate.ts');
    return {
      train: (context) => trainDpo(config, context, make),
      estimate: (context) => estimateDpo(config, context, make),
    };
  },
  headline: dpoHeadline,
  async check(config) {
    const contradiction = contradictionOf(config);
    if (contradiction !== null) return [contradiction];
    const { chosenLoss } = await import('./losses/preference_loss.ts');
    const mixture = config.loss_weights === null ? null : 'loss_weights';
    const problems = problemOf(() => chosenLoss(lossChoice(config)), mixture ?? 'loss_fn_config');
    if (problems.length > 0 || config.dataset.builder !== unpairedFile.name) return problems;
    const unable = problemOf(() => chosenLoss(lossChoice(config)).requireUnpaired(), mixture ?? 'loss_fn');
    return unable.length > 0 ? unable : await labelProblems(config);
  },
});

/** Labels that are all the same teach nothing to a loss that weighs the wanted against the unwanted. */
async function labelProblems({ dataset, ...config }: DpoConfig): Promise<FieldProblem[]> {
  const { isAtHand } = await import('../hub/locate_rows.ts');
  const { oneLabelProblem, onlyLabelOf } = await import('./data/one_label.ts');
  const { loss_weights } = lossChoice({ dataset, ...config });
  const { file_path: file, columns } = dataset;
  if (typeof file !== 'string') return [];
  if (!(await isAtHand(file))) return [];
  const only = await onlyLabelOf(file, isJsonObject(columns) ? columns : null);
  const problem = oneLabelProblem(file, only, loss_weights);
  return problem === null ? [] : [{ field: 'dataset', message: `${problem.message}. ${problem.hint}` }];
}

function problemOf(attempt: () => unknown, field: string): FieldProblem[] {
  try {
    attempt();
    return [];
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    return [{ field, message: error.hint === undefined ? error.message : `${error.message}. ${error.hint}` }];
  }
}

export const preferenceBuilders = [
  dpo,
  comparisonFile,
  hubComparisons,
  unpairedFile,
  ratedFile,
  comparisonCompletions,
  comparisonLabels,
  comparisonEvaluator,
];

// Learning from a teacher's data and distributions under the names that specs use.

import { defineBuilder } from '../registry/builder.ts';
import { trainerSlot } from '../training/types.ts';
import { ConfigurationError } from '../util/errors.ts';
import { groupProblem } from '../util/expressions.ts';
import { createDataParams } from './create_data_fields.ts';
import { demonstrationFileParams } from './demonstration_params.ts';
import { demonstrationDatasetSlot } from './demonstrations.ts';
import { gkdHeadline, gkdParams } from './gkd_fields.ts';
import { offPolicyHeadline, offPolicyParams } from './off_policy_fields.ts';
import { sdftHeadline, sdftParams } from './sdft_fields.ts';
import { templateProblem } from './teacher_prompt.ts';

const offPolicyDistillation = defineBuilder({
  slot: trainerSlot,
  name: 'off_policy_distillation',
  version: 1,
  doc: "Learning a teacher's distribution over its likeliest tokens at every position of fixed data (tinker_cookbook/distillation/train_off_policy.py).",
  params: offPolicyParams,
  async build(config, _, make) {
    const { trainOffPolicy } = await import('./off_policy.ts');
    return { train: (context) => trainOffPolicy(config, context, make) };
  },
  headline: offPolicyHeadline,
  async check(config) {
    const { countsOf } = await import('./off_policy.ts');
    try {
      countsOf(config);
      return [];
    } catch (error) {
      if (!(error instanceof ConfigurationError)) throw error;
      return [{ field: 'batch_size', message: error.message }];
    }
  },
});

const gkd = defineBuilder({
  slot: trainerSlot,
  name: 'gkd',
  version: 1,
  doc: "Learning a teacher's distribution along answers of the data, of the teacher or of the student itself, as GKDTrainer of TRL (arXiv 2306.13649).",
  params: gkdParams,
  async build(config, _, make) {
    const { trainGkd } = await import('./gkd.ts');
    return { train: (context) => trainGkd(config, context, make) };
  },
  headline: gkdHeadline,
});

const sdft = defineBuilder({
  slot: trainerSlot,
  name: 'sdft',
  version: 1,
  doc: 'Self-distillation from demonstrations: the model that sees one teaches the model that does not (tinker_cookbook/distillation/sdft.py).',
  params: sdftParams,
  async build(config, _, make) {
    const { trainSdft } = await import('./sdft.ts');
    return { train: (context) => trainSdft(config, context, make) };
  },
  headline: sdftHeadline,
  async check({ teacher_template }) {
    const problem = templateProblem(teacher_template);
    return problem === null ? [] : [{ field: 'teacher_template', message: problem }];
  },
});

const createData = defineBuilder({
  slot: trainerSlot,
  name: 'create_data',
  version: 1,
  doc: 'Prompt distillation: a model answers questions under a long prompt, and data.jsonl has its answers without the prompt, to train on (tinker_cookbook/recipes/prompt_distillation/create_data.py).',
  params: createDataParams,
  async build(config, _, make) {
    const { createData: create } = await import('./create_data.ts');
    return { train: (context) => create(config, context, make) };
  },
  headline: () => [{ metric: 'answered', goal: 'maximize', label: 'answered' }],
  async check(config) {
    const problem = config.answer_pattern === null ? null : groupProblem(config.answer_pattern);
    const { checkQuestions } = await import('./questions.ts');
    return [
      ...(problem === null ? [] : [{ field: 'answer_pattern', message: problem }]),
      ...(await checkQuestions(config)),
    ];
  },
});

const demonstrationFile = defineBuilder({
  slot: demonstrationDatasetSlot,
  name: 'demonstration_file',
  version: 1,
  doc: 'Demonstrations from a file of conversations: the last reply of each is one, and what stands before it is asked.',
  params: demonstrationFileParams,
  async build(params, context) {
    const { demonstrationFileDatasets } = await import('./demonstration_file.ts');
    return await demonstrationFileDatasets(params, context);
  },
  async check(params, { renderer }) {
    const { checkDemonstrationFile } = await import('./demonstration_file.ts');
    return await checkDemonstrationFile(params, renderer ?? null);
  },
});

export const offPolicyBuilders = [offPolicyDistillation, gkd, sdft, createData, demonstrationFile];

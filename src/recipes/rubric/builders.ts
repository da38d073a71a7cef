// Rubrics under the names that specs use: prompts and rubrics, the environment, a judge's lessons, and what tells how good a judge is.

import { Type } from '@sinclair/typebox';
import { defineBuilder } from '../../registry/builder.ts';
import { builderOf, contents, nullable, oneOf, runtime, semantic } from '../../registry/fields.ts';
import { type RLDatasets, rlDatasetSlot } from '../../rl/types.ts';
import { ON_BAD_ROW } from '../../supervised/data/options.ts';
import { datasetSlot } from '../../supervised/types.ts';
import { evaluatorSlot } from '../../training/evaluator.ts';
import { ConfigurationError } from '../../util/errors.ts';
import { judgeSampling, rubricJudges, scoreRange } from './judges.ts';
import { rubricJudgeSlot, rubricRowsSlot } from './types.ts';

const whole = (description: string, value: number, minimum = 1) =>
  semantic(Type.Integer({ minimum, default: value, description }));

const rows = semantic(builderOf(rubricRowsSlot, { description: 'Prompts and what replies to them are judged by.' }));

const rubricFile = defineBuilder({
  slot: rubricRowsSlot,
  name: 'rubric_file',
  version: 1,
  doc: 'Rows of a file: {"convo": [messages], "rubric_items": [{"rubric_str", "extraction_regex", "grader_output_format_instruction"}]}.',
  params: Type.Object({
    file_path: contents(Type.String({ format: 'path', description: 'One prompt a row: docs/rubric.md.' })),
    test_file_path: nullable(
      contents(Type.String({ format: 'path', default: null, description: 'Rows that are held out.' })),
    ),
    test_size: whole('Rows of file_path that are held out instead.', 0, 0),
    on_bad_row: runtime(
      oneOf(ON_BAD_ROW, {
        default: 'error',
        description: 'error: stop at a row that cannot be used. skip: leave it out and count it in a warning.',
      }),
    ),
  }),
  async build(config, context) {
    const { readRubricFiles } = await import('./rubric_file.ts');
    return await readRubricFiles(config, context);
  },
  async check({ file_path, test_file_path, on_bad_row }) {
    const { checkRowFile } = await import('../../supervised/check_rows.ts');
    const { readRubricRow } = await import('./row.ts');
    const first = await checkRowFile('file_path', file_path, readRubricRow, on_bad_row);
    if (test_file_path === null) return first;
    return [...first, ...(await checkRowFile('test_file_path', test_file_path, readRubricRow, on_bad_row))];
  },
});

const rubricSumsRows = defineBuilder({
  slot: rubricRowsSlot,
  name: 'rubric_sums',
  version: 1,
  doc: 'Sums, each with a rubric that says which number is right, and replies that are right or nearly so.',
  params: Type.Object({
    max_operand: semantic(
      Type.Integer({ minimum: 1, maximum: 1000, default: 50, description: 'Largest number to add.' }),
    ),
    num_examples: whole('Sums.', 2000),
    test_size: whole('Pairs of numbers that are held out.', 200, 0),
    replies_per_row: whole('Replies to each sum, half of them right, for a judge to learn from.', 1),
  }),
  async build(config, { seed }) {
    const { rubricSums } = await import('./sums.ts');
    return rubricSums(config, seed);
  },
});

const rubric = defineBuilder({
  slot: rlDatasetSlot,
  name: 'rubric',
  version: 1,
  doc: 'Replies to prompts, rewarded by a judge with the rubric of each (tinker_cookbook/recipes/rubric).',
  params: Type.Object({
    rows,
    judge: semantic(builderOf(rubricJudgeSlot, { description: 'Who judges.' })),
    batch_size: whole('Prompts in a batch.', 100),
    group_size: whole('Replies to each prompt, which are compared with one another.', 4),
    n_batches: whole('Batches; prompts come again when all have been used.', 60),
    test_group_size: whole('Replies to each prompt that is held out.', 1),
    format_coef: semantic(
      Type.Number({ minimum: 0, default: 0.1, description: 'What a reply costs that does not come to its end.' }),
    ),
  }),
  async build(config, context, make): Promise<RLDatasets> {
    const { rubricGroup } = await import('./group.ts');
    const { cyclicOrder } = await import('../../util/permutation.ts');
    const { renderer, maxContextLength, seed, models, warn, notify, signal } = context;
    const { train, test } = await make(config.rows, { seed, warn, notify, signal });
    if (train.length === 0) throw new ConfigurationError('rubric: there are no prompts to learn from');
    const judge = await make(config.judge, { seed, models, warn, notify, signal });
    const { batch_size, group_size, n_batches, test_group_size, format_coef: formatCoef } = config;
    const options = { renderer, maxContextLength, judge, formatCoef };
    const order = cyclicOrder(train.length, [seed]);
    const ofTest = { ...options, groupSize: test_group_size };
    return {
      train: {
        length: n_batches,
        getBatch: (batch) =>
          Array.from({ length: batch_size }, (_, i) =>
            rubricGroup(train[order(batch * batch_size + i)], { ...options, groupSize: group_size }),
          ),
      },
      test: test.length === 0 ? null : { length: 1, getBatch: () => test.map((row) => rubricGroup(row, ofTest)) },
    };
  },
  headline: () => [
    { metric: 'test/env/all/rubric_score', goal: 'maximize', label: 'test rubric score' },
    { metric: 'env/all/rubric_score', goal: 'maximize', label: 'rubric score' },
  ],
});

const rubricJudgements = defineBuilder({
  slot: datasetSlot,
  name: 'rubric_judgements',
  version: 1,
  doc: 'The replies of rows with their scores, as what a judge is asked and is to answer: a stage that makes a judge.',
  params: Type.Object({
    rows,
    ...scoreRange,
    answer: semantic(
      Type.String({
        pattern: '\\{score\\}',
        examples: ['<score>{score}</score>'],
        default: '<score>{score}</score>',
        description: 'What the judge learns to answer, as the extraction_regex of the rows reads it.',
      }),
    ),
    batch_size: whole('Judgements in an optimizer step.', 32),
  }),
  async build(config, context, make) {
    const { judgementDatasets } = await import('./judgements.ts');
    const { seed, warn, notify, signal } = context;
    return judgementDatasets(await make(config.rows, { seed, warn, notify, signal }), config, context);
  },
});

const judgeAgreement = defineBuilder({
  slot: evaluatorSlot,
  name: 'judge_agreement',
  version: 1,
  doc: "A judge against the truth, before its rewards are used and while they are: NAME/accuracy, Cohen's NAME/kappa, NAME/unreadable.",
  params: Type.Object({
    rows,
    judge: nullable(
      semantic(
        builderOf(rubricJudgeSlot, { default: null, description: 'Who judges; null = the model that is trained.' }),
      ),
    ),
    replies: semantic(
      oneOf(['policy', 'labelled'], {
        default: 'policy',
        description:
          'What is judged: what the model says to the prompts that are held out, where an item has a rule, or the replies of their rows.',
      }),
    ),
    min_kappa: nullable(
      semantic(
        Type.Number({
          default: null,
          description: 'Less than this before the first step ends the run, and is warned of later; null = no bound.',
        }),
      ),
    ),
    name: semantic(
      Type.String({
        pattern: '^[\\w.-]+$',
        examples: ['judge'],
        default: 'judge',
        description: 'Begins the names of its metrics.',
      }),
    ),
    policy_max_tokens: whole('Longest reply that is judged, in tokens.', 1024),
    policy_temperature: semantic(Type.Number({ minimum: 0, default: 1, description: 'Of the sampling of replies.' })),
    ...judgeSampling,
    concurrency: runtime(
      Type.Integer({ minimum: 1, default: 64, description: 'Replies that are sampled, or judged, at the same time.' }),
    ),
  }),
  async build(config, { renderer, seed, models, warn, notify = () => undefined, signal }, make) {
    const { agreementEvaluator } = await import('./agreement_evaluator.ts');
    const { modelJudge } = await import('./judges.ts');
    const { tinkerMessageCompleter } = await import('../../completers/completers.ts');
    if (renderer === null)
      throw new ConfigurationError('the evaluator "judge_agreement" needs a renderer: set `renderer`');
    if (config.judge === null && config.replies === 'policy') {
      throw new ConfigurationError('judge_agreement: the model that is trained would judge what it says itself', {
        hint: 'Set judge, or replies: labelled.',
      });
    }
    const { test } = await make(config.rows, { seed, warn, notify, signal });
    const judge = config.judge === null ? null : await make(config.judge, { seed, models, warn, notify, signal });
    const { max_tokens: maxTokens, temperature, policy_max_tokens, policy_temperature } = config;
    return agreementEvaluator({
      ...config,
      rows: test,
      judge,
      ownJudge: async (client, contextWindow) =>
        await modelJudge(config, {
          judge: tinkerMessageCompleter(client, renderer, { maxTokens, temperature, contextWindow }),
          seed,
          warn,
        }),
      max_tokens: policy_max_tokens,
      temperature: policy_temperature,
      renderer,
      seed,
      warn,
      notify,
    });
  },
  headline: ({ name }) => [{ metric: `${name}/kappa`, goal: 'maximize', label: 'kappa of the judge' }],
});

export const rubricBuilders = [...rubricJudges, rubricFile, rubricSumsRows, rubric, rubricJudgements, judgeAgreement];

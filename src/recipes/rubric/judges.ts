// Who judges by a rubric: a language model, or the rules of its items.

import { Type } from '@sinclair/typebox';
import type { MessageCompleter } from '../../completers/completers.ts';
import type { Completion } from '../../preference/models/preference_model.ts';
import type { RubricOptions } from '../../preference/models/rubric_model.ts';
import { defineBuilder } from '../../registry/builder.ts';
import { builderOf, nullable, semantic, weights } from '../../registry/fields.ts';
import { reference } from '../../registry/slot.ts';
import { rendererSlot } from '../../renderers/types.ts';
import { type RubricItem, type RubricJudge, rubricJudgeSlot } from './types.ts';

export const scoreRange = {
  min_score: semantic(
    Type.Number({
      default: 0,
      description: 'The lowest score a judge may say, which counts as 0; what is below it too.',
    }),
  ),
  max_score: semantic(
    Type.Number({ default: 1, description: 'The highest score, which counts as 1; what is above it too.' }),
  ),
};

export const judgeSampling = {
  ...scoreRange,
  max_tokens: semantic(Type.Integer({ minimum: 1, default: 2048, description: 'Longest answer of the judge.' })),
  temperature: semantic(Type.Number({ minimum: 0, default: 0, description: 'Of its sampling; 0 = greedy.' })),
  retries: semantic(
    Type.Integer({
      minimum: 0,
      default: 0,
      description: 'So many more answers are asked for where one cannot be read. Takes a temperature above 0.',
    }),
  ),
};

interface JudgeSettings {
  min_score: number;
  max_score: number;
  temperature: number;
  retries: number;
}

/** An item as a rubric of its own. */
export const itemOptions = (item: RubricItem, settings: JudgeSettings): RubricOptions => ({
  rubric: item.rubric_str,
  mode: 'score',
  instruction: item.grader_output_format_instruction,
  pattern: item.extraction_regex,
  ...settings,
});

/** A language model, asked about one item at a time. */
export async function modelJudge(
  settings: JudgeSettings,
  parts: { judge: MessageCompleter; seed: number; warn(message: string): void },
): Promise<RubricJudge> {
  const { rubricScorer } = await import('../../preference/models/rubric_model.ts');
  // One warning of answers that cannot be read is enough for all items.
  let isTold = false;
  const warn = (message: string) => {
    if (!isTold) parts.warn(message);
    isTold = true;
  };
  return {
    kind: 'model',
    score: async (item, completion, options) =>
      await rubricScorer(itemOptions(item, settings), { ...parts, warn })(completion, options),
  };
}

const model = defineBuilder({
  slot: rubricJudgeSlot,
  name: 'model',
  version: 1,
  doc: 'A language model is asked about each item of the rubric, in the words of its row.',
  params: Type.Object({
    weights: weights({ description: 'The judge: a run, an adapter, a model directory, or a model of the service.' }),
    renderer: nullable(
      semantic(
        builderOf(rendererSlot, {
          default: null,
          description: 'null = the one that the weights were trained with, else the one that suits the model best.',
        }),
      ),
    ),
    ...judgeSampling,
  }),
  async build(config, { models, seed, warn }, make) {
    const { requireModels } = await import('../../training/other_models.ts');
    const { tinkerMessageCompleter } = await import('../../completers/completers.ts');
    const opened = await requireModels(models, 'a judge').open(config.weights);
    const { client, tokenizer, rendererRef, maxContextLength } = opened;
    const renderer = await make(config.renderer ?? reference(rendererSlot, rendererRef), { tokenizer });
    const { max_tokens: maxTokens, temperature } = config;
    const judge = tinkerMessageCompleter(client, renderer, { maxTokens, temperature, contextWindow: maxContextLength });
    return await modelJudge(config, { judge, seed, warn });
  },
});

const scripted = defineBuilder({
  slot: rubricJudgeSlot,
  name: 'scripted',
  version: 1,
  doc: 'The rules of the items: the truth, where a program can tell it. An item without a rule cannot be judged.',
  params: Type.Object({}),
  async build() {
    const { ruleScore } = await import('./rules.ts');
    const { textOf } = await import('../../preference/models/rules.ts');
    const score = async ({ rule }: RubricItem, { completion }: Completion) =>
      rule === null ? null : ruleScore(rule, textOf(completion));
    return { kind: 'scripted', score };
  },
});

export const rubricJudges = [model, scripted];

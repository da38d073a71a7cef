// Models that say which of two replies is better, under the names that specs use.

import { Type } from '@sinclair/typebox';
import { defineBuilder } from '../../registry/builder.ts';
import { builderOf, contents, nullable, oneOf, runtime, semantic, weights } from '../../registry/fields.ts';
import { reference } from '../../registry/slot.ts';
import { rendererSlot } from '../../renderers/types.ts';
import { preferenceModelSlot } from './preference_model.ts';
import { rules } from './rules.ts';

const renderer = nullable(
  semantic(
    builderOf(rendererSlot, {
      default: null,
      description: 'null = the one that the weights were trained with, else the one that suits the model best.',
    }),
  ),
);

const trained = defineBuilder({
  slot: preferenceModelSlot,
  name: 'trained',
  version: 1,
  doc: 'A reward model: the weights of a run on comparison_labels (PreferenceModelBuilderFromChatRenderer of tinker_cookbook/preference).',
  params: Type.Object({
    weights: weights({ description: 'What was trained on comparison_labels: a run, or {run: DIR, checkpoint: NAME}.' }),
    renderer,
    use_probability: semantic(
      Type.Boolean({
        default: false,
        description:
          'false: −1 or 1 by the most likely label, 0 for a tie. true: p(B) − p(A), of what A and B have together.',
      }),
    ),
  }),
  async build(config, { models, warn }, make) {
    const { requireModels } = await import('../../training/other_models.ts');
    const { trainedModel } = await import('./trained_model.ts');
    const opened = await requireModels(models, 'a reward model').open(config.weights);
    const { client, tokenizer, rendererRef, maxContextLength, identity } = opened;
    const renderer = await make(config.renderer ?? reference(rendererSlot, rendererRef), { tokenizer });
    const model = trainedModel({ client, renderer, maxContextLength, useProbability: config.use_probability, warn });
    return { ...model, identity };
  },
});

const rubric = defineBuilder({
  slot: preferenceModelSlot,
  name: 'rubric',
  version: 1,
  doc: 'A language model that judges replies by a rubric: each for itself, by a score, or two side by side.',
  params: Type.Object({
    weights: weights({ description: 'The judge: a run, an adapter, a model directory, or a model of the service.' }),
    renderer,
    rubric: semantic(Type.String({ minLength: 1, description: 'What makes a reply good.' })),
    mode: semantic(
      oneOf(['score', 'compare'], {
        default: 'score',
        description:
          'score: each reply gets a number, and the higher one wins by the difference. compare: A, B or Tie.',
      }),
    ),
    instruction: nullable(
      semantic(
        Type.String({
          default: null,
          description: 'How the judge is to answer. null: between the tags that pattern reads.',
        }),
      ),
    ),
    pattern: nullable(
      semantic(
        Type.String({
          default: null,
          description:
            'A regular expression whose first group is the answer; the last match counts. null: <score>…</score>, or <preference>…</preference>.',
        }),
      ),
    ),
    min_score: semantic(Type.Number({ default: 0, description: 'The lowest score; what is below it counts as this.' })),
    max_score: semantic(
      Type.Number({ default: 1, description: 'The highest score; what is above it counts as this.' }),
    ),
    max_tokens: semantic(Type.Integer({ minimum: 1, default: 1024, description: 'Longest answer of the judge.' })),
    temperature: semantic(Type.Number({ minimum: 0, default: 0, description: 'Of its sampling; 0 = greedy.' })),
    retries: semantic(
      Type.Integer({
        minimum: 0,
        default: 0,
        description: 'So many more answers are asked for where one cannot be read. Takes a temperature above 0.',
      }),
    ),
  }),
  async build(config, { models, seed, warn }, make) {
    const { requireModels } = await import('../../training/other_models.ts');
    const { tinkerMessageCompleter } = await import('../../completers/completers.ts');
    const { rubricModel } = await import('./rubric_model.ts');
    const opened = await requireModels(models, 'a rubric').open(config.weights);
    const { client, tokenizer, rendererRef, maxContextLength, identity } = opened;
    const renderer = await make(config.renderer ?? reference(rendererSlot, rendererRef), { tokenizer });
    const { max_tokens: maxTokens, temperature } = config;
    const judge = tinkerMessageCompleter(client, renderer, { maxTokens, temperature, contextWindow: maxContextLength });
    return { ...rubricModel(config, { judge, seed, warn }), identity };
  },
  async check(config) {
    const { rubricProblems } = await import('./rubric_model.ts');
    return rubricProblems(config);
  },
});

const classifier = defineBuilder({
  slot: preferenceModelSlot,
  name: 'classifier',
  version: 1,
  doc: 'A text classifier in ONNX, as of Hugging Face transformers: the reply that has more of a label is better.',
  params: Type.Object({
    model_path: contents(
      Type.String({
        format: 'path',
        description: 'A directory with config.json, tokenizer.json and onnx/model.onnx, or model.onnx.',
      }),
    ),
    label: nullable(
      semantic(
        Type.String({
          default: null,
          description: 'The label of config.json whose probability counts. null: the only one, as reward models have.',
        }),
      ),
    ),
    input: semantic(
      oneOf(['reply', 'conversation'], {
        default: 'reply',
        description: 'What is classified: the reply, or the conversation and the reply as a pair of texts.',
      }),
    ),
    max_length: nullable(
      semantic(
        Type.Integer({
          minimum: 3,
          default: null,
          description: 'Tokens, from the first, that are read. null: as many as the model takes.',
        }),
      ),
    ),
    threads: runtime(Type.Integer({ minimum: 1, default: 1, description: 'Threads that compute.' })),
  }),
  async build(config) {
    const { classifierModel } = await import('./classifier_model.ts');
    return await classifierModel(config);
  },
});

export const preferenceModels = [...rules, trained, rubric, classifier];

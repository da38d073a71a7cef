// The evaluator `comparison`: how often a policy's reply is better than the completion of a dataset.

import { type Static, Type } from '@sinclair/typebox';
import { defineBuilder } from '../registry/builder.ts';
import { runtime, semantic } from '../registry/fields.ts';
import { evaluatorSlot } from '../training/evaluator.ts';
import { ConfigurationError } from '../util/errors.ts';
import { heldOutFields } from './comparison_params.ts';
import { judgeFields } from './judge_fields.ts';

const params = Type.Object({
  ...heldOutFields,
  ...judgeFields,
  name: semantic(
    Type.String({ pattern: '^[\\w.-]+$', default: 'comparison', description: 'Begins the names of its metrics.' }),
  ),
  max_tokens: semantic(Type.Integer({ minimum: 1, default: 1024, description: 'Longest reply, in tokens.' })),
  temperature: semantic(Type.Number({ minimum: 0, default: 1, description: 'Of sampling; 0 = greedy.' })),
  concurrency: runtime(
    Type.Integer({ minimum: 1, default: 64, description: 'Replies that are sampled and judged at the same time.' }),
  ),
  save_replies: runtime(
    Type.Boolean({
      default: true,
      description: 'Write replies and what was said of them to iteration_NNNNNN/ of the run.',
    }),
  ),
});
export type ComparisonEvaluatorConfig = Static<typeof params>;

export const comparisonEvaluator = defineBuilder({
  slot: evaluatorSlot,
  name: 'comparison',
  version: 1,
  doc: "The policy's reply against the completion of a dataset: NAME/JUDGE/win_rate (ComparisonEvaluator of tinker_cookbook/preference).",
  params,
  async build(config, context, make) {
    const { buildJudges } = await import('./judges.ts');
    const { readComparedPrompts } = await import('./held_out_comparisons.ts');
    const { comparisonEvaluatorOf } = await import('./judged_replies.ts');
    const { renderer, seed, models, warn, notify, signal } = context;
    if (renderer === null) throw new ConfigurationError('the evaluator "comparison" needs a renderer: set `renderer`');
    const judges = await buildJudges(config.judges, { seed, models, warn, notify, signal }, make);
    const prompts = await readComparedPrompts(config, { warn, notify, signal });
    return comparisonEvaluatorOf({ config, judges, prompts, renderer, context });
  },
  headline: ({ name, judges }) =>
    judges.map((judge) => ({
      metric: `${name}/${judge.name}/win_rate`,
      goal: 'maximize' as const,
      label: `win rate by ${judge.name}`,
    })),
});

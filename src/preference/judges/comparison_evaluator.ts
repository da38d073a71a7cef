// The evaluator `comparison`: how often a policy's reply is better than the completion of a dataset.

import { defineBuilder } from '../../registry/builder.ts';
import { evaluatorSlot } from '../../training/evaluator.ts';
import { ConfigurationError } from '../../util/errors.ts';
import { comparisonEvaluatorParams } from './comparison_evaluator_params.ts';

export const comparisonEvaluator = defineBuilder({
  slot: evaluatorSlot,
  name: 'comparison',
  version: 1,
  doc: "The policy's reply against the completion of a dataset: NAME/JUDGE/win_rate (ComparisonEvaluator of tinker_cookbook/preference).",
  params: comparisonEvaluatorParams,
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

// Spec fields of the evaluator `comparison`.

import { type Static, Type } from '@sinclair/typebox';
import { runtime, semantic } from '../../registry/fields.ts';
import { heldOutFields } from '../data/comparison_params.ts';
import { judgeFields } from './judge_fields.ts';

export const comparisonEvaluatorParams = Type.Object({
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
export type ComparisonEvaluatorConfig = Static<typeof comparisonEvaluatorParams>;

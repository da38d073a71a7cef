// What is wrong with the loss that a spec names, before anything is opened.

import type { FieldProblem } from '../registry/builder.ts';
import type { TrainerSurroundings } from '../training/types.ts';
import { ConfigurationError } from '../util/errors.ts';
import type { LoopConfig } from './fields.ts';

export async function lossProblems(
  { loss_fn, loss_fn_config }: Pick<LoopConfig, 'loss_fn' | 'loss_fn_config'>,
  { lossProblem }: Partial<TrainerSurroundings>,
): Promise<FieldProblem[]> {
  const { policyLoss } = await import('./losses/policy_loss.ts');
  const refused = await lossProblem?.(loss_fn);
  if (typeof refused === 'string') return [{ field: 'loss_fn', message: refused }];
  try {
    policyLoss(loss_fn, loss_fn_config);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    return [{ field: 'loss_fn_config', message: error.message }];
  }
}

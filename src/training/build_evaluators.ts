// The evaluators of a run: what a loop measures of itself, and what the spec lists. All loops build them here, so that an
// evaluator that works in one works in all.

import { type BuilderRef, type Make, reference } from '../registry/slot.ts';
import { type Evaluator, type EvaluatorContext, evaluatorSlot, refuseSameNames } from './evaluator.ts';
import { otherModels } from './other_models.ts';
import type { EstimateContext } from './types.ts';

interface Listed {
  evaluators: BuilderRef<typeof evaluatorSlot>[];
  infrequent_evaluators: BuilderRef<typeof evaluatorSlot>[];
}

interface Measured extends Pick<EvaluatorContext, 'tokenizer' | 'renderer' | 'test'> {
  /** What the loop and its dataset bring, before those that are listed. */
  own?: readonly Evaluator[];
}

/**
 * Held-out data is measured even where no evaluator is listed for it.
 * @throws ConfigurationError where two would write the same files
 */
export async function buildEvaluators(
  config: Listed,
  { own = [], ...measured }: Measured,
  context: EstimateContext,
  make: Make,
): Promise<{ evaluators: Evaluator[]; infrequentEvaluators: Evaluator[] }> {
  const { seed, signal, emit } = context;
  const warn = (message: string) => emit({ type: 'warning', message });
  const notify = (message: string) => emit({ type: 'notice', message });
  const given = { ...measured, seed, signal, warn, notify, models: otherModels(context, notify) };
  const build = (refs: readonly BuilderRef<typeof evaluatorSlot>[]): Promise<Evaluator[]> =>
    Promise.all(refs.map((ref) => make(ref, given)));
  const listed = [...config.evaluators, ...config.infrequent_evaluators].some(({ builder }) => builder === 'nll');
  const implied = measured.test !== null && !listed ? [reference(evaluatorSlot, { builder: 'nll' })] : [];
  const evaluators = [...own, ...(await build([...implied, ...config.evaluators]))];
  const infrequentEvaluators = await build(config.infrequent_evaluators);
  refuseSameNames([...evaluators, ...infrequentEvaluators]);
  return { evaluators, infrequentEvaluators };
}

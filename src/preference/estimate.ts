// What learning from comparisons takes: two passes over each pair, and its completions read once by the reference.

import type { Make } from '../registry/slot.ts';
import { estimateBatches } from '../supervised/estimate.ts';
import { positionsOf } from '../tinker/types.ts';
import { buildEvaluators } from '../training/build_evaluators.ts';
import { sumOfEstimates } from '../training/estimate.ts';
import { nameOfReference } from '../training/reference_model.ts';
import type { EstimateContext, TokenEstimate } from '../training/types.ts';
import type { DpoConfig } from './fields.ts';
import { heldOutEvaluator } from './held_out.ts';
import { datumsOf } from './pair_loss.ts';
import { NO_REFERENCE } from './reference/reference.ts';
import { sequenceOf } from './reference/reference_lines.ts';
import { openPairs } from './train.ts';
import type { PreferencePair } from './types.ts';

export async function estimateDpo(config: DpoConfig, context: EstimateContext, make: Make): Promise<TokenEstimate> {
  const { baseModel, tokenizer, renderer, train, test, loss } = await openPairs(config, context, make);
  const own = test === null ? [] : [heldOutEvaluator(test, { loss, reference: NO_REFERENCE })];
  const evaluators = await buildEvaluators(config, { tokenizer, renderer, test: null, own }, context, make);
  const scored = new ScoredOnce();
  const spentOn = (pairs_P: PreferencePair[]) => {
    scored.add(pairs_P);
    const positions = positionsOf(datumsOf(pairs_P));
    // The gradient of a custom loss takes another pass.
    return { train: positions, prefill: positions };
  };
  const trained = await estimateBatches(config, { model: baseModel, train, ...evaluators }, spentOn, context);
  if (!loss.reference) return trained;
  const held = config.eval_every === 0 ? 0 : (test?.length ?? 0);
  for (let index = 0; test !== null && index < held; index++) scored.add(await test.getBatch(index));
  const reference = await nameOfReference(config.reference_model, config, context);
  // Runs of a sweep that have the reference in common ask it once for all of them.
  return sumOfEstimates(trained, {
    spent: [{ model: reference, tokens: { prefill: scored.tokens } }],
    atMost: true,
    without: [],
  });
}

/** Completions that the reference reads, each once however often it comes. */
class ScoredOnce {
  readonly #known = new Set<string>();
  tokens = 0;

  add(pairs_P: readonly PreferencePair[]): void {
    for (const datum of datumsOf(pairs_P)) {
      const sequence = sequenceOf(datum);
      if (this.#known.has(sequence)) continue;
      this.#known.add(sequence);
      // Its last target is read too.
      this.tokens += positionsOf([datum]) + 1;
    }
  }
}

// Held-out pairs: how often and by how much the policy prefers what was chosen, chosen and rejected apart.

import { positionsOf } from '../tinker/types.ts';
import type { EvaluationInput, Evaluator } from '../training/evaluator.ts';
import type { Metrics } from '../training/types.ts';
import type { PerPair } from './losses/types.ts';
import { datumsOf, type Objective, orientedLoss, type PairScores, scoresOf } from './pair_loss.ts';
import { preferenceMetrics } from './pair_metrics.ts';
import type { PreferenceDataset, PreferencePair } from './types.ts';

/** `test/*` of all held-out pairs as one batch, so that nothing depends on how they are divided. */
export function heldOutEvaluator(test: PreferenceDataset, objective: Objective): Evaluator {
  const { loss } = objective;
  return {
    async estimate() {
      let prefill = 0;
      for (let index = 0; index < test.length; index++) prefill += positionsOf(datumsOf(await test.getBatch(index)));
      return { tokens: { prefill }, atMost: false };
    },
    async evaluate(input): Promise<Metrics> {
      const batches: { pairs_P: PreferencePair[]; scores: PairScores }[] = [];
      for (let index = 0; index < test.length; index++) {
        input.signal.throwIfAborted();
        batches.push(await scoredBatch(await test.getBatch(index), objective, input));
      }
      const ties_P = batches.flatMap(({ pairs_P }) => pairs_P.map(({ tie }) => tie));
      const joined = (of: (scores: PairScores) => PerPair): PerPair => ({
        chosen_P: batches.flatMap(({ scores }) => of(scores).chosen_P),
        rejected_P: batches.flatMap(({ scores }) => of(scores).rejected_P),
      });
      const scores = {
        policy: joined(({ policy }) => policy),
        reference: joined(({ reference }) => reference),
        tokens: joined(({ tokens }) => tokens),
      };
      const metrics = { dpo_loss: orientedLoss(scores, ties_P, loss).loss, ...preferenceMetrics(scores, ties_P, loss) };
      return Object.fromEntries(Object.entries(metrics).map(([name, value]) => [`test/${name}`, value]));
    },
  };
}

async function scoredBatch(
  pairs_P: PreferencePair[],
  { reference }: Objective,
  { training, signal }: EvaluationInput,
): Promise<{ pairs_P: PreferencePair[]; scores: PairScores }> {
  const data_D = datumsOf(pairs_P);
  const reference_P = await reference.of(pairs_P, signal);
  const output = await (await training.forward(data_D, 'cross_entropy', undefined, { logprobs: 'trained' })).result();
  const logprobs_D_T = output.loss_fn_outputs.map(({ logprobs }) => logprobs.data);
  return { pairs_P, scores: scoresOf(pairs_P, logprobs_D_T, reference_P) };
}

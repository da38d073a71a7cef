// The advantage of a token by its teacher: how much likelier it is to the teacher than to the student that said it
// (tinker_cookbook/distillation/train_on_policy.py).

import type { TokenAdvantages } from '../rl/advantage_source.ts';
import { incorporateKlPenalty, type KlPenalty } from '../rl/kl_penalty.ts';
import type { Share } from '../rl/means.ts';
import { addUsage, scoringUsage } from '../rl/token_usage.ts';
import { type ScoredTargets, scoreTargets } from '../training/score_targets.ts';
import { RequestError } from '../util/errors.ts';
import type { Teacher } from './teacher.ts';

export interface TaughtDataset {
  teacher: Pick<Teacher, 'client' | 'description'>;
  /** What its teacher_kl is also reported under; null = nothing else. */
  name: string | null;
}

/**
 * −coef · (log-prob of the student − log-prob of the teacher) on every token that was sampled, or its discounted sum with what
 * follows. `teacher_kl` is the mean of the difference, an estimate of the reverse KL a token in nats.
 * @param datasets by the `source` of groups
 */
export function teacherAdvantages(
  datasets: readonly TaughtDataset[],
  { coef, discount }: Pick<KlPenalty, 'coef' | 'discount'>,
): TokenAdvantages {
  return {
    async add(data_D, groups_D, signal) {
      const sources_D = groups_D.map(({ source = 0 }) => source);
      const scored_D = await Promise.all(
        data_D.map(async (datum, d) => {
          const { client, description } = datasets[sources_D[d]].teacher;
          const [scored] = await scoreTargets(client, [datum], signal);
          checkScores(scored, datum.loss_fn_inputs.mask.data, description);
          return scored;
        }),
      );
      const teacher_D_T = scored_D.map(({ logprobs_T }) => logprobs_T);
      const { data_D: taught_D, kl_D } = incorporateKlPenalty(data_D, teacher_D_T, {
        coef,
        discount,
        baseline: 'zero',
      });
      const means: Record<string, Share[]> = { teacher_kl: kl_D };
      for (const [source, { name }] of datasets.entries()) {
        const own = kl_D.filter((_, d) => sources_D[d] === source);
        means[`teacher_kl/dataset_${source}`] = own;
        if (name !== null) means[`teacher_kl/${name}`] = own;
      }
      return {
        data_D: taught_D,
        means,
        usage: addUsage(...scored_D.map(({ input }) => scoringUsage(input))),
      };
    },
  };
}

/** What a service says of a token that is to be trained on must be a number. */
function checkScores({ logprobs_T }: ScoredTargets, mask_T: ArrayLike<number>, teacher: string): void {
  if (logprobs_T.length !== mask_T.length)
    throw new RequestError(`the teacher ${teacher} gave ${logprobs_T.length} log-probs for ${mask_T.length} tokens`);
  const bad = logprobs_T.findIndex((logprob, t) => mask_T[t] > 0 && !Number.isFinite(logprob));
  if (bad >= 0) throw new RequestError(`the teacher ${teacher} gave a token the log-prob ${logprobs_T[bad]}`);
}

// The held-out environments of a dataset, as an evaluator: the policy as it is, rolled out without learning from it.

import { tinkerTokenCompleter } from '../completers/completers.ts';
import type { Evaluator } from '../training/evaluator.ts';
import { seedFor } from '../util/random.ts';
import { startAll } from '../util/start_all.ts';
import type { LoopConfig } from './fields.ts';
import { rolloutMetrics } from './metrics.ts';
import { RolloutErrorCounter } from './rollout_errors.ts';
import { doGroupRollout } from './rollouts.ts';
import type { RolloutStrategy } from './strategies.ts';
import type { Transcripts } from './transcripts.ts';
import type { RLDataset, RolledOutGroup } from './types.ts';

export interface TestSetParts {
  config: LoopConfig;
  strategy: RolloutStrategy;
  contextLength: number;
  transcripts: Transcripts;
  seed: number;
  warn(message: string): void;
}

/** `test/env/*`, and `test/rollout_errors/*` of this evaluation. Every evaluation samples with the same seeds. */
export function rlTestSetEvaluator(test: RLDataset, parts: TestSetParts): Evaluator {
  const { config, strategy, contextLength, transcripts, seed, warn } = parts;
  return {
    async evaluate({ sampling, step, signal }) {
      const client = await sampling();
      const { max_tokens: maxTokens, test_temperature, temperature: ofTraining } = config;
      const temperature = test_temperature ?? ofTraining;
      const policy = tinkerTokenCompleter(client, { maxTokens, temperature, contextWindow: contextLength });
      const errors = new RolloutErrorCounter(warn);
      const builders_P = Array.from({ length: test.length }, (_, index) => test.getBatch(index)).flat();
      const bounds = { most: config.max_concurrent_groups, signal };
      const rollingOut = startAll(
        builders_P,
        bounds,
        async (builder, ordinal, signal): Promise<RolledOutGroup | null> => {
          const began = performance.now();
          const { group, tags, rollout_errors } = await doGroupRollout(builder, {
            policy,
            strategy,
            limits: config,
            termination: config,
            contextLength,
            seed: seedFor(seed, 'test', ordinal),
            policyStep: step,
            signal,
          });
          errors.count(rollout_errors, { skipped: group === null });
          const sampling_seconds = (performance.now() - began) / 1000;
          return group && { group, tags, ordinal, sampling_client_step: step, sampling_seconds };
        },
      );
      const groups_P = (await Promise.all(rollingOut)).filter((group) => group !== null);
      await transcripts.write('eval/test', step, groups_P);
      const metrics = { ...rolloutMetrics(groups_P), ...errors.metrics() };
      return Object.fromEntries(Object.entries(metrics).map(([name, value]) => [`test/${name}`, value]));
    },
  };
}

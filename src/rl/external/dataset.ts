// The tasks of a program in batches: the first ones held out, the others in an order that the seed decides.

import { ConfigurationError } from '../../util/errors.ts';
import { cyclicOrder } from '../../util/permutation.ts';
import { seedFor } from '../../util/random.ts';
import type { ParseErrorPolicy } from '../parse_errors.ts';
import type { EnvGroupBuilder, RLDatasetContext, RLDatasets } from '../types.ts';
import { type ExternalTask, externalEnv } from './env.ts';
import type { EnvironmentPool } from './pool.ts';
import type { Hello } from './protocol.ts';

export interface ExternalDatasetOptions {
  batch_size: number;
  group_size: number;
  n_batches: number | null;
  test_size: number;
  test_group_size: number;
  terminate_on_length: boolean;
  failed_parse_reward: number;
  parse_error_policy: ParseErrorPolicy | null;
}

/** @throws ConfigurationError for more tasks than there are, and where nothing says how many batches there are */
export function externalDatasets(
  pool: EnvironmentPool,
  { name, num_tasks }: Hello,
  options: ExternalDatasetOptions,
  { renderer, maxContextLength, maxTokens, seed }: RLDatasetContext,
): RLDatasets {
  const { batch_size, group_size, test_size, test_group_size } = options;
  if (num_tasks !== null && test_size >= num_tasks)
    throw new ConfigurationError(
      `external: test_size ${test_size} leaves none of the ${num_tasks} tasks of ${name} to train on`,
    );
  const trained = num_tasks === null ? null : num_tasks - test_size;
  const length = options.n_batches ?? (trained === null ? null : Math.ceil(trained / batch_size));
  if (length === null)
    throw new ConfigurationError(`external: ${name} has tasks without end`, {
      hint: 'Say with n_batches how many to train on.',
    });

  const group = (task: ExternalTask, size: number): EnvGroupBuilder => ({
    makeEnvs: async () =>
      Array.from({ length: size }, () =>
        externalEnv(pool, task, {
          renderer,
          failedParseReward: options.failed_parse_reward,
          parseErrorPolicy: options.parse_error_policy,
          terminateOnLength: options.terminate_on_length,
          maxTrajectoryTokens: maxContextLength,
          maxGenerationTokens: Math.min(maxTokens, maxContextLength),
        }),
      ),
    loggingTags: () => [name],
  });
  const order = trained === null ? (position: number) => position : cyclicOrder(trained, [seed]);
  const groupAt = (position: number) =>
    group({ task: test_size + order(position), seed: seedFor(seed, 'external', position) }, group_size);
  // The same for all seeds of a run, so that runs compare.
  const held = Array.from({ length: test_size }, (_, task) =>
    group({ task, seed: seedFor(0, 'external_test', task) }, test_group_size),
  );
  const sizeOf = (batch: number) =>
    options.n_batches !== null || trained === null ? batch_size : Math.min(batch_size, trained - batch * batch_size);
  return {
    train: {
      length,
      getBatch: (batch) => Array.from({ length: sizeOf(batch) }, (_, i) => groupAt(batch * batch_size + i)),
    },
    test: held.length === 0 ? null : { length: 1, getBatch: () => held },
    close: () => pool.close(),
  };
}

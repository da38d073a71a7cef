// What a spec of RL may not combine, and what it should be warned of, before anything is rolled out.

import { ConfigurationError } from '../util/errors.ts';
import type { LoopConfig } from './fields.ts';
import type { RLDataset } from './types.ts';

/** @throws ConfigurationError that names the fields */
export function checkConfig(config: LoopConfig, dataset: RLDataset, warn: (message: string) => void): void {
  const { async_config, stream_minibatch_config: stream, num_substeps } = config;
  if (stream !== null) {
    const { groups_per_batch, num_minibatches } = stream;
    const groups = async_config?.groups_per_batch ?? dataset.getBatch(0).length;
    if (groups_per_batch !== groups) {
      const other =
        async_config === null ? `a batch of the dataset has ${groups} groups` : `async_config's is ${groups}`;
      throw new ConfigurationError(`stream_minibatch_config.groups_per_batch is ${groups_per_batch}, and ${other}`, {
        hint: `Set it to ${groups}, or change the other.`,
      });
    }
    if (groups_per_batch % (num_substeps * num_minibatches) !== 0) {
      throw new ConfigurationError(
        `${groups_per_batch} groups cannot be divided into ${num_substeps} substeps of ${num_minibatches} minibatches`,
        { hint: 'groups_per_batch must be a multiple of num_substeps · num_minibatches.' },
      );
    }
    if (config.advantage === 'batch_normalized') {
      throw new ConfigurationError(
        'advantage: batch_normalized needs the whole batch, which streaming does not wait for',
        {
          hint: 'Use another advantage, or leave stream_minibatch_config out.',
        },
      );
    }
  }
  if (async_config !== null && async_config.max_steps_off_policy > 0 && STALE_LOSSES.includes(config.loss_fn)) {
    warn(
      `loss_fn ${config.loss_fn} trusts samples of older policies as they are; ppo and truncated_importance_sampling bound what they weigh`,
    );
  }
}

/** They weigh a sample by how much likelier it has become, without a bound that age could reach. */
const STALE_LOSSES = ['importance_sampling', 'cispo'];

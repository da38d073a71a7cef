// Builder of the environments that another program runs.

import { type Static, Type } from '@sinclair/typebox';
import { defineBuilder } from '../../registry/builder.ts';
import { contents, nullable, runtime, semantic } from '../../registry/fields.ts';
import { ConfigurationError } from '../../util/errors.ts';
import { parseErrorPolicyField } from '../parse_errors.ts';
import { type RLDatasetContext, type RLDatasets, rlDatasetSlot } from '../types.ts';

const count = (description: string, value: number, minimum = 1) =>
  semantic(Type.Integer({ minimum, default: value, description }));
const seconds = (description: string, value: number) =>
  runtime(Type.Number({ exclusiveMinimum: 0, maximum: 86_400, default: value, description }));

const params = Type.Object({
  command: contents(
    Type.Array(Type.String(), {
      minItems: 1,
      description:
        'The program and its arguments, one text each; no shell reads them. Those that name files count by what is in them.',
    }),
  ),
  batch_size: count('Tasks in a batch.', 8),
  group_size: count('Episodes of each task, which are compared with one another.', 8),
  n_batches: nullable(
    semantic(
      Type.Integer({ minimum: 1, default: null, description: 'Batches; null = as many as show each task once.' }),
    ),
  ),
  test_size: count('Tasks, the first ones, that are held out and never trained on.', 0, 0),
  test_group_size: count('Episodes of each task that is held out.', 1),
  terminate_on_length: semantic(
    Type.Boolean({
      default: true,
      description:
        'A reply that is cut at max_tokens ends the episode; if not, the program is given what there is of it.',
    }),
  ),
  failed_parse_reward: semantic(
    Type.Number({ default: -1, description: 'Reward of a reply that has no end, which ends the episode.' }),
  ),
  parse_error_policy: parseErrorPolicyField,
  processes: runtime(Type.Integer({ minimum: 1, maximum: 256, default: 1, description: 'Processes of the program.' })),
  start_timeout_seconds: seconds('A process that takes longer to say hello is killed.', 300),
  request_timeout_seconds: seconds(
    'A process that answers nothing for so long while it is asked is killed and started again.',
    120,
  ),
});

export const external = defineBuilder({
  slot: rlDatasetSlot,
  name: 'external',
  version: 1,
  doc: 'Environments that another program runs, in any language: docs/environments-external.md tells how they are spoken to.',
  params,
  async build(config, context): Promise<RLDatasets> {
    return await openExternal(config, context);
  },
});

async function openExternal(config: Static<typeof params>, context: RLDatasetContext): Promise<RLDatasets> {
  const { EnvironmentPool } = await import('./pool.ts');
  const { externalDatasets } = await import('./dataset.ts');
  const { RolloutFailure } = await import('../rollout_failure.ts');
  const { unlessAborted } = await import('../../util/abort.ts');
  const { command, processes, start_timeout_seconds, request_timeout_seconds } = config;
  const pool = new EnvironmentPool({
    command,
    processes,
    startSeconds: start_timeout_seconds,
    requestSeconds: request_timeout_seconds,
    notify: (message) => context.notify?.(message),
    warn: context.warn,
  });
  try {
    return externalDatasets(pool, await unlessAborted(context.signal, pool.hello()), config, context);
  } catch (error) {
    await pool.close();
    if (!(error instanceof RolloutFailure)) throw error;
    throw new ConfigurationError(`the environment of ${command.join(' ')}: ${error.message}`, {
      hint:
        error.type === 'external_died'
          ? 'Run the command by itself until it waits for its input; docs/environments-external.md tells what the environments of Python packages need.'
          : 'It must answer {"method": "hello"} on its standard output: docs/environments-external.md says how.',
      cause: error,
    });
  }
}

// Shell tasks under the name that specs use.

import { type Static, Type } from '@sinclair/typebox';
import { defineBuilder } from '../../registry/builder.ts';
import { contents, nullable, semantic } from '../../registry/fields.ts';
import type { Make } from '../../registry/slot.ts';
import { requireTools } from '../../renderers/with_tools.ts';
import { type EnvGroupBuilder, type RLDatasetContext, type RLDatasets, rlDatasetSlot } from '../../rl/types.ts';
import { limitFields, sandboxField } from '../../sandbox/fields.ts';
import { ConfigurationError } from '../../util/errors.ts';
import type { HarborTask } from './harbor_task.ts';

const SYSTEM_PROMPT =
  'You are a software engineer. You work in a Linux sandbox without network by the tool bash. Answer without a call when the task is done.';

const tasks = (description: string, options: object = {}) =>
  contents(Type.String({ format: 'path', description, ...options }));

const params = Type.Object({
  tasks: tasks('A directory of tasks in the layout of Harbor, or one task.'),
  test_tasks: nullable(tasks('Tasks that are held out.', { default: null })),
  batch_size: semantic(Type.Integer({ minimum: 1, default: 4, description: 'Tasks in a batch.' })),
  group_size: semantic(Type.Integer({ minimum: 1, default: 4, description: 'Tries at each.' })),
  n_batches: semantic(
    Type.Integer({ minimum: 1, default: 100, description: 'Batches; tasks come again in another order.' }),
  ),
  max_turns: semantic(Type.Integer({ minimum: 1, default: 10, description: 'Replies of an episode.' })),
  system_prompt: nullable(
    semantic(Type.String({ default: SYSTEM_PROMPT, description: 'In front of every instruction. null = nothing.' })),
  ),
  sandbox: sandboxField('bubblewrap'),
  limits: semantic(
    Type.Object(
      { ...limitFields, output_bytes: { ...limitFields.output_bytes, default: 16_384 } },
      { default: {}, description: 'What one command may take.' },
    ),
  ),
});

export const shellTasks = defineBuilder({
  slot: rlDatasetSlot,
  name: 'shell_tasks',
  version: 1,
  doc: 'Tasks for an agent with a shell, in the layout of Harbor: instruction, environment, tests and the reward that they write.',
  params,
  async build(config, context, make): Promise<RLDatasets> {
    return await buildShellTasks(config, context, make);
  },
});

async function buildShellTasks(
  config: Static<typeof params>,
  context: RLDatasetContext,
  make: Make,
): Promise<RLDatasets> {
  const { readHarborTasks } = await import('./harbor_task.ts');
  const { prepare, shellEnv } = await import('./shell_env.ts');
  const { cyclicOrder } = await import('../../util/permutation.ts');
  const { batch_size, group_size, n_batches, test_tasks } = config;
  requireTools(context.renderer, 'shell_tasks');
  const train = await readHarborTasks(config.tasks);
  const test = test_tasks === null ? [] : await readHarborTasks(test_tasks);
  const sandbox = await make(config.sandbox, context);
  if (sandbox.openSession === undefined) {
    throw new ConfigurationError(`the sandbox ${sandbox.name} has no shell`, { hint: 'Set sandbox: bubblewrap.' });
  }
  const open = sandbox.openSession.bind(sandbox);
  const group = (task: HarborTask, size: number): EnvGroupBuilder => {
    const sessions: Awaited<ReturnType<typeof open>>[] = [];
    return {
      makeEnvs: async () =>
        await Promise.all(
          Array.from({ length: size }, async () => {
            const session = await open();
            sessions.push(session);
            await prepare(session, task);
            return shellEnv(task, { ...config, ...context, session });
          }),
        ),
      cleanup: async () => {
        await Promise.all(sessions.splice(0).map((session) => session.close()));
      },
      loggingTags: () => ['shell_tasks', task.name],
    };
  };
  const order = cyclicOrder(train.length, [context.seed]);
  return {
    train: {
      length: n_batches,
      getBatch: (batch) =>
        Array.from({ length: batch_size }, (_, i) => group(train[order(batch * batch_size + i)], group_size)),
    },
    test: test.length === 0 ? null : { length: 1, getBatch: () => test.map((task) => group(task, 1)) },
  };
}

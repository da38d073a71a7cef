// The logger `wandb`: W&B's offline directory, which W&B's own command uploads.

import { Type } from '@sinclair/typebox';
import { defineBuilder } from '../../registry/builder.ts';
import { nullable, runtime } from '../../registry/fields.ts';
import { sinkSlot } from '../../training/sink.ts';

const DEFAULT_PROJECT = 'cookbook';

export const wandb = defineBuilder({
  slot: sinkSlot,
  name: 'wandb',
  version: 1,
  doc: "A run in W&B's offline directory. `wandb sync`, of the Python package, uploads it; nothing here needs a key.",
  params: Type.Object({
    project: nullable(
      runtime(
        Type.String({
          minLength: 1,
          default: null,
          description: `null = that of WANDB_PROJECT, or the name of the sweep, or ${DEFAULT_PROJECT}.`,
        }),
      ),
    ),
    entity: nullable(
      runtime(
        Type.String({
          minLength: 1,
          default: null,
          description: 'User or team; null = that of WANDB_ENTITY, or whoever uploads it.',
        }),
      ),
    ),
    directory: nullable(
      runtime(
        Type.String({
          format: 'path',
          minLength: 1,
          default: null,
          description: 'Directory in which wandb/ is, or comes to be; null = the run directory.',
        }),
      ),
    ),
  }),
  async build({ project, entity, directory }, { run, env, signal, tell }) {
    const { OfflineRun } = await import('./offline_run.ts');
    return new OfflineRun({
      run,
      signal,
      tell,
      directory: directory ?? run.directory,
      project: project ?? (env.WANDB_PROJECT || run.group || DEFAULT_PROJECT),
      entity: entity ?? (env.WANDB_ENTITY || null),
    });
  },
});

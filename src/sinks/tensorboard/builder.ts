// The logger `tensorboard`: event files in the run directory, or in a directory of many runs.

import { join } from 'node:path';
import { Type } from '@sinclair/typebox';
import { defineBuilder } from '../../registry/builder.ts';
import { nullable, runtime } from '../../registry/fields.ts';
import { sinkSlot } from '../../training/sink.ts';

export const tensorboard = defineBuilder({
  slot: sinkSlot,
  name: 'tensorboard',
  version: 1,
  doc: "Event files for TensorBoard, in the run directory's tensorboard/ or below a directory that runs share.",
  params: Type.Object({
    directory: nullable(
      runtime(
        Type.String({
          format: 'path',
          minLength: 1,
          default: null,
          description: 'Directory in which each run has one of its own; null = tensorboard/ in the run directory.',
        }),
      ),
    ),
  }),
  async build({ directory }, context) {
    const { run } = context;
    const { EventFile } = await import('./event_file.ts');
    if (directory === null) return new EventFile(join(run.directory, 'tensorboard'), context);
    const called = run.name.endsWith(run.hash) ? run.name : `${run.name}-${run.hash}`;
    // TensorBoard shows the files of one directory as one run, and a copy is called as its original is.
    const own = run.copyOf === null ? called : `${called}-${run.id.slice(0, 8)}`;
    return new EventFile(join(directory, ...(run.group === null ? [] : [run.group]), own), context);
  },
});

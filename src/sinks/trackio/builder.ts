// The logger `trackio`: the database of a project, which the dashboard of Trackio shows.

import { join, resolve } from 'node:path';
import { Type } from '@sinclair/typebox';
import { defineBuilder } from '../../registry/builder.ts';
import { nullable, runtime } from '../../registry/fields.ts';
import { sinkSlot } from '../../training/sink.ts';

const DEFAULT_PROJECT = 'cookbook';

export const trackio = defineBuilder({
  slot: sinkSlot,
  name: 'trackio',
  version: 1,
  doc: "A run in the database of a Trackio project, below the directory that Trackio's dashboard shows.",
  params: Type.Object({
    project: nullable(
      runtime(
        Type.String({
          minLength: 1,
          default: null,
          description: `null = the name of the sweep, or ${DEFAULT_PROJECT}.`,
        }),
      ),
    ),
    directory: nullable(
      runtime(
        Type.String({
          format: 'path',
          minLength: 1,
          default: null,
          description: "Where projects lie; null = TRACKIO_DIR, or Trackio's own place in the cache of Hugging Face.",
        }),
      ),
    ),
  }),
  async build({ project, directory }, { run, env, signal, tell }) {
    const { TrackioSink } = await import('./sink.ts');
    const { databaseName, trackioDirectory } = await import('./project.ts');
    const name = databaseName(project ?? run.group ?? DEFAULT_PROJECT);
    return new TrackioSink({ path: resolve(join(directory ?? trackioDirectory(env), name)), run, signal, tell });
  },
});

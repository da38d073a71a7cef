// The fields that every run spec has beside those of its trainer.

import { type TObject, Type } from '@sinclair/typebox';
import type { AnyBuilder } from '../registry/builder.ts';
import { builderOf, contents, oneOf, runtime, semantic } from '../registry/fields.ts';
import { serviceSlot } from '../tinker/service.ts';
import { loggersField } from '../training/sink.ts';
import { IF_EXISTS } from './types.ts';

/** `extends` is not among them: loading consumes it. */
export const rootParams = Type.Object({
  trainer: semantic(
    Type.String({ description: 'The training loop, by name. Its parameters stand beside this field.' }),
  ),
  log_path: runtime(
    Type.String({
      format: 'path',
      minLength: 1,
      description: 'Directory of the run: logs, metrics and checkpoints. Relative to where the command runs.',
    }),
  ),
  // Hashed apart from the rest of the identity: runs that differ in nothing else are replicates.
  seed: semantic(
    Type.Integer({
      minimum: 0,
      maximum: 0xffffffff,
      default: 0,
      description: 'Fixes everything random: initial weights, order of the data, sampling.',
    }),
  ),
  service: semantic(
    builderOf(serviceSlot, { default: { builder: 'local' }, description: 'Where training and sampling run.' }),
  ),
  if_exists: runtime(
    oneOf(IF_EXISTS, { default: 'ask', description: 'What to do when another run lies in log_path already.' }),
  ),
  loggers: loggersField,
  plugins: contents(
    Type.Array(Type.String({ format: 'path' }), {
      default: [],
      description: 'TypeScript or JavaScript files whose exported builders are registered before the spec is read.',
    }),
  ),
});

const runParams = new WeakMap<AnyBuilder, TObject>();

/** All the fields of a run spec with this trainer. */
export function paramsOfRun(trainer: AnyBuilder): TObject {
  const known = runParams.get(trainer);
  if (known !== undefined) return known;
  const params = Type.Object({ ...rootParams.properties, ...trainer.params.properties });
  runParams.set(trainer, params);
  return params;
}

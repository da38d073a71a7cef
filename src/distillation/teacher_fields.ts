// Spec fields that say who teaches.

import { type Static, Type } from '@sinclair/typebox';
import { builderOf, contents, nullable, semantic, weights } from '../registry/fields.ts';
import { serviceSlot } from '../tinker/service.ts';

const teacherParams = Type.Object({
  model_name: nullable(
    contents(
      Type.String({
        default: null,
        description:
          "The model: a directory, a GGUF file, or a name on the Hugging Face hub; null = the one that load_checkpoint_path was trained on, else the student's.",
      }),
    ),
  ),
  load_checkpoint_path: nullable(
    weights({
      model: 'model_name',
      default: null,
      description: 'Its weights, as a run or whatever load_checkpoint_path of a run takes; null = the model as it is.',
    }),
  ),
  service: nullable(
    semantic(
      builderOf(serviceSlot, { default: null, description: 'Where it runs; null = where the student is trained.' }),
    ),
  ),
});
export type TeacherConfig = Static<typeof teacherParams>;

/** A field of a spec that says who teaches. */
export const teacherField = (description: string) =>
  semantic(Type.Unsafe<TeacherConfig>({ ...teacherParams, description }));

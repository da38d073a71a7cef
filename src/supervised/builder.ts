// Builder of the `supervised` trainer: fine-tuning with an adapter.

import { Type } from '@sinclair/typebox';
import { defineBuilder } from '../registry/builder.ts';
import { builderOf, contents, nullable, semantic } from '../registry/fields.ts';
import { rendererSlot } from '../renderers/types.ts';
import { trainerSlot } from '../training/types.ts';
import { loopFields, loraFields } from './fields.ts';

export const supervised = defineBuilder({
  slot: trainerSlot,
  name: 'supervised',
  version: 1,
  doc: 'Supervised fine-tuning of a LoRA adapter (tinker_cookbook/supervised/train.py).',
  params: Type.Object({
    model_name: contents(
      Type.String({
        description:
          'The base model: a directory in Hugging Face layout, a GGUF file, or a name on the Hugging Face hub.',
      }),
    ),
    load_checkpoint_path: nullable(
      contents(
        Type.String({
          default: null,
          description: 'Start from the weights of this checkpoint or run, with a fresh optimizer.',
        }),
      ),
    ),
    renderer: nullable(
      semantic(builderOf(rendererSlot, { default: null, description: 'null = the one that suits the model best.' })),
    ),
    ...loraFields,
    ...loopFields,
  }),
  async build(params) {
    const { trainSupervised } = await import('./train.ts');
    return { train: (context) => trainSupervised(params, context) };
  },
});

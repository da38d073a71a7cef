// Spec fields of loops that train an adapter: the model, what to start from, how conversations are rendered, and the adapter.

import { Type } from '@sinclair/typebox';
import { builderOf, contents, nullable, semantic, weights } from '../registry/fields.ts';
import { rendererSlot } from '../renderers/types.ts';

/** Wider than any model that there is. */
const MAX_LORA_RANK = 16_384;

const adapted = (part: string) =>
  semantic(
    Type.Boolean({ default: true, description: `Adapt ${part}. A checkpoint that is loaded keeps what it adapts.` }),
  );

/** The adapter is what LoraConfig of the Tinker API says. */
export const modelFields = {
  model_name: contents(
    Type.String({
      description:
        'The base model: a directory in Hugging Face layout, a GGUF file, or a name on the Hugging Face hub.',
    }),
  ),
  load_checkpoint_path: nullable(
    weights({
      model: 'model_name',
      default: null,
      description:
        'Start from these weights, with a fresh optimizer: a run, {run: DIR, checkpoint: final | best | NAME}, a directory with a checkpoint, an adapter or a model, or a tinker:// path.',
    }),
  ),
  renderer: nullable(
    semantic(
      builderOf(rendererSlot, {
        default: null,
        description:
          'null = the one that load_checkpoint_path was trained with, else the one that suits the model best.',
      }),
    ),
  ),
  renderer_override: semantic(
    Type.Boolean({
      default: false,
      description: 'Allow another renderer than the one that load_checkpoint_path was trained with.',
    }),
  ),
  lora_rank: semantic(
    Type.Integer({
      minimum: 1,
      maximum: MAX_LORA_RANK,
      default: 32,
      description: "Rank of the adapter, at most the model's hidden_size.",
    }),
  ),
  train_mlp: adapted('the MLP layers'),
  train_attn: adapted('the attention layers'),
  train_unembed: adapted('the unembedding, also where it is tied to the embedding, which stays as it is'),
};

const modelParams = Type.Object(modelFields);
export type ModelConfig = (typeof modelParams)['static'];

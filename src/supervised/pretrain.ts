// Pretraining: a tokenizer, packed text, a model from scratch, and the supervised loop over all of its parameters.

import { copyFile, mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { BuilderRef } from '../registry/fields.ts';
import { recommendedRenderer } from '../renderers/recommended.ts';
import { rendererSlot } from '../renderers/types.ts';
import { loadTokenizer } from '../tokenizers/hf_tokenizer.ts';
import { tokenizerSlot } from '../tokenizers/slot.ts';
import type { Tokenizer } from '../tokenizers/types.ts';
import type { TrainingContext, TrainingOutcome } from '../training/types.ts';
import type { JsonObject } from '../util/json.ts';
import { superviseTraining } from './loop.ts';
import { buildEvaluators, type EvaluatedConfig } from './train.ts';
import { datasetSlot } from './types.ts';

export interface PretrainConfig extends EvaluatedConfig {
  tokenizer: BuilderRef;
  hidden_size: number;
  intermediate_size: number;
  num_hidden_layers: number;
  num_attention_heads: number;
  num_key_value_heads: number;
  max_position_embeddings: number;
  rope_theta: number;
  save_model_path: string | null;
}

export async function trainFromScratch(config: PretrainConfig, context: TrainingContext): Promise<TrainingOutcome> {
  const { registry, service, seed, emit, logPath } = context;
  const warn = (message: string) => emit({ type: 'warning', message });
  const notify = (message: string) => emit({ type: 'notice', message });
  const modelMaxLength = config.max_position_embeddings;
  const directory = join(logPath, 'tokenizer');
  const tokenizer_path = await registry.build(tokenizerSlot, config.tokenizer, { directory, modelMaxLength, registry });
  const tokenizer = await loadTokenizer(tokenizer_path);
  const ref = recommendedRenderer({ modelName: tokenizer_path, tokenizer });
  const renderer = await registry.build(rendererSlot, ref, { tokenizer });
  const material = { tokenizer, renderer, maxContextLength: modelMaxLength, seed, warn, notify };
  const datasets = await registry.build(datasetSlot, config.dataset, material);
  const parts = {
    openClient: (state: string | null) =>
      state === null
        ? service.createFullTrainingClient({ config: modelConfig(config, tokenizer), tokenizer_path, seed })
        : service.createTrainingClientFromStateWithOptimizer(state),
    train: datasets.train,
    ...(await buildEvaluators(config, { tokenizer, renderer, test: datasets.test, seed }, context)),
    tokenizer,
  };
  const outcome = await superviseTraining(config, parts, context);
  if (outcome.state === 'done' && config.save_model_path !== null) {
    await copyModel(join(logPath, 'checkpoints', 'sampler_weights', 'final'), config.save_model_path);
  }
  return outcome;
}

/** config.json of the model: Llama with tied embeddings. */
function modelConfig(config: PretrainConfig, { vocabSize, bosTokenId, eosTokenId }: Tokenizer): JsonObject {
  return {
    architectures: ['LlamaForCausalLM'],
    model_type: 'llama',
    vocab_size: vocabSize,
    hidden_size: config.hidden_size,
    intermediate_size: config.intermediate_size,
    num_hidden_layers: config.num_hidden_layers,
    num_attention_heads: config.num_attention_heads,
    num_key_value_heads: config.num_key_value_heads,
    max_position_embeddings: config.max_position_embeddings,
    rms_norm_eps: 1e-5,
    rope_theta: config.rope_theta,
    hidden_act: 'silu',
    tie_word_embeddings: true,
    bos_token_id: bosTokenId,
    eos_token_id: eosTokenId,
  };
}

async function copyModel(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true });
  for (const name of await readdir(from)) {
    if (name !== 'checkpoint.json') await copyFile(join(from, name), join(to, name));
  }
}

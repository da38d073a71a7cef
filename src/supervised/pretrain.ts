// Pretraining: a tokenizer, packed text, a model from scratch, and the supervised loop over all of its parameters.

import { copyFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Make } from '../registry/slot.ts';
import { recommendedRenderer } from '../renderers/recommended.ts';
import { requireFullTraining } from '../tinker/capabilities.ts';
import { loadTokenizer } from '../tokenizers/hf_tokenizer.ts';
import type { Tokenizer } from '../tokenizers/types.ts';
import { buildEvaluators } from '../training/build_evaluators.ts';
import type { TrainingContext, TrainingOutcome } from '../training/types.ts';
import { makeDirectory } from '../util/files.ts';
import type { JsonObject } from '../util/json.ts';
import type { PretrainConfig } from './fields.ts';
import { crossEntropy, trainOnBatches } from './loop.ts';

export async function trainFromScratch(
  config: PretrainConfig,
  context: TrainingContext,
  make: Make,
): Promise<TrainingOutcome> {
  const { seed, emit, logPath } = context;
  const service = requireFullTraining(context.service);
  const warn = (message: string) => emit({ type: 'warning', message });
  const notify = (message: string) => emit({ type: 'notice', message });
  const modelMaxLength = config.max_position_embeddings;
  const directory = join(logPath, 'tokenizer');
  const tokenizer_path = await make(config.tokenizer, { directory, modelMaxLength });
  const tokenizer = await loadTokenizer(tokenizer_path);
  const ref = await recommendedRenderer({ modelName: tokenizer_path, tokenizer });
  const renderer = await make(ref, { tokenizer });
  const material = {
    tokenizer,
    renderer,
    maxContextLength: modelMaxLength,
    seed,
    warn,
    notify,
    signal: context.signal,
  };
  const datasets = await make(config.dataset, material);
  const measured = { tokenizer, renderer, test: datasets.test, own: datasets.evaluators };
  const parts = {
    openClient: (state: string | null) =>
      state === null
        ? service.createFullTrainingClient({ config: modelConfig(config, tokenizer), tokenizer_path, seed })
        : service.createTrainingClientFromStateWithOptimizer(state),
    train: datasets.train,
    ...(await buildEvaluators(config, measured, context, make)),
    loss: crossEntropy(tokenizer),
    renderer: ref,
  };
  const outcome = await trainOnBatches(config, parts, context);
  if ((outcome.state === 'done' || outcome.state === 'stopped') && config.save_model_path !== null) {
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
  await makeDirectory(to);
  for (const name of await readdir(from)) {
    if (name !== 'checkpoint.json') await copyFile(join(from, name), join(to, name));
  }
}

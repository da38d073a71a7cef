// Learning rates and sizes that suit a model (tinker_cookbook/hyperparam_utils.py).

import { join } from 'node:path';
import { isDirectory, readJsonFile } from '../formats/files.ts';
import { readModelConfig } from '../formats/hf_config.ts';
import { linearModules, MODULE_PARTS } from '../formats/modules.ts';
import { openModelDirectory } from '../formats/sharded.ts';
import { elementCount } from '../formats/tensors.ts';
import { locateModel } from '../hub/locate.ts';
import type { LoraParamsPerRank } from '../models/known_models.ts';
import { findKnownModel, plainModelName } from '../models/model_info.ts';
import { ConfigurationError } from '../util/errors.ts';
import { type JsonObject, numberOf, objectOf, textOf } from '../util/json.ts';

const BASE_LR = 5e-5;
const REFERENCE_WIDTH = 2000;
/** An adapter learns at ten times the rate that suits all parameters. */
const LORA_OVER_FULL = 10;

/**
 * How fast the best learning rate falls with the width of a model, as measured: rate ∝ (2000 / hidden_size)^exponent.
 * No other family has been measured.
 */
const CALIBRATED = [
  { family: 'llama', exponent: 0.781 },
  { family: 'qwen', exponent: 0.0775 },
] as const;

/**
 * The learning rate to start from, for AdamW: 5e-5 · (10 for LoRA) · (2000 / hidden_size)^P, P = 0.781 for Llama and 0.0775
 * for Qwen; `get_lr` of the Python cookbook. `model` is a name, or a directory whose config.json tells family and width.
 * @throws ConfigurationError for families whose rates nobody has measured
 */
export async function getLr(model: string, { isLora = true }: { isLora?: boolean } = {}): Promise<number> {
  const known = findKnownModel(model);
  const config = known === undefined ? await configOf(model) : {};
  const family = known?.name ?? textOf(config.model_type) ?? '';
  const calibrated = CALIBRATED.find((each) => family.toLowerCase().includes(each.family));
  if (calibrated === undefined || family.startsWith('nvidia/')) throw uncalibrated(model);
  const width = known?.hidden_size ?? widthOf(config, model);
  const rate = BASE_LR * (REFERENCE_WIDTH / width) ** calibrated.exponent;
  return isLora ? rate * getLoraLrOverFullFinetuneLr() : rate;
}

function uncalibrated(model: string): ConfigurationError {
  return new ConfigurationError(`no learning rate has been calibrated for ${model}: only for Llama and Qwen models`, {
    hint: 'Sweep learning_rate; 5e-4 with LoRA is a fair start for supervised fine-tuning, 1e-5 for DPO.',
  });
}

/** How much greater than that of full fine-tuning LoRA's learning rate is: 10; `get_lora_lr_over_full_finetune_lr`. */
export function getLoraLrOverFullFinetuneLr(): number {
  return LORA_OVER_FULL;
}

/** 1/√parameters: learning rates of full fine-tuning go by it; `get_full_finetune_lr_multiplier`. Throws as the count does. */
export async function getFullFinetuneLrMultiplier(directory: string): Promise<number> {
  return 1 / Math.sqrt(await getFullFinetuneParamCount(directory));
}

/** 10/√parameters of the whole model: LoRA's learning rates go by it; `get_lora_lr_multiplier`. Throws as the count does. */
export async function getLoraLrMultiplier(directory: string): Promise<number> {
  return (await getFullFinetuneLrMultiplier(directory)) * getLoraLrOverFullFinetuneLr();
}

/**
 * Parameters of a model, read from the headers of its safetensors files; `get_full_finetune_param_count`.
 * @param directory in Hugging Face layout, with its weights
 * @throws ConfigurationError for what is no directory, WeightsError for files that are missing or damaged
 */
export async function getFullFinetuneParamCount(directory: string): Promise<number> {
  if (!(await isDirectory(directory))) {
    throw new ConfigurationError(`${directory} is no model directory, so that its parameters cannot be counted`, {
      hint: 'Name a directory that holds config.json and model.safetensors.',
    });
  }
  const { tensors } = await openModelDirectory(directory);
  return [...tensors.values()].reduce((sum, { shape }) => sum + elementCount(shape), 0);
}

/** Which parts of a model an adapter sits in; all of them unless said otherwise. */
export interface AdaptedParts {
  train_mlp?: boolean;
  train_attn?: boolean;
  train_unembed?: boolean;
}

/**
 * Parameters of a LoRA adapter; `get_lora_param_count`. By the table for models that are known by name, and by the shapes of
 * its matrices for a directory with a config.json that the embedded engine can train.
 * @throws ConfigurationError for a model of which neither is there, WeightsError for a config.json that is not understood
 */
export async function getLoraParamCount(
  model: string,
  rank: number,
  { train_mlp = true, train_attn = true, train_unembed = true }: AdaptedParts = {},
): Promise<number> {
  if (!Number.isInteger(rank) || rank < 1) throw new ConfigurationError(`rank must be a whole number ≥ 1, not ${rank}`);
  const trained = { mlp: train_mlp, attn: train_attn, unembed: train_unembed };
  const perRank = await loraParamsPerRank(model);
  return rank * MODULE_PARTS.reduce((sum, part) => sum + (trained[part] ? perRank[part] : 0), 0);
}

async function loraParamsPerRank(model: string): Promise<LoraParamsPerRank> {
  if (!(await isDirectory(model))) {
    const known = findKnownModel(model)?.lora_params;
    if (known != null) return known;
    throw new ConfigurationError(`the shapes of ${plainModelName(model)} are not known here`, {
      hint: 'Name a directory that holds its config.json.',
    });
  }
  const perRank = { attn: 0, mlp: 0, unembed: 0 };
  for (const { part, in: width, out } of linearModules(await readModelConfig(model)).values()) {
    perRank[part] += width + out;
  }
  return perRank;
}

/** config.json as it stands: of models that the engine cannot train, too. */
async function configOf(model: string): Promise<JsonObject> {
  const { directory } = await locateModel(model.replace(/:peft:.*$/s, ''), { parts: 'tokenizer' });
  return await readJsonFile(join(directory, 'config.json'));
}

/** Models that read pictures keep the width of their language part in `text_config`. */
function widthOf(config: JsonObject, model: string): number {
  const width = numberOf(config.hidden_size) ?? numberOf(objectOf(config.text_config).hidden_size);
  if (width !== null && width > 0) return width;
  throw new ConfigurationError(`${model}: config.json does not say hidden_size`);
}

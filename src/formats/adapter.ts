// A LoRA adapter (https://arxiv.org/abs/2106.09685) as the directory that PEFT, transformers and vLLM read and write.
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { WeightsError } from '../util/errors.ts';
import { makeDirectory } from '../util/files.ts';
import type { JsonValue } from '../util/json.ts';
import { isFile, readJsonFile, replaceJsonFile } from './files.ts';
import { checkFinite } from './finite.ts';
import type { ModelConfig } from './hf_config.ts';
import { describe, Fields } from './json_fields.ts';
import { type LinearModule, linearModules } from './modules.ts';
import { openSafetensors, type SafetensorsFile, type TensorToWrite, writeSafetensors } from './safetensors.ts';
import { requireTensor } from './tensors.ts';

const CONFIG_FILE = 'adapter_config.json';
const WEIGHTS_FILE = 'adapter_model.safetensors';
const KEY_PREFIX = 'base_model.model.';
// PEFT adds a copy of the frozen output embedding when this has factors of its own.
const FROZEN_COPY = `${KEY_PREFIX}lm_head.base_layer.weight`;
const KEY = /^base_model\.model\.(.+)\.lora_([AB])\.weight$/;

/** What makes the factors plain LoRA for a causal language model. */
const PLAIN_LORA: Readonly<Record<string, JsonValue>> = { peft_type: 'LORA', task_type: 'CAUSAL_LM', bias: 'none' };
/** Variants that give the factors another meaning or add parts of other kinds, unless they are off or empty. */
const VARIANTS = [
  'use_rslora',
  'use_dora',
  'use_qalora',
  'use_bdlora',
  'lora_bias',
  'fan_in_fan_out',
  'rank_pattern',
  'alpha_pattern',
  'modules_to_save',
  'target_parameters',
  'trainable_token_indices',
  'layer_replication',
  'alora_invocation_tokens',
  'arrow_config',
  'kasa_config',
  'monteclora_config',
  'velora_config',
];

/** The update of one linear module is `alpha / rank * B A`. */
export interface LoraFactors {
  /** [rank, in], row-major. */
  readonly A: Float32Array;
  /** [out, rank], row-major. */
  readonly B: Float32Array;
}

interface AdapterConfig {
  readonly rank: number;
  readonly alpha: number;
  readonly base_model_name_or_path: string | null;
}

export interface Adapter extends AdapterConfig {
  /** By Hugging Face module name, e.g. `model.layers.0.self_attn.q_proj`. */
  readonly factors: ReadonlyMap<string, LoraFactors>;
}

/**
 * Writes an adapter for a model of this configuration. adapter_config.json goes first and comes last: a directory
 * without it is no adapter, so the halves of two of them are never read as one. Throws WeightsError when the factors do not fit the configuration.
 */
export async function writeAdapter(directory: string, adapter: Adapter, config: ModelConfig): Promise<void> {
  const modules = linearModules(config);
  const path = join(directory, WEIGHTS_FILE);
  const { rank } = adapter;
  const tensors = [...adapter.factors].flatMap(([name, { A, B }]): TensorToWrite[] => {
    const module = moduleOf(modules, name, path);
    return [
      { name: `${KEY_PREFIX}${name}.lora_A.weight`, dtype: 'F32', shape: [rank, module.in], data: A },
      { name: `${KEY_PREFIX}${name}.lora_B.weight`, dtype: 'F32', shape: [module.out, rank], data: B },
    ];
  });
  const configPath = join(directory, CONFIG_FILE);
  await makeDirectory(directory);
  await rm(configPath, { force: true });
  await writeSafetensors(path, tensors, { format: 'pt' });
  await replaceJsonFile(configPath, {
    peft_type: 'LORA',
    task_type: 'CAUSAL_LM',
    base_model_name_or_path: adapter.base_model_name_or_path,
    r: rank,
    lora_alpha: adapter.alpha,
    lora_dropout: 0,
    bias: 'none',
    target_modules: targetModules([...adapter.factors.keys()], [...modules.keys()]),
    fan_in_fan_out: false,
    inference_mode: true,
  });
}

export function isAdapterDirectory(directory: string): Promise<boolean> {
  return isFile(join(directory, CONFIG_FILE));
}

/** Reads what an adapter says of itself. Throws WeightsError, also for adapters that are more than plain LoRA. */
export async function readAdapterConfig(directory: string): Promise<AdapterConfig> {
  const path = join(directory, CONFIG_FILE);
  const fields = new Fields(await readJsonFile(path), path);
  refuseOtherKinds(fields);
  return {
    rank: fields.size('r'),
    alpha: fields.positive('lora_alpha'),
    base_model_name_or_path: fields.text('base_model_name_or_path') ?? null,
  };
}

/** Reads an adapter and checks it against the configuration of the model it is meant for. Throws WeightsError. */
export async function readAdapter(directory: string, config: ModelConfig): Promise<Adapter> {
  const adapterConfig = await readAdapterConfig(directory);
  const factors = await readFactors(join(directory, WEIGHTS_FILE), adapterConfig.rank, config);
  return { ...adapterConfig, factors };
}

async function readFactors(path: string, rank: number, config: ModelConfig): Promise<ReadonlyMap<string, LoraFactors>> {
  const file = await openSafetensors(path);
  const names = new Set<string>();
  for (const key of file.tensors.keys()) {
    const name = KEY.exec(key)?.[1];
    if (name !== undefined) names.add(name);
    else if (key === FROZEN_COPY) requireTensor(file, key, [config.vocab_size, config.hidden_size], path);
    else throw new WeightsError(`${path}: tensor "${key}" is no LoRA factor`);
  }
  if (names.size === 0) throw new WeightsError(`${path}: no LoRA factors`);

  const modules = linearModules(config);
  const factors = new Map<string, LoraFactors>();
  for (const name of names) {
    const module = moduleOf(modules, name, path);
    factors.set(name, {
      A: await readFactor(file, `${KEY_PREFIX}${name}.lora_A.weight`, [rank, module.in]),
      B: await readFactor(file, `${KEY_PREFIX}${name}.lora_B.weight`, [module.out, rank]),
    });
  }
  return factors;
}

async function readFactor(file: SafetensorsFile, key: string, shape: readonly [number, number]): Promise<Float32Array> {
  requireTensor(file, key, shape, file.path);
  const values = await file.read(key);
  checkFinite(values, { name: key, shape }, file.path);
  return values;
}

function moduleOf(modules: ReadonlyMap<string, LinearModule>, name: string, path: string): LinearModule {
  const module = modules.get(name);
  if (module === undefined) throw new WeightsError(`${path}: the model has no linear module "${name}"`);
  return module;
}

/** PEFT matches these as endings: the short names where they select exactly the adapted modules, else the full ones. */
function targetModules(adapted: readonly string[], all: readonly string[]): string[] {
  const ending = (name: string): string => name.slice(name.lastIndexOf('.') + 1);
  const endings = [...new Set(adapted.map(ending))].sort();
  const selected = all.filter((name) => endings.includes(ending(name)));
  return selected.length === adapted.length ? endings : [...adapted].sort();
}

function refuseOtherKinds(fields: Fields): void {
  for (const [field, plain] of Object.entries(PLAIN_LORA)) {
    const value = fields.value(field) ?? plain;
    if (value !== plain) throw fields.error(field, `${describe(value)} is not supported, only ${describe(plain)}`);
  }
  for (const field of VARIANTS) {
    const value = fields.value(field) ?? false;
    if (!['false', '[]', '{}'].includes(JSON.stringify(value))) {
      throw fields.error(field, `${describe(value)} is not supported`);
    }
  }
}

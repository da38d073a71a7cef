// A LoRA adapter (https://arxiv.org/abs/2106.09685) as the directory that PEFT, transformers and vLLM read and write.
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { WeightsError } from '../util/errors.ts';
import { makeDirectory } from '../util/files.ts';
import { isJsonObject, type JsonValue } from '../util/json.ts';
import { isFile, readJsonFile, replaceJsonFile } from './files.ts';
import { checkFinite } from './finite.ts';
import type { ModelConfig } from './hf_config.ts';
import { describe, Fields } from './json_fields.ts';
import { type LoraScaling, scalingOf } from './lora_scaling.ts';
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
  'use_dora',
  'use_qalora',
  'use_bdlora',
  'lora_bias',
  'fan_in_fan_out',
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

/** The update of one linear module is `scale * B A` (`lora_scaling.ts`). */
export interface LoraFactors {
  /** [rank, in], row-major. */
  readonly A: Float32Array;
  /** [out, rank], row-major. */
  readonly B: Float32Array;
}

interface AdapterConfig extends LoraScaling {
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
  const tensors = [...adapter.factors].flatMap(([name, { A, B }]): TensorToWrite[] => {
    const module = moduleOf(modules, name, path);
    const { rank } = scalingOf(adapter, name);
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
    r: adapter.rank,
    lora_alpha: adapter.alpha,
    ...variantsOf(adapter),
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
  const use_rslora = fields.value('use_rslora') ?? false;
  if (typeof use_rslora !== 'boolean')
    throw fields.error('use_rslora', `${describe(use_rslora)} is neither true nor false`);
  return {
    rank: fields.size('r'),
    alpha: fields.positive('lora_alpha'),
    ...variantsOf({
      use_rslora,
      rank_pattern: patternIn(fields, 'rank_pattern', (rank) => Number.isInteger(rank) && rank <= 2 ** 24),
      alpha_pattern: patternIn(fields, 'alpha_pattern', (alpha) => alpha <= 1e12),
    }),
    base_model_name_or_path: fields.text('base_model_name_or_path') ?? null,
  };
}

/** Reads an adapter and checks it against the configuration of the model it is meant for. Throws WeightsError. */
export async function readAdapter(directory: string, config: ModelConfig): Promise<Adapter> {
  const adapterConfig = await readAdapterConfig(directory);
  const factors = await readFactors(join(directory, WEIGHTS_FILE), adapterConfig, config);
  return { ...adapterConfig, factors };
}

async function readFactors(
  path: string,
  scaling: LoraScaling,
  config: ModelConfig,
): Promise<ReadonlyMap<string, LoraFactors>> {
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
    const { rank } = scalingOf(scaling, name);
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

/** What makes it other than uniform; nothing where it is uniform. */
function variantsOf({ use_rslora = false, rank_pattern = {}, alpha_pattern = {} }: Partial<LoraScaling>) {
  return {
    ...(use_rslora && { use_rslora }),
    ...(Object.keys(rank_pattern).length > 0 && { rank_pattern }),
    ...(Object.keys(alpha_pattern).length > 0 && { alpha_pattern }),
  };
}

function patternIn(fields: Fields, field: string, isKind: (value: number) => boolean): Record<string, number> {
  const value = fields.value(field) ?? {};
  if (!isJsonObject(value)) throw fields.error(field, `${describe(value)} is no mapping of modules`);
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => {
      if (typeof each === 'number' && each > 0 && isKind(each)) return [key, each];
      throw fields.error(field, `${describe(each)} of "${key}" is no ${field === 'rank_pattern' ? 'rank' : 'alpha'}`);
    }),
  );
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

// Checkpoints of the embedded engine on disk. An adapter is a PEFT directory and full parameters are a Hugging Face model,
// so other tools read them; beside either, a state has the optimizer's moments and what training needs to go on.

import { copyFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { type Static, Type } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import { isAdapterDirectory, readAdapter, readAdapterConfig, writeAdapter } from '../formats/adapter.ts';
import { isFile, readJsonFile, replaceJsonFile } from '../formats/files.ts';
import { checkFinite, checkFiniteWeights } from '../formats/finite.ts';
import { type ModelConfig, writeModelConfig } from '../formats/hf_config.ts';
import { checkParameters, linearModules, MODULE_PARTS } from '../formats/modules.ts';
import { type FloatDtype, openSafetensors, type SafetensorsFile, writeSafetensors } from '../formats/safetensors.ts';
import { openModelDirectory } from '../formats/sharded.ts';
import { requireTensor } from '../formats/tensors.ts';
import { CheckpointError } from '../util/errors.ts';
import { makeDirectory } from '../util/files.ts';
import { putDirectory, restoreDirectory, temporaryDirectoryFor, tidyDirectories } from '../util/replace_directory.ts';
import type { AdamState } from './adamw.ts';
import { factorA, factorB } from './adapter_shape.ts';
import type { BaseWeights } from './base_weights.ts';
import { adapterOf, fullParameters, LORA_ALPHA, type Parameters } from './parameters.ts';

const INFO_FILE = 'checkpoint.json';
const OPTIMIZER_FILE = 'optimizer.safetensors';

const InfoSchema = Type.Object({
  schema_version: Type.Literal(1),
  parameterisation: Type.Union([Type.Literal('lora'), Type.Literal('full')]),
  /** What the adapter belongs to; null for full parameters. */
  base_model: Type.Union([Type.String(), Type.Null()]),
  lora_rank: Type.Integer({ minimum: 0 }),
  /** Optimizer steps that made the moments; null in a checkpoint for sampling, which has none. */
  optimizer_step: Type.Union([Type.Integer({ minimum: 0 }), Type.Null()]),
});

export type CheckpointInfo = Static<typeof InfoSchema>;

/** Reads what a checkpoint, or an adapter that PEFT saved, says of itself. Throws CheckpointError for any other directory. */
export async function readCheckpointInfo(directory: string): Promise<CheckpointInfo> {
  const path = join(directory, INFO_FILE);
  await restoreDirectory(directory);
  if (!(await isFile(path))) {
    if (await isAdapterDirectory(directory)) return await adapterInfo(directory);
    throw new CheckpointError(`${directory}: there is no checkpoint here (no ${INFO_FILE})`, {
      hint: 'Name a directory under checkpoints/ of a run, or the run directory itself.',
    });
  }
  const info = await readJsonFile(path);
  if (Value.Check(InfoSchema, info)) return info;
  const [error] = Value.Errors(InfoSchema, info);
  throw new CheckpointError(`${path}: ${error.path}: ${error.message}`);
}

async function adapterInfo(directory: string): Promise<CheckpointInfo> {
  const { rank, base_model_name_or_path: base_model } = await readAdapterConfig(directory);
  return { schema_version: 1, parameterisation: 'lora', base_model, lora_rank: rank, optimizer_step: null };
}

export interface CheckpointToWrite {
  parameters: Parameters;
  config: ModelConfig;
  base_model: string | null;
  /** Left out of a checkpoint for sampling. */
  optimizer: AdamState | null;
  /** Of full parameters; a state is always F32. */
  dtype: FloatDtype;
  /** Files that are copied into the checkpoint as they are. */
  extraFiles: readonly string[];
}

const DTYPE_NAMES = { F32: 'float32', F16: 'float16', BF16: 'bfloat16' } as const;

/** Writes a checkpoint as a whole: it appears under its name complete, or not at all. One of that name is replaced. */
export async function writeCheckpoint(directory: string, checkpoint: CheckpointToWrite): Promise<void> {
  const { parameters, config, base_model, optimizer } = checkpoint;
  const temporary = temporaryDirectoryFor(directory);
  await tidyDirectories(dirname(directory), basename(directory));
  await makeDirectory(temporary);
  if (parameters.parameterisation === 'lora') await writeFactors(temporary, parameters, config, base_model);
  else await writeModel(temporary, parameters, config, optimizer === null ? checkpoint.dtype : 'F32');
  if (optimizer !== null) await writeMoments(temporary, parameters, optimizer);
  for (const file of checkpoint.extraFiles) await copyFile(file, join(temporary, basename(file)));
  const info: CheckpointInfo = {
    schema_version: 1,
    parameterisation: parameters.parameterisation,
    base_model,
    lora_rank: parameters.rank,
    optimizer_step: optimizer?.step ?? null,
  };
  await replaceJsonFile(join(temporary, INFO_FILE), info);
  await putDirectory(temporary, directory);
}

async function writeFactors(directory: string, { rank, values }: Parameters, config: ModelConfig, base: string | null) {
  const modules = [...values.keys()].filter((name) => name.endsWith('.lora_A.weight'));
  const factors = new Map(
    modules
      .map((name) => name.slice(0, -'.lora_A.weight'.length))
      .map((module) => [module, { A: valueIn(values, factorA(module)), B: valueIn(values, factorB(module)) }]),
  );
  const adapter = { rank, alpha: LORA_ALPHA, base_model_name_or_path: base, factors };
  await writeAdapter(directory, adapter, config);
}

async function writeModel(directory: string, { values, shapes }: Parameters, config: ModelConfig, dtype: FloatDtype) {
  const tensors = [...values].map(([name, data]) => ({ name, dtype, shape: shapes.get(name) ?? [], data }));
  await writeSafetensors(join(directory, 'model.safetensors'), tensors, { format: 'pt' });
  await writeModelConfig(directory, config, DTYPE_NAMES[dtype]);
}

async function writeMoments(directory: string, { shapes }: Parameters, { moments }: AdamState): Promise<void> {
  const tensors = [...moments].flatMap(([name, { m, v }]) => {
    const shape = shapes.get(name) ?? [];
    return [
      { name: `exp_avg.${name}`, dtype: 'F32' as const, shape, data: m },
      { name: `exp_avg_sq.${name}`, dtype: 'F32' as const, shape, data: v },
    ];
  });
  await writeSafetensors(join(directory, OPTIMIZER_FILE), tensors);
}

/** The weights of a checkpoint, checked against the model that they are for. */
export async function readParameters(directory: string, info: CheckpointInfo, base: BaseWeights): Promise<Parameters> {
  if (info.parameterisation === 'lora') return await readFactors(directory, info.lora_rank, base.config);
  const files = await openModelDirectory(directory);
  checkParameters(files, base.config, directory);
  await checkFiniteWeights(files, base.shapes.keys());
  const values = new Map<string, Float32Array>();
  for (const name of base.shapes.keys()) values.set(name, await files.read(name));
  return fullParameters(base, values);
}

/**
 * An adapter adapts the parts of the model in which it has factors; modules of these parts that it leaves alone get factors
 * of zero, which stay zero. Adapters of another α are restated in ours.
 */
async function readFactors(directory: string, rank: number, config: ModelConfig): Promise<Parameters> {
  const { alpha, factors } = await readAdapter(directory, config);
  const ratio = alpha / LORA_ALPHA;
  const values = new Map<string, Float32Array>();
  for (const [module, { A, B }] of factors)
    values.set(factorA(module), A).set(factorB(module), ratio === 1 ? B : B.map((value) => value * ratio));
  const parts = new Set([...factors.keys()].map((name) => linearModules(config).get(name)?.part));
  const kind = { rank, adapted: MODULE_PARTS.filter((part) => parts.has(part)) };
  return adapterOf(config, kind, (name, [rows, columns]) => values.get(name) ?? new Float32Array(rows * columns));
}

/** The optimizer of a state. Throws CheckpointError for a checkpoint that was saved for sampling. */
export async function readOptimizer(
  directory: string,
  info: CheckpointInfo,
  { shapes }: Parameters,
): Promise<AdamState> {
  if (info.optimizer_step === null) {
    throw new CheckpointError(`${directory}: this checkpoint was saved for sampling and has no optimizer state`, {
      hint: 'Resume from a state_path, not from a sampler_path.',
    });
  }
  const file = await openSafetensors(join(directory, OPTIMIZER_FILE));
  const moments: AdamState['moments'] = new Map();
  for (const [name, shape] of shapes) {
    const m = await readMoment(file, `exp_avg.${name}`, shape);
    const v = await readMoment(file, `exp_avg_sq.${name}`, shape);
    moments.set(name, { m, v });
  }
  return { step: info.optimizer_step, moments };
}

async function readMoment(file: SafetensorsFile, name: string, shape: readonly number[]): Promise<Float32Array> {
  requireTensor(file, name, shape, file.path);
  const values = await file.read(name);
  checkFinite(values, { name, shape }, file.path);
  return values;
}

function valueIn(values: ReadonlyMap<string, Float32Array>, name: string): Float32Array {
  const value = values.get(name);
  if (value === undefined) throw new CheckpointError(`the adapter has no "${name}"`);
  return value;
}

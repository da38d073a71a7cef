// Checkpoints of the embedded engine on disk. An adapter is a PEFT directory and full parameters are a Hugging Face model,
// so other tools read them; beside either, a state has the optimizer's moments and what training needs to go on.

import { copyFile, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { type Static, Type } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import {
  isAdapterDirectory,
  type LoraFactors,
  readAdapter,
  readAdapterConfig,
  writeAdapter,
} from '../formats/adapter.ts';
import { isFile, readJsonFile, replaceJsonFile } from '../formats/files.ts';
import { allFinite, checkFinite, checkFiniteWeights } from '../formats/finite.ts';
import { type ModelConfig, writeModelConfig } from '../formats/hf_config.ts';
import { isUniform, type LoraScaling, scalingOf } from '../formats/lora_scaling.ts';
import { checkParameters, linearModules, MODULE_PARTS, type ModulePart } from '../formats/modules.ts';
import { type FloatDtype, openSafetensors, type SafetensorsFile, writeSafetensors } from '../formats/safetensors.ts';
import { openModelDirectory } from '../formats/sharded.ts';
import { requireTensor } from '../formats/tensors.ts';
import { CheckpointError, DivergedError, RequestError } from '../util/errors.ts';
import { makeDirectory } from '../util/files.ts';
import { putDirectory, restoreDirectory, temporaryDirectoryFor, tidyDirectories } from '../util/replace_directory.ts';
import type { AdamState } from './adamw.ts';
import {
  adaptedModules,
  checkPatterns,
  factorA,
  factorB,
  LORA_ALPHA,
  type LoraOptions,
  PLAIN_LORA,
  widestRank,
} from './adapter_shape.ts';
import type { BaseWeights } from './base_weights.ts';
import { adapterOf, fullParameters, type Parameters } from './parameters.ts';

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

/**
 * Writes a checkpoint as a whole: it appears under its name complete, or not at all. One of that name is replaced.
 * @throws DivergedError for weights that nobody could load again
 */
export async function writeCheckpoint(directory: string, checkpoint: CheckpointToWrite): Promise<void> {
  requireFinite(checkpoint.parameters);
  const temporary = temporaryDirectoryFor(directory);
  await tidyDirectories(dirname(directory), basename(directory));
  try {
    await makeDirectory(temporary);
    await writeFiles(temporary, checkpoint);
    await putDirectory(temporary, directory);
  } catch (error) {
    // Half a checkpoint would keep a full disk full.
    await rm(temporary, { recursive: true, force: true }).catch(() => undefined);
    throw error;
  }
}

function requireFinite({ values }: Parameters): void {
  for (const [name, data] of values) {
    if (allFinite(data)) continue;
    throw new DivergedError(`training has diverged: weights of "${name}" are NaN or infinite, and are not saved`, {
      hint: 'Lower learning_rate, or raise adam_eps where it is 0.',
    });
  }
}

async function writeFiles(temporary: string, checkpoint: CheckpointToWrite): Promise<void> {
  const { parameters, config, base_model, optimizer } = checkpoint;
  if (parameters.parameterisation === 'lora') await writeFactors(temporary, parameters, config, base_model);
  else await writeModel(temporary, parameters, config, optimizer === null ? checkpoint.dtype : 'F32');
  if (optimizer !== null) await writeMoments(temporary, parameters, optimizer);
  for (const file of checkpoint.extraFiles) await copyFile(file, join(temporary, basename(file)));
  const info: CheckpointInfo = {
    schema_version: 1,
    parameterisation: parameters.parameterisation,
    base_model,
    lora_rank: parameters.scaling?.rank ?? 0,
    optimizer_step: optimizer?.step ?? null,
  };
  await replaceJsonFile(join(temporary, INFO_FILE), info);
}

async function writeFactors(
  directory: string,
  { rank: width, scaling, values }: Parameters,
  config: ModelConfig,
  base: string | null,
) {
  if (scaling === null) throw new CheckpointError('there is no adapter to save');
  const modules = [...values.keys()].filter((name) => name.endsWith('.lora_A.weight'));
  const factors = new Map(
    modules
      .map((name) => name.slice(0, -'.lora_A.weight'.length))
      .map((module) => {
        const { rank } = scalingOf(scaling, module);
        const [A, B] = [valueIn(values, factorA(module)), valueIn(values, factorB(module))];
        return [module, rank === width ? { A, B } : narrowed({ A, B }, width, rank)];
      }),
  );
  const adapter = { ...scaling, base_model_name_or_path: base, factors };
  await writeAdapter(directory, adapter, config);
}

/** Factors of a lower rank than they are kept in: what is beyond it is zero. */
function narrowed({ A, B }: LoraFactors, width: number, rank: number): LoraFactors {
  const rows = B.length / width;
  const narrow = new Float32Array(rows * rank);
  for (let row = 0; row < rows; row++) narrow.set(B.subarray(row * width, row * width + rank), row * rank);
  return { A: A.subarray(0, (A.length / width) * rank), B: narrow };
}

/** The other way. */
function widened({ A, B }: LoraFactors, rank: number, width: number): LoraFactors {
  const columns = A.length / rank;
  const rows = B.length / rank;
  const [wideA, wideB] = [new Float32Array(width * columns), new Float32Array(rows * width)];
  wideA.set(A);
  for (let row = 0; row < rows; row++) wideB.set(B.subarray(row * rank, (row + 1) * rank), row * width);
  return { A: wideA, B: wideB };
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
export async function readParameters(
  directory: string,
  info: CheckpointInfo,
  base: BaseWeights,
  lora: LoraOptions = PLAIN_LORA,
): Promise<Parameters> {
  if (info.parameterisation === 'lora') return await readFactors(directory, base.config, lora);
  const files = await openModelDirectory(directory);
  checkParameters(files, base.config, directory);
  await checkFiniteWeights(files, base.shapes.keys());
  const values = new Map<string, Float32Array>();
  for (const name of base.shapes.keys()) values.set(name, await files.read(name));
  return fullParameters(base, values);
}

/**
 * An adapter adapts the parts of the model in which it has factors; modules of these parts that it leaves alone get factors
 * of zero, which stay zero. One that counts otherwise than ours is restated, unless it is its modules that differ and nobody
 * asked for anything else: then it stays as it is.
 */
async function readFactors(directory: string, config: ModelConfig, lora: LoraOptions): Promise<Parameters> {
  const { factors, base_model_name_or_path: _, ...given } = await readAdapter(directory, config);
  const scaling = scalingToKeep(given, lora);
  const values = new Map<string, Float32Array>();
  const parts = new Set([...factors.keys()].map((name) => linearModules(config).get(name)?.part));
  const kind = { scaling, adapted: MODULE_PARTS.filter((part) => parts.has(part)) };
  checkAsked(given, lora, kind.adapted, config);
  const width = widestRank(config, kind);
  for (const [module, stored] of factors) {
    const { rank, scale } = scalingOf(given, module);
    const { A, B } = rank === width ? stored : widened(stored, rank, width);
    const ratio = scale / scalingOf(scaling, module).scale;
    values.set(factorA(module), A).set(factorB(module), ratio === 1 ? B : B.map((value) => value * ratio));
  }
  return adapterOf(config, kind, (name, [rows, columns]) => values.get(name) ?? new Float32Array(rows * columns));
}

/** What is asked of an adapter that is loaded must say something of it, and cannot be other ranks than it has. */
function checkAsked(
  given: LoraScaling,
  { loraplus_lr_ratio: _, ...asked }: LoraOptions,
  adapted: readonly ModulePart[],
  config: ModelConfig,
): void {
  const scaling = { rank: given.rank, ...asked };
  checkPatterns({ scaling, adapted }, config);
  if (Object.keys(asked.rank_pattern ?? {}).length === 0) return;
  for (const [module] of adaptedModules(config, adapted)) {
    const [has, wants] = [scalingOf(given, module).rank, scalingOf(scaling, module).rank];
    if (has === wants) continue;
    throw new RequestError(`rank_pattern asks for rank ${wants} of ${module}, which has rank ${has} in the adapter`, {
      hint: 'The ranks of an adapter stay what they are: leave rank_pattern out, or begin a new adapter.',
    });
  }
}

function scalingToKeep(
  given: LoraScaling,
  { loraplus_lr_ratio: _, rank_pattern: __, ...asked }: LoraOptions,
): LoraScaling {
  const { rank, rank_pattern } = given;
  const target = { rank, ...asked, ...(rank_pattern === undefined ? {} : { rank_pattern }) };
  return asked.alpha === LORA_ALPHA && isUniform({ rank, ...asked }) && !isUniform(given) ? given : target;
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

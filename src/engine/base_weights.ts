// The weights of a base model as a graph takes them: mapped from their files, or not there at all because they are trained.

import { readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { ModelConfig } from '../formats/hf_config.ts';
import { openModelFiles } from '../formats/model_files.ts';
import { parameterShapes } from '../formats/modules.ts';
import type { ModelDirectory } from '../formats/sharded.ts';
import type { TensorInfo } from '../formats/tensors.ts';
import type { KeptWeights } from '../hub/cached_weights.ts';
import { type Float32Options, float32Weights } from '../hub/float32_weights.ts';
import { WeightsError } from '../util/errors.ts';
import type { Graph, Value } from './graph.ts';
import type { IntegerInput, IntegerWeight } from './integer_products.ts';
import type { ElementType } from './onnx.ts';

export interface BaseWeights {
  readonly config: ModelConfig;
  /** Directory that external data of a graph is relative to. */
  readonly directory: string;
  /** Shape of every weight by its Hugging Face name. */
  readonly shapes: ReadonlyMap<string, readonly number[]>;
  /** Puts a weight into a graph: mapped from its file. */
  emit(g: Graph, name: string): Value;
  /** Puts matrices of linear layers, and what is done to their inputs, into a graph; null where matrices are floats as all else. */
  readonly integers: {
    input(g: Graph, reads: string): IntegerInput;
    weight(g: Graph, name: string, input: IntegerInput): IntegerWeight;
  } | null;
  /** Throws WeightsError where the files are no longer those that were opened: graphs point at places in them. */
  checkUnchanged(): Promise<void>;
  /** Says that the files are in use, where they may be deleted otherwise. To be called with every use. */
  markUsed(): Promise<void>;
}

/** Opens a model directory and checks that every tensor is there, of the right shape, and of finite values. Throws WeightsError. */
export async function openBaseWeights(modelDirectory: string, options: Float32Options = {}): Promise<BaseWeights> {
  const { config, weights, remarks } = await openModelFiles(modelDirectory);
  for (const remark of remarks) options.notify?.(remark);
  const shapes = parameterShapes(config);
  const files = await float32Weights(weights, shapes.keys(), options);
  return { config, shapes, integers: null, ...(await mapped(files)) };
}

/** The files of weights as graphs take them. */
export async function mapped(
  files: KeptWeights,
): Promise<Pick<BaseWeights, 'directory' | 'emit' | 'checkUnchanged' | 'markUsed'>> {
  const { directory, markUsed } = files;
  const paths = [...new Set([...files.tensors.values()].map(({ path }) => path))];
  const opened = await identityOf(paths);
  return {
    directory,
    emit: (g, name) => emitTensor(g, tensorOf(files, name), 'float32'),
    async checkUnchanged() {
      if ((await identityOf(paths)) === opened) return;
      throw new WeightsError(`${directory}: the weights were replaced while the model was in use`, {
        hint: 'Start again, to use the new ones.',
      });
    },
    markUsed,
  };
}

/** Throws WeightsError where there is none. */
export function tensorOf({ directory, tensors }: ModelDirectory, name: string): TensorInfo {
  const tensor = tensors.get(name);
  if (tensor !== undefined) return tensor;
  throw new WeightsError(`${directory}: no tensor "${name}"`);
}

/** A stretch of a file as a tensor of a graph. */
export function emitTensor(g: Graph, tensor: TensorInfo, type: ElementType): Value {
  const { name, path, shape, byteOffset: offset, byteLength: length } = tensor;
  return g.initializer({ name, type, dims: [...shape], data: { location: basename(path), offset, length } });
}

/** Of the tokenizer, too: integers depend on the text that they are calibrated by. */
const MODEL_FILES =
  /^(config|generation_config|tokenizer|model\.safetensors\.index)\.json$|\.safetensors$|^model\.gguf$/;

/** Tells a model directory from what it was before its files were written again. */
export async function modelIdentity(directory: string): Promise<string> {
  const names = (await readdir(directory)).filter((name) => MODEL_FILES.test(name)).sort();
  return await identityOf(names.map((name) => join(directory, name)));
}

async function identityOf(paths: readonly string[]): Promise<string> {
  const known = paths.map(async (path) => {
    // A link that leads nowhere is told of when the model is read.
    const found = await stat(path, { bigint: true }).catch(() => null);
    return found === null ? [path] : [path, `${found.dev}:${found.ino}`, `${found.size}`, `${found.mtimeNs}`];
  });
  return JSON.stringify(await Promise.all(known));
}

/** A model that exists as a configuration only: its weights are parameters of every graph. */
export function blankWeights(config: ModelConfig): BaseWeights {
  const absent = (name: string) => new WeightsError(`the weights of this model were not loaded: "${name}"`);
  return {
    config,
    directory: '',
    integers: null,
    shapes: parameterShapes(config),
    emit(_g, name) {
      throw absent(name);
    },
    checkUnchanged: () => Promise.resolve(),
    markUsed: () => Promise.resolve(),
  };
}

// The weights of a model in float32 files, which every session maps into memory: its own, or a copy made once in the cache.

import { realpath } from 'node:fs/promises';
import { dirname } from 'node:path';
import { checkFiniteWeights } from '../formats/finite.ts';
import { floatDtype } from '../formats/safetensors.ts';
import type { ModelDirectory } from '../formats/sharded.ts';
import { elementCount, type TensorInfo } from '../formats/tensors.ts';
import { cachedWeights, finiteValues, type KeptWeights } from './cached_weights.ts';

export interface Float32Options {
  /** Told of what takes long. */
  notify?(message: string): void;
  env?: NodeJS.ProcessEnv;
}

/** Part of the name: another conversion needs another directory. */
const VERSION = 'v1';
/** Takes seconds: worth a notice. */
const LARGE_BYTES = 2 ** 28;

/**
 * The named weights of a model, all of them float32, finite and in files of one directory: the model's own files where they
 * are that, otherwise one file in the cache (XDG_CACHE_HOME). Mapped from a file they are in memory once, however many sessions and processes use
 * them; as 16 bits in a graph each session would have widened a copy for itself.
 * @throws WeightsError for weights that are not finite, or not floating-point, and where the cache cannot be written
 */
export async function float32Weights(
  model: ModelDirectory,
  names: Iterable<string>,
  { notify = () => undefined, env = process.env }: Float32Options = {},
): Promise<KeptWeights> {
  const wanted = new Set(names);
  const tensors = [...model.tensors.values()].filter(({ name }) => wanted.has(name));
  const files = await mappable(model, tensors);
  if (files !== null) {
    await checkFiniteWeights(model, wanted);
    // Nobody deletes a model's own files.
    return { ...files, markUsed: async () => undefined };
  }
  const bytes = tensors.reduce((sum, { shape }) => sum + 4 * elementCount(shape), 0);
  const size = `${(bytes / 1e6).toFixed(1)} MB`;
  return await cachedWeights({
    kind: 'float32',
    version: VERSION,
    tensors,
    what: `the weights of ${model.directory} as float32 (${size})`,
    env,
    async make() {
      if (bytes >= LARGE_BYTES) notify(`converting the weights of ${model.directory} to float32 (${size}, once)`);
      return tensors.map((tensor) => ({ ...tensor, dtype: 'F32', data: () => finiteValues(model, tensor) }));
    },
  });
}

/**
 * The model as it can be mapped, if all of it is float32: ONNX Runtime takes files of one directory, and refuses links that
 * lead out of it, of which a snapshot of the hub consists.
 */
async function mappable(model: ModelDirectory, tensors: readonly TensorInfo[]): Promise<ModelDirectory | null> {
  if (!model.plain || tensors.some((tensor) => floatDtype(tensor) !== 'F32')) return null;
  const paths = new Map<string, string>();
  for (const path of new Set(tensors.map((tensor) => tensor.path))) paths.set(path, await realpath(path));
  const [directory, ...others] = new Set([...paths.values()].map(dirname));
  if (others.length > 0) return null;
  const moved = tensors.map(
    (tensor) => [tensor.name, { ...tensor, path: paths.get(tensor.path) ?? tensor.path }] as const,
  );
  return { ...model, directory, tensors: new Map(moved) };
}

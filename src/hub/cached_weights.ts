// Weights in another form than that of a model's files: one file of the cache, made once, which every session maps into memory.

import { utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { checkFinite } from '../formats/finite.ts';
import { type TensorToWrite, writeSafetensors } from '../formats/safetensors.ts';
import { type ModelDirectory, openModelDirectory } from '../formats/sharded.ts';
import type { TensorInfo } from '../formats/tensors.ts';
import { cacheOf, deleteOlder, makeOnce } from './cache.ts';
import { weightsFingerprint } from './weights_fingerprint.ts';

const FILE = 'model.safetensors';
/** Longer than any run goes on before it has opened all it needs; what is deleted too soon is made again within seconds. */
const UNUSED_MS = 7 * 24 * 3600 * 1000;

export interface Conversion {
  /** The folder of the cache. */
  kind: string;
  /** Part of the name: another conversion needs another directory. */
  version: string;
  /** What it is made of. */
  tensors: readonly TensorInfo[];
  /** As a message about the lack of room calls it. */
  what: string;
  env: NodeJS.ProcessEnv;
  /** Called where it is not there yet. */
  make(): Promise<readonly TensorToWrite[]>;
}

/** @throws WeightsError where the cache cannot be written, and whatever `make` throws */
export async function cachedWeights({ kind, version, tensors, what, env, make }: Conversion): Promise<ModelDirectory> {
  const cache = cacheOf(kind, env);
  const directory = join(cache, `${version}-${(await weightsFingerprint(tensors)).slice(0, 32)}`);
  await makeOnce({
    directory,
    file: FILE,
    what,
    async fill(partial) {
      await writeSafetensors(join(partial, FILE), await make());
      await deleteOlder(cache, Date.now() - UNUSED_MS);
    },
  });
  // Marks it as used. Where a cache can only be read, nothing is ever deleted either.
  await utimes(directory, new Date(), new Date()).catch(() => undefined);
  return await openModelDirectory(directory);
}

/** What is converted is looked at while it is in memory; the copy then needs no second look, now or at a later opening. */
export async function finiteValues(model: ModelDirectory, tensor: TensorInfo): Promise<Float32Array> {
  const values = await model.read(tensor.name);
  checkFinite(values, tensor, tensor.path);
  return values;
}

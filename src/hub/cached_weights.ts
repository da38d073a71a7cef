// Weights in another form than that of a model's files: one file of the cache, made once, which every session maps into memory.

import { utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { checkFinite } from '../formats/finite.ts';
import { type TensorToWrite, writeSafetensors } from '../formats/safetensors.ts';
import { type ModelDirectory, openModelDirectory } from '../formats/sharded.ts';
import type { TensorInfo } from '../formats/tensors.ts';
import { WeightsError } from '../util/errors.ts';
import { cacheOf, deleteOlder, makeOnce } from './cache.ts';
import { weightsFingerprint } from './weights_fingerprint.ts';

const FILE = 'model.safetensors';
const HOUR_MS = 3600 * 1000;
/** Longer than a run stands still; what is deleted too soon is made again within seconds. */
const UNUSED_MS = 7 * 24 * HOUR_MS;
/** It is marked no more often: who uses it asks for that with every pass. */
const MARKED_MS = HOUR_MS;

/** Weights in files that may be deleted when nobody has used them for long. */
export interface KeptWeights extends ModelDirectory {
  /** Says that they are in use, for those which would delete them. */
  markUsed(): Promise<void>;
}

export interface Conversion {
  /** The folder of the cache. */
  kind: string;
  /** Part of the name: another conversion needs another directory. */
  version: string;
  /** What it is made of. */
  tensors: readonly TensorInfo[];
  /** A digest of what it is made of besides, if there is anything. */
  madeOf?: string;
  /** As a message about the lack of room calls it. */
  what: string;
  env: NodeJS.ProcessEnv;
  /** Called where it is not there yet. */
  make(): Promise<readonly TensorToWrite[]>;
}

/** @throws WeightsError where the cache cannot be written, and whatever `make` throws */
export async function cachedWeights({
  kind,
  version,
  tensors,
  madeOf,
  what,
  env,
  make,
}: Conversion): Promise<KeptWeights> {
  const cache = cacheOf(kind, env);
  const fingerprint = await weightsFingerprint(tensors, madeOf);
  const directory = join(cache, `${version}-${fingerprint.slice(0, 32)}`);
  await makeOnce({
    directory,
    file: FILE,
    what,
    async fill(partial) {
      await writeSafetensors(join(partial, FILE), await make());
      await checkUnchanged(tensors, madeOf, fingerprint);
      await deleteOlder(cache, Date.now() - UNUSED_MS);
    },
  });
  let marked = 0;
  const markUsed = async () => {
    const now = Date.now();
    if (now - marked < MARKED_MS) return;
    marked = now;
    // Where a cache can only be read, nothing is ever deleted either.
    await utimes(directory, new Date(now), new Date(now)).catch(() => undefined);
  };
  await markUsed();
  return { ...(await openCopy(directory)), markUsed };
}

/** Throws WeightsError where files were written again while they were read: what was made of them is of neither. */
async function checkUnchanged(tensors: readonly TensorInfo[], madeOf: string | undefined, fingerprint: string) {
  const now = await weightsFingerprint(tensors, madeOf).catch(() => null);
  if (now === fingerprint) return;
  const files = [...new Set(tensors.map(({ path }) => path))].join(', ');
  throw new WeightsError(`${files}: the weights were replaced while they were converted`, {
    hint: 'Start again, to use the new ones.',
  });
}

/** Whose copy is damaged does not know where it came from. */
async function openCopy(directory: string): Promise<ModelDirectory> {
  try {
    return await openModelDirectory(directory);
  } catch (error) {
    if (!(error instanceof WeightsError)) throw error;
    throw new WeightsError(error.message, {
      cause: error,
      hint: `This is a copy that was made of a model, and it is damaged. Delete ${directory}: it is made again.`,
    });
  }
}

/** What is converted is looked at while it is in memory; the copy then needs no second look, now or at a later opening. */
export async function finiteValues(model: ModelDirectory, tensor: TensorInfo): Promise<Float32Array> {
  const values = await model.read(tensor.name);
  checkFinite(values, tensor, tensor.path);
  return values;
}

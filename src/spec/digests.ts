// Contents of files and directories as SHA-256, so that a changed data file makes another run.

import { createHash, type Hash } from 'node:crypto';
import { closeSync, openSync, readdirSync, readSync, realpathSync, type Stats, statSync } from 'node:fs';
import { join } from 'node:path';
import type { WeightsRef } from '../registry/fields.ts';
import { ConfigurationError, messageOf } from '../util/errors.ts';
import { errorCode } from '../util/files.ts';

/** What a run takes from others: told from their directories by the floor above, which knows what lies there. */
export interface WeightsReader {
  /** Why a run cannot start from these weights, which must be of `model` where one is given; null where it can. */
  problem(ref: WeightsRef, model: string | null): string | null;
  /** How they enter the identity of the run that starts from them. */
  identity(ref: WeightsRef): string;
}

export interface Digests {
  /** Hex SHA-256 of a file's bytes, or of the sorted names and contents in a directory, but for what is written about it. */
  of(path: string): string;
  /** Without it, weights are whatever lies at their path. */
  readonly weights?: WeightsReader | undefined;
  /**
   * The same for the hash of a configuration, which replicates share: where a run starts from another run of its own seed, that
   * one enters by its configuration too. Absent where it makes no difference.
   */
  readonly acrossSeeds?: Digests | undefined;
}

const CHUNK = 1 << 20;

/** Beside a model or a dataset, these are for people: a better model card is no other model. */
const PROSE = /^\.|\.md$|^LICEN[CS]E/i;

/**
 * Each path is read once in the life of the object: all runs of one plan see one state of the files.
 * @throws ConfigurationError for what is not there or cannot be read.
 */
export function createDigests(weights?: WeightsReader): Digests {
  const known = new Map<string, string>();
  const of = (path: string) => {
    const digest = known.get(path) ?? digestOf(path, (name) => !PROSE.test(name));
    known.set(path, digest);
    return digest;
  };
  return { of, weights };
}

/** Of those files in a directory that count. */
export function digestOfFiles(directory: string, counts: (name: string) => boolean): string {
  return digestOf(directory, counts);
}

function digestOf(path: string, counts: (name: string) => boolean): string {
  try {
    const stats = statSync(path);
    return stats.isDirectory() ? directoryDigest(path, [], counts) : fileDigest(path, stats);
  } catch (error) {
    if (error instanceof ConfigurationError) throw error;
    const missing = errorCode(error) === 'ENOENT';
    throw new ConfigurationError(missing ? `there is no such file or directory: ${path}` : messageOf(error), {
      hint: 'The spec names it, so its contents are part of what the run is.',
      cause: error,
    });
  }
}

function fileDigest(path: string, stats: Stats): string {
  if (!stats.isFile()) throw new ConfigurationError(`neither a file nor a directory: ${path}`);
  const hash = createHash('sha256');
  const descriptor = openSync(path, 'r');
  try {
    const buffer = Buffer.allocUnsafe(CHUNK);
    for (let n = readSync(descriptor, buffer); n > 0; n = readSync(descriptor, buffer))
      hash.update(buffer.subarray(0, n));
  } finally {
    closeSync(descriptor);
  }
  return hash.digest('hex');
}

/** Links are followed, as those who read the files will; one that leads back into itself is an error. */
function directoryDigest(path: string, outer: readonly string[], counts: (name: string) => boolean): string {
  const real = realpathSync(path);
  if (outer.includes(real))
    throw new ConfigurationError(`a link in ${path} leads back into the directory that holds it`);
  const hash: Hash = createHash('sha256');
  for (const name of readdirSync(path).sort()) {
    if (!counts(name)) continue;
    const child = join(path, name);
    const stats = statSync(child);
    const digest = stats.isDirectory() ? directoryDigest(child, [...outer, real], counts) : fileDigest(child, stats);
    hash.update(`${stats.isDirectory() ? 'directory' : 'file'} ${JSON.stringify(name)} ${digest}\n`);
  }
  return hash.digest('hex');
}

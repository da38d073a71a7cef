// Contents of files and directories as SHA-256, so that a changed data file makes another run.

import { createHash, type Hash } from 'node:crypto';
import { closeSync, openSync, readdirSync, readSync, realpathSync, type Stats, statSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigurationError, messageOf } from '../util/errors.ts';

export interface Digests {
  /** Hex SHA-256 of a file's bytes, or of the sorted names and contents in a directory, but for what is written about it. */
  of(path: string): string;
}

const CHUNK = 1 << 20;

/** Beside a model or a dataset, these are for people: a better model card is no other model. */
const PROSE = /^\.|\.md$|^LICEN[CS]E/i;

/**
 * Each path is read once in the life of the object: all runs of one plan see one state of the files.
 * @throws ConfigurationError for what is not there or cannot be read.
 */
export function createDigests(): Digests {
  const known = new Map<string, string>();
  return {
    of(path) {
      const digest = known.get(path) ?? digestOf(path);
      known.set(path, digest);
      return digest;
    },
  };
}

function digestOf(path: string): string {
  try {
    const stats = statSync(path);
    return stats.isDirectory() ? directoryDigest(path, []) : fileDigest(path, stats);
  } catch (error) {
    if (error instanceof ConfigurationError) throw error;
    const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
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
function directoryDigest(path: string, outer: readonly string[]): string {
  const real = realpathSync(path);
  if (outer.includes(real))
    throw new ConfigurationError(`a link in ${path} leads back into the directory that holds it`);
  const hash: Hash = createHash('sha256');
  for (const name of readdirSync(path).sort()) {
    if (PROSE.test(name)) continue;
    const child = join(path, name);
    const stats = statSync(child);
    const digest = stats.isDirectory() ? directoryDigest(child, [...outer, real]) : fileDigest(child, stats);
    hash.update(`${stats.isDirectory() ? 'directory' : 'file'} ${JSON.stringify(name)} ${digest}\n`);
  }
  return hash.digest('hex');
}

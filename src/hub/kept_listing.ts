// Which files a commit holds, kept in the cache beside them: without a network, a part of a data set would pass for the whole.

import { dirname, join } from 'node:path';
import { RunDirectoryError } from '../util/errors.ts';
import { makeDirectory, readJson, writeFileAtomic } from '../util/files.ts';
import { isArrayOf, isCount, isString, jsonShape } from '../util/json_shape.ts';
import { readRegularFile } from '../util/regular_file.ts';

export interface KeptFile {
  path: string;
  /** In bytes. */
  size: number;
  /** The name of its blob. */
  oid: string;
}

/** This package's own; Python's huggingface_hub reads `refs`, `blobs`, `snapshots` and `.no_exist` of a repository, and no more. */
const DIRECTORY = '.tinker-cookbook/listings';

interface KeptListing {
  sha: string;
  files: KeptFile[];
}

const fileShape = jsonShape<KeptFile>({ path: isString, size: isCount, oid: isString });
const listingShape = jsonShape<KeptListing>({ sha: isString, files: isArrayOf(fileShape.is) });

/**
 * Keeps what the hub has said, in the directory of the repository. Where that cannot be written, nothing is kept and nothing
 * lost: a cache without a listing is believed less, and one that is shared and read-only serves as before.
 */
export async function keepListing(storage: string, { sha, files }: KeptListing): Promise<void> {
  const path = placeOf(storage, sha);
  const kept = files.map(({ path, size, oid }) => ({ path, size, oid }));
  const text = `${JSON.stringify({ sha, files: kept })}\n`;
  // A commit never changes: in most cases there is nothing to write.
  if ((await readRegularFile(path).catch(() => null)) === text) return;
  try {
    await makeDirectory(dirname(path));
    await writeFileAtomic(path, text);
  } catch (error) {
    if (!(error instanceof RunDirectoryError)) throw error;
  }
}

/** Null where none is kept, as in a cache that Python has filled, and where it is damaged or of more than 64 MiB. */
export async function keptListing(storage: string, sha: string): Promise<KeptFile[] | null> {
  const { value } = await readJson(placeOf(storage, sha), listingShape);
  return value?.sha === sha ? value.files : null;
}

function placeOf(storage: string, sha: string): string {
  return join(storage, DIRECTORY, `${sha}.json`);
}

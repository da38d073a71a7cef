// A data set of the hub at one commit: which files it has, and those that are wanted on this machine.

import { readdir, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { isSystemError } from '../formats/files.ts';
import { ConfigurationError, CookbookError } from '../util/errors.ts';
import { exists } from '../util/files.ts';
import { printable } from '../util/printable.ts';
import { safeParts } from '../util/safe_path.ts';
import { tellOfCache } from './cache_notice.ts';
import { type HubSettings, hubSettings } from './hub_settings.ts';
import { type KeptFile, keepListing, keptListing } from './kept_listing.ts';
import {
  blobOf,
  cachedCommit,
  fetchFile,
  isTransientStatus,
  listingOf,
  type Repository,
  repositoryOf,
  snapshotOf,
  unanswered,
  writeReference,
} from './repository.ts';

export interface DatasetName {
  /** `ORG/NAME`. */
  name: string;
  revision: string;
}

export interface DatasetOptions {
  /** Absent, those of the environment. */
  settings?: HubSettings | undefined;
  /** Told of every file that is about to be downloaded, and where the cache serves in the place of the hub. */
  notify?: ((message: string) => void) | undefined;
  signal?: AbortSignal | undefined;
}

export interface HubDataset {
  name: string;
  commit: string;
  /** Of its files; of those that the cache holds, where nobody can say which others there are. */
  paths: readonly string[];
  /** Why these are only those of the cache; null where they are all that there are. */
  cachedOnly: string | null;
  /** Whether it is known that there is no such file. */
  lacks(path: string): Promise<boolean>;
  /** A file of it on this machine, downloaded unless it is there. */
  locate(path: string): Promise<string>;
}

const COMMIT = /^[0-9a-f]{40}$/;

/**
 * The data set as the hub has it; where the hub cannot be reached, as the cache has it.
 * @throws ConfigurationError saying what the hub answered, or that the cache has no such data set
 */
export async function openHubDataset(dataset: DatasetName, options: DatasetOptions = {}): Promise<HubDataset> {
  const settings = options.settings ?? (await hubSettings(process.env));
  const repository = repositoryOf({ type: 'dataset', ...dataset }, settings);
  if (settings.offline) return await openCached(repository, 'HF_HUB_OFFLINE is set', options);
  try {
    return await openListed(repository, { ...options, settings });
  } catch (error) {
    options.signal?.throwIfAborted();
    const refusal = await refusalOf(error, repository, settings);
    if (refusal !== null) throw refusal;
    if (isSystemError(error)) throw error;
    return await openCached(repository, await unanswered(error, settings), options);
  }
}

/** The commit that a revision leads to now, or led to when there was a network. Throws as above. */
export async function commitOf(dataset: DatasetName, options: DatasetOptions = {}): Promise<string> {
  return COMMIT.test(dataset.revision) ? dataset.revision : (await openHubDataset(dataset, options)).commit;
}

/** A file of a commit that lies in the cache already; null where it does not. Asks nobody. */
export async function cachedFile(
  { name, revision }: DatasetName,
  path: string,
  settings: HubSettings,
): Promise<string | null> {
  if (!COMMIT.test(revision)) return null;
  const snapshot = snapshotOf(repositoryOf({ type: 'dataset', name, revision }, settings), revision);
  const file = join(snapshot, ...(safeParts(path) ?? []));
  return (await exists(file)) ? file : null;
}

async function openListed(
  repository: Repository,
  { settings, notify = () => undefined, signal }: DatasetOptions & { settings: HubSettings },
): Promise<HubDataset> {
  const { name } = repository;
  const { sha, files } = await listingOf(repository, settings);
  const byPath = byPathOf(files.filter(({ type }) => type === 'file'));
  const kept = [...byPath.values()].map((file) => ({ path: file.path, size: file.size, oid: blobOf(file) }));
  // Before any of its files, so that what a broken download has left is never taken for the whole.
  await keepListing(repository.storage, { sha, files: kept });
  await writeReference(repository, sha);
  const onDownload = ({ path, bytes }: { path: string; bytes: number }) =>
    notify(`downloading ${path} of ${name} (${(bytes / 1e6).toFixed(1)} MB)`);
  return listedDataset(repository, sha, byPath, async (file) => {
    const { path } = file;
    try {
      return await fetchFile(repository, sha, file, { settings, onDownload, signal });
    } catch (error) {
      signal?.throwIfAborted();
      if (isSystemError(error)) throw error;
      const what = `${path} of the data set ${name} could not be downloaded`;
      throw (
        (await refusalOf(error, repository, settings)) ??
        new ConfigurationError(`${what}: ${await unanswered(error, settings)}`, {
          hint: 'Run the same command again: the download goes on where it broke off.',
          cause: error,
        })
      );
    }
  });
}

/**
 * What is looked for among the files of a data set. Where these are only those of the cache, what is not found may be on the hub
 * all the same, and the error says so.
 */
export function soughtIn<T>({ name, cachedOnly }: HubDataset, seek: () => T): T {
  try {
    return seek();
  } catch (error) {
    if (cachedOnly === null || !(error instanceof ConfigurationError)) throw error;
    const hint = `Of ${name} only what the cache holds is known: ${cachedOnly}. ${ONCE_ONLINE}`;
    throw new ConfigurationError(error.message, {
      hint: error.hint === undefined ? hint : `${error.hint}\n${hint}`,
      cause: error,
    });
  }
}

export const ONCE_ONLINE = 'Run it once with a network: a data set is downloaded only once.';

async function openCached(repository: Repository, why: string, { notify }: DatasetOptions): Promise<HubDataset> {
  const { name, revision, storage } = repository;
  const sha = await cachedCommit(repository);
  const snapshot = snapshotOf(repository, sha);
  if (!COMMIT.test(sha) || !(await exists(snapshot))) {
    throw new ConfigurationError(`the data set ${name}@${revision} is not in the cache, and ${why}`, {
      hint: ONCE_ONLINE,
    });
  }
  const files = await keptListing(storage, sha);
  tellOfCache(repository, why, notify);
  return files === null
    ? await openUnlisted(repository, { sha, snapshot, why })
    : openKept(repository, { sha, snapshot, why, files });
}

interface Cached {
  sha: string;
  snapshot: string;
  /** Why the hub is not asked. */
  why: string;
}

/** A data set that the hub has listed when there was a network. */
function openKept(repository: Repository, { sha, snapshot, why, files }: Cached & { files: KeptFile[] }): HubDataset {
  const { name } = repository;
  const byPath = byPathOf(files);
  return listedDataset(repository, sha, byPath, async (file) => {
    const { path } = file;
    const place = join(snapshot, ...(safeParts(path) ?? []));
    const there = await stat(place).catch(() => null);
    if (there === null) throw notCached(path, name, why);
    if (there.size === file.size) return place;
    const sizes = `is ${there.size} bytes long in the cache, and has ${file.size} on the hub`;
    throw new ConfigurationError(`${path} of the data set ${name} ${sizes}`, {
      hint: `Delete ${place} and what it links to, and run it once with a network.`,
    });
  });
}

/** A data set of which only Python, or an older version, has filled the cache: nobody has kept what it holds besides. */
async function openUnlisted({ name, storage }: Repository, { sha, snapshot, why }: Cached): Promise<HubDataset> {
  const entries = await readdir(snapshot, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => relative(snapshot, join(entry.parentPath, entry.name)));
  return {
    name,
    commit: sha,
    paths,
    cachedOnly: why,
    // Where huggingface_hub remembers what it has asked for in vain.
    lacks: (path) => exists(join(storage, '.no_exist', sha, ...(safeParts(path) ?? []))),
    async locate(path) {
      if (paths.includes(path)) return join(snapshot, path);
      throw notCached(path, name, why);
    },
  };
}

/** A data set whose files are all known. @param placeOf where a file of it lies on this machine */
function listedDataset<T>(
  repository: Repository,
  commit: string,
  byPath: ReadonlyMap<string, T>,
  placeOf: (file: T) => Promise<string>,
): HubDataset {
  return {
    name: repository.name,
    commit,
    paths: [...byPath.keys()],
    cachedOnly: null,
    lacks: async (path) => !byPath.has(path),
    async locate(path) {
      const file = byPath.get(path);
      if (file === undefined) throw noFile(repository, path);
      return await placeOf(file);
    },
  };
}

/** Files by their paths, without those that lead elsewhere. */
function byPathOf<T extends { path: string }>(files: readonly T[]): Map<string, T> {
  return new Map(files.flatMap((file) => (safeParts(file.path) === null ? [] : [[file.path, file] as const])));
}

function notCached(path: string, name: string, why: string): ConfigurationError {
  return new ConfigurationError(`${printable(path)} of the data set ${name} is not in the cache, and ${why}`, {
    hint: ONCE_ONLINE,
  });
}

function noFile({ name, revision }: Repository, path: string): ConfigurationError {
  return new ConfigurationError(`the data set ${name} has no file ${path} at ${revision}`);
}

/** What the hub's answer means; null where there was no answer. */
async function refusalOf(
  error: unknown,
  { name, revision }: Repository,
  { endpoint, accessToken }: HubSettings,
): Promise<CookbookError | null> {
  if (error instanceof CookbookError) return error;
  const { HubApiError } = await import('@huggingface/hub');
  if (!(error instanceof HubApiError)) return null;
  const status = error.statusCode;
  // The hub says 401 of what is not there too, so that nobody learns which private data sets there are.
  if (status === 401 || status === 403 || status === 404) {
    const at = revision === 'main' ? '' : `, or no revision ${revision} of it`;
    return new ConfigurationError(`${endpoint} has no data set ${name}${at}, or not for you (status ${status})`, {
      hint: `Look at the spelling. ${accessToken === undefined ? 'If it is private or gated, set HF_TOKEN.' : 'HF_TOKEN may not see it.'}`,
    });
  }
  return new ConfigurationError(`${endpoint} answered with status ${status} when it was asked for ${name}`, {
    hint: isTransientStatus(status)
      ? 'Try again later.'
      : 'Look at the name, and at the address: HF_ENDPOINT sets another.',
  });
}

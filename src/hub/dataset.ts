// A data set of the hub at one commit: which files it has, and those that are wanted on this machine.

import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isSystemError } from '../formats/files.ts';
import { ConfigurationError, CookbookError } from '../util/errors.ts';
import { exists } from '../util/files.ts';
import { safeParts } from '../util/safe_path.ts';
import { type HubSettings, hubSettings } from './hub_settings.ts';
import {
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
  /** Told of every file that is about to be downloaded. */
  notify?: ((message: string) => void) | undefined;
  signal?: AbortSignal | undefined;
}

export interface HubDataset {
  name: string;
  commit: string;
  /** Of its files; without a network, of those that the cache holds. */
  paths: readonly string[];
  /** Why these are only those of the cache; null where they are all that there are. */
  cachedOnly: string | null;
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
  if (settings.offline) return await openCached(repository, 'HF_HUB_OFFLINE is set');
  try {
    return await openListed(repository, { ...options, settings });
  } catch (error) {
    options.signal?.throwIfAborted();
    const refusal = await refusalOf(error, repository, settings);
    if (refusal !== null) throw refusal;
    const why = await unanswered(error, settings);
    const cached = await openCached(repository, why);
    options.notify?.(`${why}: ${dataset.name} is read as the cache has it`);
    return cached;
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
  await writeReference(repository, sha);
  const byPath = new Map(
    files.flatMap((file) =>
      file.type === 'file' && safeParts(file.path) !== null ? [[file.path, file] as const] : [],
    ),
  );
  const onDownload = ({ path, bytes }: { path: string; bytes: number }) =>
    notify(`downloading ${path} of ${name} (${(bytes / 1e6).toFixed(1)} MB)`);
  return {
    name,
    commit: sha,
    paths: [...byPath.keys()],
    cachedOnly: null,
    async locate(path) {
      const file = byPath.get(path);
      if (file === undefined) throw noFile(repository, path);
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
    },
  };
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

const ONCE_ONLINE = 'Run it once with a network: a data set is downloaded only once.';

async function openCached(repository: Repository, why: string): Promise<HubDataset> {
  const { name, revision } = repository;
  const sha = await cachedCommit(repository);
  const snapshot = snapshotOf(repository, sha);
  if (!COMMIT.test(sha) || !(await exists(snapshot))) {
    throw new ConfigurationError(`the data set ${name}@${revision} is not in the cache, and ${why}`, {
      hint: ONCE_ONLINE,
    });
  }
  const paths = await readdir(snapshot, { recursive: true });
  return {
    name,
    commit: sha,
    paths,
    cachedOnly: why,
    async locate(path) {
      if (paths.includes(path)) return join(snapshot, path);
      throw new ConfigurationError(`${path} of the data set ${name} is not in the cache, and ${why}`);
    },
  };
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

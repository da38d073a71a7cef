// Models by their name on a hub, downloaded once into the cache that Python's huggingface_hub keeps.

import { join } from 'node:path';
import type { ListFileEntry } from '@huggingface/hub';
import { modelsLike } from '../models/model_info.ts';
import { didYouMean } from '../registry/suggest.ts';
import { ConfigurationError } from '../util/errors.ts';
import { exists } from '../util/files.ts';
import { HUB_NAME, type HubSettings } from './hub_settings.ts';
import {
  cachedCommit,
  type FetchOptions,
  fetchFile,
  isTransientStatus,
  listingOf,
  type Repository,
  repositoryOf,
  snapshotOf,
  unanswered,
  writeReference,
} from './repository.ts';

const CONFIG = 'config.json';

export interface DownloadOptions extends FetchOptions {
  /** Which files are wanted, by their path in the repository. */
  wanted(path: string): boolean;
}

/**
 * The directory that holds the wanted files of a model's newest commit, or that of the named revision. A download that
 * broke off goes on where it was. Without a network, what the cache holds must do.
 * @throws ConfigurationError saying what the hub answered, or that the cache has no such model
 */
export async function downloadModel(name: string, options: DownloadOptions): Promise<string> {
  const { settings } = options;
  const repository = modelRepository(name, settings);
  if (settings.offline) return await cachedSnapshot(repository, 'HF_HUB_OFFLINE is set', 'unset HF_HUB_OFFLINE');
  const { HubApiError } = await import('@huggingface/hub');
  try {
    const { sha, files } = await listingOf(repository, settings);
    for (const file of wantedOf(files, options)) await fetchFile(repository, sha, file, options);
    // Last, so that a name in the cache always leads to a whole model.
    await writeReference(repository, sha);
    return snapshotOf(repository, sha);
  } catch (error) {
    if (error instanceof HubApiError) throw refused(name, error.statusCode, settings);
    if (error instanceof ConfigurationError) throw error;
    return await cachedSnapshot(repository, await unanswered(error, settings), 'try again with a network');
  }
}

/** The configuration comes last, so that a snapshot which has one is whole. */
function wantedOf(files: readonly ListFileEntry[], { wanted }: DownloadOptions): ListFileEntry[] {
  return files
    .filter(({ type, path }) => type === 'file' && wanted(path))
    .sort((a, b) => Number(a.path === CONFIG) - Number(b.path === CONFIG));
}

function modelRepository(text: string, settings: HubSettings): Repository {
  const [, name = text, revision = 'main'] = HUB_NAME.exec(text) ?? [];
  return repositoryOf({ type: 'model', name, revision }, settings);
}

/** What an earlier download has left. */
async function cachedSnapshot(repository: Repository, why: string, remedy: string): Promise<string> {
  const snapshot = snapshotOf(repository, await cachedCommit(repository));
  if (await exists(join(snapshot, CONFIG))) return snapshot;
  throw new ConfigurationError(`the model ${repository.name} is neither a directory nor in the cache, and ${why}`, {
    hint: `Name a model directory or a GGUF file, or ${remedy}: a model is downloaded only once.`,
  });
}

function refused(name: string, status: number, { endpoint, accessToken }: HubSettings): ConfigurationError {
  // The hub says 401 of what is not there too, so that nobody learns which private models there are.
  const missing = status === 401 || status === 403 || status === 404;
  const message = missing
    ? `there is no directory or file ${name}, and ${endpoint} has no such model, or not for you (status ${status})${didYouMean(modelsLike(name))}`
    : `${endpoint} answered with status ${status} when it was asked for ${name}`;
  const token =
    accessToken === undefined ? 'If the model is private or gated, set HF_TOKEN.' : 'HF_TOKEN may not see it.';
  if (missing) return new ConfigurationError(message, { hint: `Look at the spelling. ${token}` });
  return new ConfigurationError(message, {
    hint: isTransientStatus(status)
      ? 'Try again later.'
      : 'Look at the name, and at the address: HF_ENDPOINT sets another.',
  });
}

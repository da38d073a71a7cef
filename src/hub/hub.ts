// Models by their name on a hub, downloaded once into the cache that Python's huggingface_hub keeps.

import { join } from 'node:path';
import type { ListFileEntry } from '@huggingface/hub';
import { isSystemError } from '../formats/files.ts';
import { modelsLike } from '../models/model_info.ts';
import { didYouMean } from '../registry/suggest.ts';
import { ConfigurationError, CookbookError } from '../util/errors.ts';
import { exists } from '../util/files.ts';
import { tellOfCache } from './cache_notice.ts';
import { HUB_NAME, type HubSettings } from './hub_settings.ts';
import {
  cachedCommit,
  type FetchOptions,
  fetchFile,
  isTransientStatus,
  type Listing,
  listingOf,
  type Repository,
  repositoryOf,
  snapshotOf,
  unanswered,
  writeReference,
} from './repository.ts';
import { holdsWeights } from './whole_weights.ts';

const CONFIG = 'config.json';

export interface DownloadOptions extends FetchOptions {
  /** Which files are wanted, by their path in the repository. */
  wanted(path: string): boolean;
  /** Whether a model without its weights does not do. */
  weights: boolean;
  /** Told where the cache serves in the place of the hub. */
  notify?: ((message: string) => void) | undefined;
}

/**
 * The directory that holds the wanted files of a model's newest commit, or that of the named revision. A download that
 * broke off goes on where it was. Without a network, what the cache holds must do.
 * @throws ConfigurationError saying what the hub answered, or that the cache has no such model
 */
export async function downloadModel(name: string, options: DownloadOptions): Promise<string> {
  const { settings } = options;
  const repository = modelRepository(name, settings);
  if (settings.offline) return await cachedSnapshot(repository, options, OFFLINE);
  let listing: Listing;
  try {
    listing = await listingOf(repository, settings);
  } catch (error) {
    const why = await whyUnanswered(error, name, options);
    return await cachedSnapshot(repository, options, { why, remedy: 'try again with a network' });
  }
  const { sha, files } = listing;
  try {
    for (const file of wantedOf(files, options)) await fetchFile(repository, sha, file, options);
  } catch (error) {
    // Another commit from the cache would not do here: the tokenizer of this one may be in use already.
    throw new ConfigurationError(`${name} could not be downloaded: ${await whyUnanswered(error, name, options)}`, {
      hint: 'Run the same command again: the download goes on where it broke off. With HF_HUB_OFFLINE=1 an earlier commit serves, if the cache holds one.',
      cause: error,
    });
  }
  await refer(repository, sha, options);
  return snapshotOf(repository, sha);
}

/** The configuration comes last, so that a snapshot which has one has the tokenizer; whether it has weights is looked at. */
function wantedOf(files: readonly ListFileEntry[], { wanted }: DownloadOptions): ListFileEntry[] {
  return files
    .filter(({ type, path }) => type === 'file' && wanted(path))
    .sort((a, b) => Number(a.path === CONFIG) - Number(b.path === CONFIG));
}

/**
 * Has the revision lead to a commit, last, when its files are there. One that led to a whole model goes on doing so until
 * there is another whole one: without a network, a tokenizer alone would be of no use to who needs the weights.
 */
async function refer(repository: Repository, sha: string, { weights }: DownloadOptions): Promise<void> {
  const isEnough = weights || (await holdsWeights(snapshotOf(repository, sha)));
  if (!isEnough && (await holdsWeights(snapshotOf(repository, await cachedCommit(repository))))) return;
  await writeReference(repository, sha);
}

function modelRepository(text: string, settings: HubSettings): Repository {
  const [, name = text, revision = 'main'] = HUB_NAME.exec(text) ?? [];
  return repositoryOf({ type: 'model', name, revision }, settings);
}

interface Absence {
  why: string;
  remedy: string;
}

const OFFLINE: Absence = { why: 'HF_HUB_OFFLINE is set', remedy: 'unset HF_HUB_OFFLINE' };

/** What an earlier download has left, here or in Python, if it is all that is asked for. */
async function cachedSnapshot(
  repository: Repository,
  { weights, notify }: DownloadOptions,
  { why, remedy }: Absence,
): Promise<string> {
  const snapshot = snapshotOf(repository, await cachedCommit(repository));
  const isThere = await exists(join(snapshot, CONFIG));
  if (isThere && (!weights || (await holdsWeights(snapshot)))) {
    tellOfCache(repository, why, notify);
    return snapshot;
  }
  const place = isThere ? 'is in the cache without all of its weights' : 'is neither a directory nor in the cache';
  throw new ConfigurationError(`the model ${repository.name} ${place}, and ${why}`, {
    hint: `Name a model directory or a GGUF file, or ${remedy}: a model is downloaded only once.`,
  });
}

/** That there was no answer. Throws what is none of the network's: an answer, a full disk, a run that is stopped. */
async function whyUnanswered(error: unknown, name: string, { settings, signal }: DownloadOptions): Promise<string> {
  signal?.throwIfAborted();
  if (error instanceof CookbookError || isSystemError(error)) throw error;
  const { HubApiError } = await import('@huggingface/hub');
  if (error instanceof HubApiError) throw refused(name, error.statusCode, settings);
  return await unanswered(error, settings);
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

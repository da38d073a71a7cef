// Models by their name on a hub: downloaded once into the cache that Python's huggingface_hub keeps, in its layout:
// models--ORG--NAME/{refs/REVISION, blobs/ETAG, snapshots/COMMIT/FILE → ../../blobs/ETAG}

import { createHash } from 'node:crypto';
import { open, readFile, rename, rm, stat, symlink } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import type { ListFileEntry } from '@huggingface/hub';
import { modelsLike } from '../models/model_info.ts';
import { didYouMean } from '../registry/suggest.ts';
import { ConfigurationError, messageOf } from '../util/errors.ts';
import { digestOfFile } from '../util/file_digest.ts';
import { exists, makeDirectory, writeFileAtomic } from '../util/files.ts';
import { HUB_NAME, type HubSettings } from './hub_settings.ts';

const CONFIG = 'config.json';

interface Repository {
  /** `ORG/NAME`. */
  name: string;
  revision: string;
  /** Its directory in the cache. */
  storage: string;
}

export interface DownloadOptions {
  settings: HubSettings;
  /** Which files are wanted, by their path in the repository. */
  wanted(path: string): boolean;
  /** Told of every file that is about to be downloaded. */
  onDownload(file: { path: string; bytes: number }): void;
}

/**
 * The directory that holds the wanted files of a model's newest commit, or that of the named revision. A download that
 * broke off goes on where it was. Without a network, what the cache holds must do.
 * @throws ConfigurationError saying what the hub answered, or that the cache has no such model
 */
export async function downloadModel(name: string, options: DownloadOptions): Promise<string> {
  const { settings } = options;
  const repository = repositoryOf(name, settings);
  if (settings.offline) return await cachedSnapshot(repository, 'HF_HUB_OFFLINE is set', 'unset HF_HUB_OFFLINE');
  const hub = await import('@huggingface/hub');
  const { endpoint: hubUrl, accessToken } = settings;
  if (accessToken?.startsWith('hf_') === false)
    throw new ConfigurationError(
      'HF_TOKEN, or the token that is stored, does not begin with hf_ as tokens of the hub do',
    );
  const access = { hubUrl, ...(accessToken === undefined ? {} : { accessToken }) };
  try {
    const { sha, files } = await listingOf(repository, access);
    const snapshot = join(repository.storage, 'snapshots', sha);
    for (const file of wantedOf(files, options)) {
      const blob = join(repository.storage, 'blobs', blobOf(file));
      if (!(await exists(blob))) {
        options.onDownload({ path: file.path, bytes: file.size });
        const content = await hub.downloadFile({ repo: repository.name, path: file.path, revision: sha, ...access });
        if (content === null) throw new ConfigurationError(`${name}: the hub lists ${file.path} and does not have it`);
        await complete(blob, content, file);
      }
      await link(join(snapshot, file.path), blob);
    }
    // Last, so that a name in the cache always leads to a whole model.
    if (repository.revision !== sha) await writeReference(repository, sha);
    return snapshot;
  } catch (error) {
    if (error instanceof hub.HubApiError) throw refused(name, error.statusCode, settings);
    if (error instanceof ConfigurationError) throw error;
    return await cachedSnapshot(
      repository,
      `${hubUrl} cannot be reached (${reasonOf(error)})`,
      'try again with a network',
    );
  }
}

/** What a repository holds at a commit. */
interface Listing {
  sha: string;
  files: ListFileEntry[];
}

interface Access {
  hubUrl: string;
  accessToken?: string;
}

const listings = new Map<string, Promise<Listing>>();

/** Asked once a process, so that the tokenizer and the weights of a run are of one commit. What failed is asked again. */
function listingOf({ name, revision }: Repository, access: Access): Promise<Listing> {
  const key = JSON.stringify([name, revision, access]);
  const known = listings.get(key);
  if (known !== undefined) return known;
  const asked = askForListing({ name, revision }, access);
  listings.set(key, asked);
  asked.catch(() => listings.delete(key));
  return asked;
}

async function askForListing({ name, revision }: Omit<Repository, 'storage'>, access: Access): Promise<Listing> {
  const hub = await import('@huggingface/hub');
  const { sha } = await hub.modelInfo({ name, revision, additionalFields: ['sha'], ...access });
  const files: ListFileEntry[] = [];
  checkDigest(name, sha);
  for await (const file of hub.listFiles({ repo: name, revision: sha, recursive: true, ...access })) {
    if (file.type === 'file') checkDigest(name, blobOf(file));
    files.push(file);
  }
  return { sha, files };
}

/** What a hub sends becomes names of directories and files here, and a mirror may be anybody's. */
function checkDigest(name: string, digest: string): void {
  if (/^[0-9a-f]{40}([0-9a-f]{24})?$/.test(digest)) return;
  throw new ConfigurationError(`the hub describes ${name} by ${JSON.stringify(digest)}, which is no hash`, {
    hint: 'Do not trust this hub: set HF_ENDPOINT to another one.',
  });
}

/** Large files go by the hash of their contents, others by that of their blob in git. */
function blobOf({ lfs, oid = '' }: ListFileEntry): string {
  return lfs?.oid ?? oid;
}

/** The configuration comes last, so that a snapshot which has one is whole. */
function wantedOf(files: readonly ListFileEntry[], { wanted }: DownloadOptions): ListFileEntry[] {
  return files
    .filter(({ type, path }) => type === 'file' && wanted(path))
    .sort((a, b) => Number(a.path === CONFIG) - Number(b.path === CONFIG));
}

function repositoryOf(text: string, { cache }: HubSettings): Repository {
  const [, name = text, revision = 'main'] = HUB_NAME.exec(text) ?? [];
  return { name, revision, storage: join(cache, `models--${name.replaceAll('/', '--')}`) };
}

/** What an earlier download has left. */
async function cachedSnapshot({ name, revision, storage }: Repository, why: string, remedy: string): Promise<string> {
  const sha = await readFile(join(storage, 'refs', revision), 'utf8').catch(() => revision);
  const snapshot = join(storage, 'snapshots', sha.trim());
  if (await exists(join(snapshot, CONFIG))) return snapshot;
  throw new ConfigurationError(`the model ${name} is neither a directory nor in the cache, and ${why}`, {
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
  const isTransient = status === 408 || status === 429 || status >= 500;
  return new ConfigurationError(message, {
    hint: isTransient ? 'Try again later.' : 'Look at the name, and at the address: HF_ENDPOINT sets another.',
  });
}

/** Brings a blob to its full size from wherever an earlier download broke off, checks it, and gives it its name. */
async function complete(blob: string, content: Blob, file: ListFileEntry): Promise<void> {
  const partial = `${blob}.incomplete`;
  await makeDirectory(dirname(blob));
  try {
    await append(partial, content);
    const { size } = await stat(partial);
    if (size !== content.size || (await digestOf(partial, file)) !== blobOf(file)) {
      await rm(partial, { force: true });
      throw new ConfigurationError(`${file.path}: what was downloaded is damaged, and has been deleted`, {
        hint: 'Run the same command again: it is downloaded anew.',
      });
    }
    await rename(partial, blob);
  } catch (error) {
    // Another process, that of another run of a sweep, may have brought the same bytes to the same place before.
    if (!(await exists(blob))) throw error;
  }
}

/** Bytes are written to their places, so that two processes that download one file do each other no harm. */
async function append(path: string, content: Blob): Promise<void> {
  const handle = await open(path, 'a').then(async (created) => {
    await created.close();
    return await open(path, 'r+');
  });
  try {
    let position = Math.min((await handle.stat()).size, content.size);
    if (position < content.size) {
      for await (const chunk of content.slice(position).stream()) {
        await handle.write(chunk, 0, chunk.byteLength, position);
        position += chunk.byteLength;
      }
    }
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** As git names the content: large files by their SHA-256, others by the SHA-1 of their blob. */
async function digestOf(path: string, { lfs, size }: ListFileEntry): Promise<string> {
  const hash = lfs === undefined ? createHash('sha1').update(`blob ${size}\0`) : createHash('sha256');
  return await digestOfFile(path, hash);
}

async function link(path: string, blob: string): Promise<void> {
  if (await exists(path)) return;
  await makeDirectory(dirname(path));
  await symlink(relative(dirname(path), blob), path).catch(async (error: unknown) => {
    if (!(await exists(path))) throw error;
  });
}

async function writeReference({ storage, revision }: Repository, sha: string): Promise<void> {
  const path = join(storage, 'refs', revision);
  await makeDirectory(dirname(path));
  await writeFileAtomic(path, sha);
}

/** `fetch` says only that it failed; the cause says why. */
function reasonOf(error: unknown): string {
  return messageOf(error instanceof Error && error.cause !== undefined ? error.cause : error);
}

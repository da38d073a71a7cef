// A repository of a hub in the cache that Python's huggingface_hub keeps, in its layout:
// models--ORG--NAME/{refs/REVISION, blobs/ETAG, snapshots/COMMIT/FILE → ../../blobs/ETAG}, and datasets--ORG--NAME beside it

import { createHash } from 'node:crypto';
import { open, readFile, rename, rm, symlink } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { ListFileEntry } from '@huggingface/hub';
import { isSystemError } from '../formats/files.ts';
import { ConfigurationError, CookbookError, messageOf } from '../util/errors.ts';
import { digestOfFile } from '../util/file_digest.ts';
import { exists, explainingFailure, makeDirectory, writeFileAtomic } from '../util/files.ts';
import { safeParts } from '../util/safe_path.ts';
import { type HubSettings, requireHubToken } from './hub_settings.ts';
import { fetchRange } from './range_answer.ts';

export interface Repository {
  type: 'model' | 'dataset';
  /** `ORG/NAME`. */
  name: string;
  revision: string;
  /** Its directory in the cache. */
  storage: string;
}

/** What a repository holds at a commit. */
export interface Listing {
  sha: string;
  files: ListFileEntry[];
}

export function repositoryOf(
  { type, name, revision }: Omit<Repository, 'storage'>,
  { cache }: Pick<HubSettings, 'cache'>,
): Repository {
  return { type, name, revision, storage: join(cache, `${type}s--${name.replaceAll('/', '--')}`) };
}

/** Where the files of a commit lie. */
export function snapshotOf({ storage }: Repository, sha: string): string {
  return join(storage, 'snapshots', sha);
}

const listings = new Map<string, Promise<Listing>>();

/** Asked once a process, so that the tokenizer and the weights of a run are of one commit. What failed is asked again. */
export function listingOf({ type, name, revision }: Repository, settings: HubSettings): Promise<Listing> {
  const access = accessOf(settings);
  const key = JSON.stringify([type, name, revision, access]);
  const known = listings.get(key);
  if (known !== undefined) return known;
  const asked = persistently(undefined, () => askForListing({ type, name, revision }, access), isBusy);
  listings.set(key, asked);
  asked.catch(() => listings.delete(key));
  return asked;
}

/** More than any repository has; a listing without end would take all memory. */
const MOST_ENTRIES = 1_000_000;
/** A hub sends a thousand entries on each. */
const MOST_PAGES = 2000;

async function askForListing(
  { type, name, revision }: Omit<Repository, 'storage'>,
  access: ReturnType<typeof accessOf>,
): Promise<Listing> {
  const hub = await import('@huggingface/hub');
  const { sha } =
    type === 'model'
      ? await hub.modelInfo({ name, revision, additionalFields: ['sha'], ...access })
      : await hub.datasetInfo({ name, revision, additionalFields: ['sha'], ...access });
  checkDigest(name, sha);
  const files: ListFileEntry[] = [];
  for await (const file of listedFiles({ repo: { type, name }, revision: sha, recursive: true, ...access })) {
    if (file.type === 'file') checkDigest(name, blobOf(file));
    files.push(file);
  }
  return { sha, files };
}

interface ListedRepository {
  repo: { type: Repository['type']; name: string };
  revision: string;
  recursive?: boolean;
  hubUrl: string;
  accessToken?: string;
}

/** What a hub lists. @throws ConfigurationError where that has no end */
export async function* listedFiles(of: ListedRepository): AsyncGenerator<ListFileEntry> {
  const hub = await import('@huggingface/hub');
  const { name } = of.repo;
  let pages = 0;
  const fetchPage: typeof fetch = async (input, init) => {
    pages += 1;
    if (pages > MOST_PAGES) throw endless(name);
    return await fetch(input, init);
  };
  let entries = 0;
  for await (const file of hub.listFiles({ ...of, fetch: fetchPage })) {
    entries += 1;
    if (entries > MOST_ENTRIES) throw endless(name);
    yield file;
  }
}

function endless(name: string): ConfigurationError {
  const most = `${MOST_ENTRIES.toLocaleString('en')} files or ${MOST_PAGES.toLocaleString('en')} pages`;
  return new ConfigurationError(`the hub lists the files of ${name} without end: after ${most} there are still more`, {
    hint: 'Set HF_ENDPOINT to another hub: this one answers as no hub should.',
  });
}

function accessOf({ endpoint: hubUrl, accessToken }: HubSettings) {
  return { hubUrl, ...(accessToken === undefined ? {} : { accessToken: requireHubToken(accessToken) }) };
}

/** What a hub sends becomes names of directories and files here, and a mirror may be anybody's. */
function checkDigest(name: string, digest: string): void {
  if (/^[0-9a-f]{40}([0-9a-f]{24})?$/.test(digest)) return;
  throw new ConfigurationError(`the hub describes ${name} by ${JSON.stringify(digest)}, which is no hash`, {
    hint: 'Do not trust this hub: set HF_ENDPOINT to another one.',
  });
}

/** Large files go by the hash of their contents, others by that of their blob in git. */
export function blobOf({ lfs, oid = '' }: ListFileEntry): string {
  return lfs?.oid ?? oid;
}

export interface FetchOptions {
  settings: HubSettings;
  /** Told of every file that is about to be downloaded. */
  onDownload(file: { path: string; bytes: number }): void;
  signal?: AbortSignal | undefined;
}

/**
 * One file of a listing, downloaded unless it is there; the result is its path in the snapshot.
 * @throws ConfigurationError for a file that arrives damaged, or whose name leads out of the snapshot
 */
export async function fetchFile(
  repository: Repository,
  sha: string,
  file: ListFileEntry,
  { settings, onDownload, signal }: FetchOptions,
): Promise<string> {
  const parts = safeParts(file.path);
  if (parts === null) {
    throw new ConfigurationError(
      `the hub lists a file ${JSON.stringify(file.path)} of ${repository.name}, which is no path`,
      { hint: 'Do not trust this hub: set HF_ENDPOINT to another one.' },
    );
  }
  const blob = join(repository.storage, 'blobs', blobOf(file));
  if (!(await exists(blob))) {
    onDownload({ path: file.path, bytes: file.size });
    await persistently(signal, () => download(repository, sha, file, { blob, settings, signal }));
  }
  const path = join(snapshotOf(repository, sha), ...parts);
  await link(path, blob);
  return path;
}

/** Waits in seconds before a download is taken up again where it broke off. */
const WAITS_S = [0.25, 0.5, 1, 2];

/** A connection that breaks, and a hub that is busy, are no reason to give up a file of gigabytes at once. */
async function persistently<T>(
  signal: AbortSignal | undefined,
  attempt: () => Promise<T>,
  passes: (error: unknown) => Promise<boolean> = isTransient,
): Promise<T> {
  for (const wait of WAITS_S) {
    try {
      return await attempt();
    } catch (error) {
      signal?.throwIfAborted();
      if (!(await passes(error))) throw error;
      await setTimeout(wait * 1000, undefined, { signal });
    }
  }
  return await attempt();
}

async function isTransient(error: unknown): Promise<boolean> {
  if (error instanceof CookbookError || isSystemError(error)) return false;
  const { HubApiError } = await import('@huggingface/hub');
  return !(error instanceof HubApiError) || isTransientStatus(error.statusCode);
}

/** Whoever has no network is told so at once: what was downloaded before is to be had without one. */
async function isBusy(error: unknown): Promise<boolean> {
  const { HubApiError } = await import('@huggingface/hub');
  return error instanceof HubApiError && isTransientStatus(error.statusCode);
}

/** Of answers that may be another one in a moment. */
export function isTransientStatus(status: number): boolean {
  return status === 408 || status === 429 || status >= 500;
}

async function download(
  { type, name }: Repository,
  sha: string,
  file: ListFileEntry,
  { blob, settings, signal }: { blob: string; settings: HubSettings; signal: AbortSignal | undefined },
): Promise<void> {
  const hub = await import('@huggingface/hub');
  const content = await hub.downloadFile({
    repo: { type, name },
    // It becomes part of an address as it is given.
    path: file.path.split('/').map(encodeURIComponent).join('/'),
    revision: sha,
    ...accessOf(settings),
    fetch: (input, init) => fetchRange(input, { ...init, ...(signal && { signal }) }),
  });
  if (content === null) throw new ConfigurationError(`${name}: the hub lists ${file.path} and does not have it`);
  // What an earlier download has brought may be right, and stays.
  if (Number.isSafeInteger(file.size) && content.size !== file.size) {
    throw new ConfigurationError(
      `${name}: the hub lists ${file.path} with ${file.size} bytes, and would send ${content.size}`,
      { hint: 'Try again later, or set HF_ENDPOINT to another hub.' },
    );
  }
  await complete(blob, content, file);
}

/** Brings a blob to its full size from wherever an earlier download broke off, checks it, and gives it its name. */
async function complete(blob: string, content: Blob, file: ListFileEntry): Promise<void> {
  const partial = `${blob}.incomplete`;
  await makeDirectory(dirname(blob));
  try {
    const isWhole = await append(partial, content);
    if (!isWhole || (await digestOf(partial, file)) !== blobOf(file)) {
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

/**
 * Bytes are written to their places, so that two processes that download one file do each other no harm. False where there
 * are fewer than the hub has said, or more; of what may have no end, no byte beyond is written.
 */
async function append(path: string, content: Blob): Promise<boolean> {
  const handle = await explainingFailure('write', path, async () => {
    const created = await open(path, 'a');
    await created.close();
    return await open(path, 'r+');
  });
  try {
    let position = Math.min((await handle.stat()).size, content.size);
    if (position < content.size) {
      for await (const chunk of content.slice(position).stream()) {
        if (position + chunk.byteLength > content.size) return false;
        await explainingFailure('write', path, () => handle.write(chunk, 0, chunk.byteLength, position));
        position += chunk.byteLength;
      }
    }
    await handle.sync();
    return (await handle.stat()).size === content.size;
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

/** Has a revision lead to a commit, for those who ask without a network. */
export async function writeReference({ storage, revision }: Repository, sha: string): Promise<void> {
  if (revision === sha) return;
  const path = join(storage, 'refs', revision);
  await makeDirectory(dirname(path));
  await writeFileAtomic(path, sha);
}

/** The commit that a revision led to when it was last asked for; of a commit, itself. */
export async function cachedCommit({ storage, revision }: Repository): Promise<string> {
  const sha = await readFile(join(storage, 'refs', revision), 'utf8').catch(() => revision);
  return sha.trim();
}

/** That a hub gave no answer, or none that can be understood: it lacks what every answer of a hub has. */
export async function unanswered(error: unknown, { endpoint }: Pick<HubSettings, 'endpoint'>): Promise<string> {
  const { InvalidApiResponseFormatError } = await import('@huggingface/hub');
  const isAnswer = error instanceof InvalidApiResponseFormatError;
  return `${endpoint} ${isAnswer ? 'does not answer as a hub does' : 'cannot be reached'} (${reasonOf(error)})`;
}

/** `fetch` says only that it failed; the cause says why. */
function reasonOf(error: unknown): string {
  return messageOf(error instanceof Error && error.cause !== undefined ? error.cause : error);
}

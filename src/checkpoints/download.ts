// A checkpoint of a service, brought to this machine as the directory of an adapter, which appears whole or not at all.

import { rm } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { isAdapterDirectory } from '../formats/adapter.ts';
import { savedCheckpoints } from '../run_files/saved_checkpoints.ts';
import { chosenCheckpoint } from '../run_files/weights_reference.ts';
import { serviceRunOf } from '../tinker/http/checkpoint_path.ts';
import { StatusError } from '../tinker/http/errors.ts';
import { downloadFile } from '../tinker/http/file_download.ts';
import { CheckpointError, ConfigurationError, DataFormatError } from '../util/errors.ts';
import { makeDirectory, shortPath } from '../util/files.ts';
import { textOf } from '../util/json.ts';
import { programName } from '../util/program_name.ts';
import { tidyDirectories } from '../util/replace_directory.ts';
import { refuseTakenPlace, takenPlace } from '../util/taken_place.ts';
import { unpackTar } from '../util/tar.ts';
import { makeWhole, replaceWhole, tidyPartial } from '../util/whole_directory.ts';
import { completeAdapter, placeAdapter } from './adapter_directory.ts';
import { type Connection, connected, type Surroundings } from './connect.ts';
import { fetchExternalWeights } from './external_weights.ts';
import { fromFreshAddress } from './fresh_address.ts';
import { MOST_BYTES, MOST_FILES } from './limits.ts';
import { pathsOf } from './listing.ts';
import { Progress } from './progress.ts';
import type { PathTarget, RemoteTarget } from './target.ts';

export interface DownloadOptions extends Surroundings {
  to: string;
  /** Of a run: final, best or the name of a checkpoint; null = the newest. */
  checkpoint: string | null;
  /** Puts it in the place of an adapter that lies there. */
  overwrite: boolean;
  signal: AbortSignal;
}

export interface Download {
  directory: string;
  /** What was downloaded. */
  path: string;
  /** The model that the adapter belongs to; null where nobody says it. */
  base_model: string | null;
}

/** Where it goes unless somebody says where. */
export function placeFor(target: PathTarget | RemoteTarget, checkpoint: string | null): string {
  const parts =
    target.is === 'path'
      ? [target.run, target.path.split('/').at(-1) ?? '']
      : [basename(target.run.directory), checkpoint ?? 'adapter'];
  return parts.join('-').replace(/[^A-Za-z0-9._-]/g, '-');
}

/** @throws ConfigurationError for a place that is taken, CheckpointError for what the service does not hand out */
export async function downloadCheckpoint(
  target: PathTarget | RemoteTarget,
  options: DownloadOptions,
): Promise<Download> {
  const directory = resolve(options.to);
  await prepared(directory, options.overwrite);
  return await connected(target.base_url, options, async (connection) => {
    const fetch = (into: string) => fetchAdapter(target, connection, options, into);
    const fetched = options.overwrite ? await replaced(directory, fetch) : await made(directory, fetch);
    return { directory, ...fetched };
  });
}

async function prepared(directory: string, overwrite: boolean): Promise<void> {
  const parent = dirname(directory);
  await tidyPartial(parent, basename(directory));
  if (overwrite) await tidyDirectories(parent, basename(directory));
  // Nothing but what this command has written before, or could have, is ever replaced.
  if (!overwrite || !(await isAdapterDirectory(directory))) {
    await refuseTakenPlace(directory).catch((error: unknown) => {
      throw error instanceof ConfigurationError ? taken(directory, overwrite) : error;
    });
  }
}

async function made<T>(directory: string, fetch: (into: string) => Promise<T>): Promise<T> {
  const fetched: T[] = [];
  const isOurs = await makeWhole(directory, async (partial) => {
    fetched.push(await fetch(partial));
  });
  const [first] = fetched;
  if (!isOurs || first === undefined) throw takenPlace(directory);
  return first;
}

async function replaced<T>(directory: string, fetch: (into: string) => Promise<T>): Promise<T> {
  const fetched: T[] = [];
  await replaceWhole(directory, async (partial) => {
    fetched.push(await fetch(partial));
  });
  return fetched[0];
}

function taken(directory: string, overwrite: boolean): ConfigurationError {
  return new ConfigurationError(`${shortPath(directory)} is there already${overwrite ? ', and is no adapter' : ''}`, {
    hint: overwrite ? 'Name another directory with --to.' : 'Name another directory with --to, or pass --overwrite.',
  });
}

async function fetchAdapter(
  target: PathTarget | RemoteTarget,
  connection: Connection,
  options: DownloadOptions,
  directory: string,
): Promise<Omit<Download, 'directory'>> {
  const { checkpoints } = connection;
  const progress = new Progress(options.notify);
  const { signal } = options;
  const paths = target.is === 'path' ? [target.path] : remotePaths(target, options.checkpoint);
  const own = target.is === 'remote' ? textOf(target.run.spec.model_name) : null;
  await requireThere(paths, connection);
  // Asked first: whoever writes files for the occasion closes the connection behind them.
  const served = await checkpoints.baseModelOf(serviceRunOf(paths[0] ?? ''));
  const path = await fetched(paths, connection, { directory, signal, progress }).catch((error: unknown) => {
    if (!(error instanceof StatusError) || error.status !== 404) throw error;
    throw new CheckpointError(`${connection.transport.address} has no checkpoint ${paths[0] ?? ''}`, {
      hint: `List what it has with "${programName()} checkpoints list".`,
      cause: error,
    });
  });
  signal.throwIfAborted();
  return { path, base_model: await completeAdapter(directory, { own, served }) };
}

/** Weights to sample from are less than a state, and as good. */
function remotePaths({ run }: RemoteTarget, name: string | null): string[] {
  const checkpoint = chosenCheckpoint(
    run,
    name,
    savedCheckpoints(run).filter(({ rolling }) => !rolling),
  );
  return pathsOf(checkpoint).reverse();
}

/** A service that lists checkpoints of a run, and not these, has lost them. */
async function requireThere(paths: readonly string[], { checkpoints, transport }: Connection): Promise<void> {
  const [first = ''] = paths;
  const there = await checkpoints.listOf(serviceRunOf(first));
  if (there.length === 0 || there.some(({ path }) => paths.includes(path))) return;
  throw new CheckpointError(`${transport.address} has no checkpoint ${first}: it was deleted, or has expired`, {
    hint: `Of the same run it has ${there.map(({ path }) => path).join(', ')}.`,
  });
}

interface Fetching {
  directory: string;
  signal: AbortSignal;
  progress: Progress;
}

/** As an archive where there is one, else as the files that the service writes of a state. */
async function fetched(paths: readonly string[], connection: Connection, fetching: Fetching): Promise<string> {
  for (const path of paths) {
    const archive = path.includes('/external_weights/') ? null : await connection.checkpoints.archiveOf(path);
    if (archive === null) continue;
    await fetchArchive(path, archive, connection, fetching);
    return path;
  }
  const state = paths.find((path) => !path.includes('/sampler_weights/'));
  if (state === undefined) {
    throw new CheckpointError(`${connection.transport.address} hands out no archive of ${paths.join(', ')}`, {
      hint: 'Services hand out saved states: name that of the same step, tinker://RUN/weights/NAME.',
    });
  }
  await fetchExternalWeights(state, connection, fetching);
  return state;
}

async function fetchArchive(
  path: string,
  url: string,
  { transport, checkpoints }: Connection,
  { directory, signal, progress }: Fetching,
): Promise<void> {
  const archive = join(directory, '.archive');
  const unpacked = join(directory, '.unpacked');
  const received = (bytes: number, total: number | null) => progress.at(path, bytes, total);
  const renew = async () => (await checkpoints.archiveOf(path)) ?? url;
  await fromFreshAddress(url, renew, (at) =>
    downloadFile(transport, { url: at, path: archive, maxBytes: MOST_BYTES, signal, progress: received }),
  );
  await makeDirectory(unpacked);
  try {
    await unpackTar(archive, unpacked, { bytes: MOST_BYTES, entries: MOST_FILES }, signal);
  } catch (error) {
    if (!(error instanceof DataFormatError)) throw error;
    throw new CheckpointError(`the archive of ${path} cannot be unpacked: ${error.message}`, { cause: error });
  }
  await rm(archive);
  await placeAdapter(unpacked, directory, `the archive of ${path}`);
}

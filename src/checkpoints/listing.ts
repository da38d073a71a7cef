// The checkpoints that there are, whoever has them, newest first.

import { stat } from 'node:fs/promises';
import { type SavedCheckpoint, savedCheckpoints } from '../run_files/saved_checkpoints.ts';
import type { SeenRun } from '../run_files/seen_run.ts';
import { localPlace } from '../run_files/weights_reference.ts';
import { serviceRunOf } from '../tinker/http/checkpoint_path.ts';
import type { ServiceCheckpoint, ServiceCheckpoints } from '../tinker/http/checkpoints.ts';
import { localCheckpoint } from '../tinker/local_path.ts';
import { filesSize, shortPath } from '../util/files.ts';
import { connected, type Surroundings } from './connect.ts';
import { targetOf } from './target.ts';

export interface ListedCheckpoint {
  /** `tinker://RUN/KIND/NAME`, or a directory of this machine. */
  path: string;
  name: string;
  /** `training`: a state to resume from. `sampler`: weights. `external`: weights as files for other tools. */
  kind: string;
  /** Steps that the weights have seen; null where nothing says it. */
  step: number | null;
  size_bytes: number | null;
  created_at: string | null;
  /** Null: it stays. */
  expires_at: string | null;
  public: boolean;
  /** The run's log names it, and it is there no more. */
  gone: boolean;
}

/** @param text a server's address, a run directory or a checkpoint's path, for all of its run; null = the usual server */
export async function listCheckpoints(text: string | null, surroundings: Surroundings): Promise<ListedCheckpoint[]> {
  const target = targetOf(text, surroundings.env);
  if (target.is === 'local') return newestFirst(await ofLocalRun(target.run));
  return newestFirst(
    await connected(target.base_url, surroundings, async ({ checkpoints }) => {
      if (target.is === 'remote') return await ofRemoteRun(target.run, checkpoints);
      const found = target.is === 'path' ? await checkpoints.listOf(target.run) : await checkpoints.list();
      return found.map((each) => listed(each, null));
    }),
  );
}

/** What a service has of a run of ours: what its log names, and what the service has beside that of the same runs of its own. */
async function ofRemoteRun(run: SeenRun, checkpoints: ServiceCheckpoints): Promise<ListedCheckpoint[]> {
  const saved = savedPaths(run);
  const there = new Map<string, ServiceCheckpoint>();
  for (const id of new Set([...saved.keys()].map(serviceRunOf))) {
    for (const each of await checkpoints.listOf(id)) there.set(each.path, each);
  }
  const gone = [...saved].flatMap(([path, { batch }]) => (there.has(path) ? [] : [goneFrom(path, batch)]));
  return [...[...there.values()].map((each) => listed(each, saved.get(each.path)?.batch ?? null)), ...gone];
}

async function ofLocalRun(run: SeenRun): Promise<ListedCheckpoint[]> {
  const rows = [...savedPaths(run)].map(async ([path, { name, batch }]): Promise<ListedCheckpoint> => {
    const directory = localPlace(run, path) ?? path;
    const found = await stat(directory).catch(() => null);
    return {
      path: shortPath(directory),
      name,
      kind: localCheckpoint(path)?.startsWith('weights/') === true ? 'training' : 'sampler',
      step: stepOf(batch),
      size_bytes: found === null ? null : await filesSize(directory),
      created_at: found === null ? null : found.mtime.toISOString(),
      expires_at: null,
      public: false,
      gone: found === null,
    };
  });
  return await Promise.all(rows);
}

function savedPaths(run: SeenRun): Map<string, SavedCheckpoint> {
  return new Map(savedCheckpoints(run).flatMap((saved) => pathsOf(saved).map((path) => [path, saved] as const)));
}

/** All that was saved of one checkpoint of a run. */
export function pathsOf({ state_path, sampler_path }: SavedCheckpoint): string[] {
  return [state_path, sampler_path].filter((path) => path !== null);
}

function listed({ path, type, ...others }: ServiceCheckpoint, batch: number | null): ListedCheckpoint {
  const name = nameIn(path);
  // As loops of this package and of the Python cookbook name them.
  const step = batch === null ? Number(/^(?:best-)?(\d{6,})$/.exec(name)?.[1] ?? -1) : batch;
  return { path, name, kind: type, step: stepOf(step), ...others, gone: false };
}

function goneFrom(path: string, batch: number): ListedCheckpoint {
  const kind = path.includes('/sampler_weights/') ? 'sampler' : 'training';
  const nothing = { size_bytes: null, created_at: null, expires_at: null, public: false };
  return { path, name: nameIn(path), kind, step: stepOf(batch), ...nothing, gone: true };
}

const nameIn = (path: string): string => path.split('/').at(-1) ?? path;
const stepOf = (batch: number): number | null => (batch < 0 ? null : batch);

/** Of one time the later steps first; what nobody knows the time of stands last. */
function newestFirst(rows: readonly ListedCheckpoint[]): ListedCheckpoint[] {
  const time = ({ created_at }: ListedCheckpoint) => Date.parse(created_at ?? '') || 0;
  return rows.toSorted((a, b) => time(b) - time(a) || (b.step ?? -1) - (a.step ?? -1) || (a.path < b.path ? -1 : 1));
}

// Deleting checkpoints: after a question, and not the one that an unfinished run goes on from.

import { rm } from 'node:fs/promises';
import type { Confirm } from '../run/ask.ts';
import { forgetCheckpoint } from '../run_files/checkpoint_log.ts';
import { takeLease } from '../run_files/lease.ts';
import { type SavedCheckpoint, savedCheckpoints } from '../run_files/saved_checkpoints.ts';
import type { SeenRun } from '../run_files/seen_run.ts';
import { isFinished } from '../run_files/status.ts';
import { chosenCheckpoint, localPlace } from '../run_files/weights_reference.ts';
import type { ServiceCheckpoints } from '../tinker/http/checkpoints.ts';
import { CheckpointError, ConfigurationError } from '../util/errors.ts';
import { shortPath } from '../util/files.ts';
import { listed } from '../util/plural.ts';
import { notOne } from './change.ts';
import { connected, type Surroundings } from './connect.ts';
import { pathsOf } from './listing.ts';
import { type LocalTarget, type PathTarget, type RemoteTarget, targetOf } from './target.ts';

export interface DeleteOptions extends Surroundings {
  /** Of a run: the name of a checkpoint, final or best. Nothing is deleted for want of a name. */
  checkpoint: string | null;
  /** Asks nothing. */
  yes: boolean;
  /** Deletes also what an unfinished run goes on from. */
  force: boolean;
  confirm: Confirm;
}

/**
 * Returns the paths of what was deleted; none where the answer was no.
 * @throws ConfigurationError where there is nobody to ask, CheckpointError for what a run still needs
 */
export async function deleteCheckpoint(text: string, options: DeleteOptions): Promise<string[]> {
  const target = targetOf(text, options.env);
  if (target.is === 'server') throw notOne(text);
  if (target.is === 'path') {
    return await connected(null, options, ({ checkpoints }) => deleteAtService(target, checkpoints, options));
  }
  const saved = namedCheckpoint(target.run, options.checkpoint);
  if (target.is === 'local') return await deleteOfRun(target, saved, options, deletePlaces(target.run));
  return await connected(target.base_url, options, async ({ checkpoints }) => {
    return await deleteOfRun(target, saved, options, async (path) => await deleteIfThere(checkpoints, path));
  });
}

async function deleteAtService(
  { path, run }: PathTarget,
  checkpoints: ServiceCheckpoints,
  options: DeleteOptions,
): Promise<string[]> {
  const there = await checkpoints.listOf(run);
  const states = there.filter(({ type }) => type === 'training');
  const newest = states.toSorted((a, b) => ((a.created_at ?? '') < (b.created_at ?? '') ? 1 : -1))[0];
  // A service does not know whether a run has come to its end, but its loop calls the last checkpoint so.
  const isOver = there.some((each) => each.path.endsWith('/final'));
  if (newest?.path === path && !isOver && !options.force)
    throw stillNeeded(path, 'nothing called "final" is there yet');
  if (!(await mayDelete([path], options))) return [];
  await checkpoints.delete(path);
  return [path];
}

async function deleteOfRun(
  { is, run }: LocalTarget | RemoteTarget,
  saved: SavedCheckpoint,
  options: DeleteOptions,
  remove: (path: string) => Promise<void>,
): Promise<string[]> {
  const isNeeded = savedCheckpoints(run).findLast(({ state_path }) => state_path !== null)?.name === saved.name;
  if (isNeeded && !isFinished(run.state) && !options.force) {
    throw stillNeeded(`${saved.name} of ${shortPath(run.directory)}`, `the run is ${run.state}`);
  }
  const paths = pathsOf(saved);
  const shown = paths.map((path) => shortPath(localPlace(run, path) ?? path));
  if (!(await mayDelete(shown, options))) return [];
  const lease = await takeLease(run.directory);
  try {
    // Weights on this machine that have no line are tidied up, and no line stands for weights that are gone. Weights at a service
    // are found by their line alone, and can be deleted again.
    if (is === 'local') await forgetCheckpoint(run.directory, saved.name);
    for (const path of paths) await remove(path);
    if (is === 'remote') await forgetCheckpoint(run.directory, saved.name);
  } finally {
    await lease.release();
  }
  return shown;
}

/** What is to be deleted is named, and nothing stands for a name that was left out. */
function namedCheckpoint(run: SeenRun, name: string | null): SavedCheckpoint {
  const all = savedCheckpoints(run);
  if (name === null) {
    throw new ConfigurationError(`which checkpoint of ${shortPath(run.directory)} is to be deleted?`, {
      hint: `Name it with --checkpoint: ${all.map((each) => each.name).join(', ') || 'it has none'}.`,
    });
  }
  return all.find((each) => each.name === name) ?? chosenCheckpoint(run, name, all);
}

/** @throws ConfigurationError where nobody can say yes */
async function mayDelete(paths: readonly string[], { yes, confirm }: DeleteOptions): Promise<boolean> {
  if (yes) return true;
  if (confirm !== null) return await confirm(`delete ${listed(paths)} for good`);
  throw new ConfigurationError(`${listed(paths)} would be deleted for good, and there is nobody to ask`, {
    hint: 'Pass --yes.',
  });
}

function stillNeeded(what: string, why: string): CheckpointError {
  return new CheckpointError(`${what} is the last checkpoint that its run can go on from, and ${why}`, {
    hint: 'Pass --force to delete it all the same.',
  });
}

const deletePlaces = (run: SeenRun) => async (path: string) => {
  const place = localPlace(run, path);
  if (place !== null) await rm(place, { recursive: true, force: true });
};

/** What is gone already is as good as deleted. */
async function deleteIfThere(checkpoints: ServiceCheckpoints, path: string): Promise<void> {
  await checkpoints.delete(path).catch((error: unknown) => {
    if (!(error instanceof CheckpointError)) throw error;
  });
}

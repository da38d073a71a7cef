// Which checkpoint is meant by the directory of a run, or of a checkpoint.

import { readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { isDirectory, isFile } from '../formats/files.ts';
import { CheckpointError, ConfigurationError } from '../util/errors.ts';

/** `weights` to train on from, `sampler_weights` to sample from. */
export type CheckpointKind = 'weights' | 'sampler_weights';

/** What a checkpoint can be called. */
export const CHECKPOINT_NAME = /^[A-Za-z0-9._-]+$/;

/**
 * The directory of a run's checkpoint: the named one, else the final one, else the newest. Any directory that is no run's
 * is taken for a checkpoint itself.
 * @throws CheckpointError saying which there are, ConfigurationError for a name in what is no run
 */
export async function findCheckpoint(path: string, kind: CheckpointKind, name: string | null = null): Promise<string> {
  if (!(await isDirectory(path))) throw new CheckpointError(`${path}: no such directory`);
  if (!(await isRun(path))) {
    if (name === null) return resolve(path);
    throw new ConfigurationError(`${path} is no run directory, so it has no checkpoint "${name}"`);
  }
  const saved = join(resolve(path), 'checkpoints', kind);
  const names = (await isDirectory(saved)) ? (await readdir(saved)).filter(isWhole).sort() : [];
  const wanted = name ?? (names.includes('final') ? 'final' : names.at(-1));
  if (wanted !== undefined && names.includes(wanted)) return join(saved, wanted);
  if (names.length > 0)
    throw new CheckpointError(`${path} has no checkpoint "${wanted}"`, { hint: `It has ${names.join(', ')}.` });
  throw new CheckpointError(`${path}: this run has saved no weights yet`, {
    hint: 'Run it until its first checkpoint (save_every), or to its end.',
  });
}

async function isRun(path: string): Promise<boolean> {
  return (await isFile(join(path, 'run.json'))) || (await isDirectory(join(path, 'checkpoints')));
}

/** Not what a process that was killed left behind. */
function isWhole(name: string): boolean {
  return CHECKPOINT_NAME.test(name) && !name.endsWith('.tmp');
}

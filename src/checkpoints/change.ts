// What a command changes of checkpoints at a service: which paths are meant, and what was done to each.

import { savedCheckpoints } from '../run_files/saved_checkpoints.ts';
import { chosenCheckpoint } from '../run_files/weights_reference.ts';
import type { ServiceCheckpoints } from '../tinker/http/checkpoints.ts';
import { ConfigurationError } from '../util/errors.ts';
import { shortPath } from '../util/files.ts';
import { programName, quote } from '../util/program_name.ts';
import { connected, type Surroundings } from './connect.ts';
import { pathsOf } from './listing.ts';
import { targetOf } from './target.ts';

export interface ChangeOptions extends Surroundings {
  /** Of a run: final, best or the name of a checkpoint; null = the newest. */
  checkpoint: string | null;
}

/** Publishes checkpoints, or takes that back. Returns their paths. */
export async function setPublic(text: string, isPublic: boolean, options: ChangeOptions): Promise<string[]> {
  const what = isPublic ? 'publishes' : 'takes back what was published';
  return await change(text, what, options, (checkpoints, path) => checkpoints.setPublic(path, isPublic));
}

/** @param seconds from now on; null = they stay */
export async function setTtl(text: string, seconds: number | null, options: ChangeOptions): Promise<string[]> {
  return await change(text, 'deletes by itself', options, (checkpoints, path) => checkpoints.setTtl(path, seconds));
}

/** Of a checkpoint of a run all that was saved: its state, and its weights to sample from. */
async function change(
  text: string,
  what: string,
  options: ChangeOptions,
  apply: (checkpoints: ServiceCheckpoints, path: string) => Promise<void>,
): Promise<string[]> {
  const target = targetOf(text, options.env);
  if (target.is === 'server') throw notOne(text);
  if (target.is === 'local') {
    const place = shortPath(target.run.directory);
    throw new ConfigurationError(`the checkpoints of ${place} lie on this machine, where nobody ${what}`, {
      hint: `Write the weights for others with "${programName()} export ${quote(place)} --to DIR".`,
    });
  }
  const paths =
    target.is === 'path'
      ? [target.path]
      : pathsOf(chosenCheckpoint(target.run, options.checkpoint, savedCheckpoints(target.run)));
  return await connected(target.base_url, options, async ({ checkpoints }) => {
    for (const path of paths) await apply(checkpoints, path);
    return paths;
  });
}

/** The error of an address where one checkpoint is to be named. */
export function notOne(text: string): ConfigurationError {
  return new ConfigurationError(`${text} is the address of a server, not a checkpoint`, {
    hint: 'Name a checkpoint as tinker://RUN/KIND/NAME (with TINKER_BASE_URL set), or a run directory with --checkpoint NAME.',
  });
}

const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

/** Seconds of `90m`, `12h`, `7d`, or of a bare number; null of `never`. */
export function ttlOf(text: string): number | null {
  if (text === 'never') return null;
  const [, count, unit = 's'] = /^(\d{1,10})([smhd])?$/.exec(text) ?? [];
  const seconds = Number(count) * (UNITS[unit] ?? Number.NaN);
  if (Number.isSafeInteger(seconds) && seconds > 0) return seconds;
  throw new ConfigurationError(`"${text}" is no time to live`, { hint: 'Write 90m, 12h, 7d or never.' });
}

// "Did you mean" for paths: files and directories of nearly the name that is not there, and examples where the package lies.

import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { closestNames } from '../registry/suggest.ts';
import { pathFrom } from '../util/files.ts';
import { absolutePath } from './location.ts';

/** What is there of nearly this path, which starts from `directory`, in the spelling that it was given in. */
export function nearPaths(path: string, directory: string): string[] {
  const parts = path.split('/');
  const missing = parts.findIndex(
    (_, i) => !existsSync(absolutePath(parts.slice(0, i + 1).join('/') || '/', directory)),
  );
  if (missing === -1) return [];
  const above = absolutePath(parts.slice(0, missing).join('/') || (path.startsWith('/') ? '/' : '.'), directory);
  return closestNames(parts[missing] ?? '', namesIn(above))
    .map((name) => parts.with(missing, name).join('/'))
    .filter((near) => existsSync(absolutePath(near, directory)));
}

const PACKAGE = fileURLToPath(new URL('../..', import.meta.url));

/**
 * Pages tell of `configs/…` as it lies in the repository; who has installed the package finds it there. `recipes` lists the same
 * files by their bare names.
 */
function shippedPaths(path: string, directory: string): string[] {
  const [, shipped] = /^(?:\.\/)?((?:configs|sweeps|example_data)\/.+)$/.exec(path) ?? [];
  const [, recipe] = /^([\w-]+)(?:\.ya?ml)?$/.exec(path) ?? [];
  const places = [
    ...(shipped === undefined ? [] : [shipped]),
    ...(recipe === undefined ? [] : [`configs/${recipe}.yaml`, `sweeps/${recipe}.yaml`]),
  ];
  return places
    .map((place) => join(PACKAGE, place))
    .flatMap((place) => (existsSync(place) ? [pathFrom(directory, place)] : []));
}

/** The same as a clause of a message; empty where there is nothing like it, or where the path itself is there. */
export function nearPathsHint(path: string, directory: string): string {
  if (existsSync(absolutePath(path, directory))) return '';
  const near = [...nearPaths(path, directory), ...shippedPaths(path, directory)];
  return near.length === 0 ? '' : `; did you mean ${near.join(' or ')}?`;
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

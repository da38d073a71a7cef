// Where Trackio keeps the database of a project.

import { homedir } from 'node:os';
import { join } from 'node:path';

type Environment = Readonly<Record<string, string | undefined>>;

/** TRACKIO_DIR, or its place in the cache of Hugging Face. */
export function trackioDirectory({ TRACKIO_DIR, HF_HOME, XDG_CACHE_HOME }: Environment): string {
  if (TRACKIO_DIR) return TRACKIO_DIR;
  const cache = XDG_CACHE_HOME || join(homedir(), '.cache');
  return join(HF_HOME || join(cache, 'huggingface'), 'trackio');
}

/** Trackio leaves out of a name what may mean something in a path. */
export function databaseName(project: string): string {
  return `${project.replaceAll(/[^\p{L}\p{N}_-]/gu, '') || 'default'}.db`;
}

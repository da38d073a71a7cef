// What other tools have kept below a place that the user names. Links are not followed, and directories of our own runs not entered.

import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { ConfigurationError, messageOf } from '../util/errors.ts';
import type { Reading } from './foreign_run.ts';
import { readMlflowRun } from './mlflow.ts';
import { isEventFile, readEventDirectory } from './tensorboard.ts';
import { isDatabase, readTrackioDatabase } from './trackio.ts';
import { isWandbFile, readWandbFile } from './wandb.ts';

/** Deeper than any tool keeps its runs. */
const DEEPEST = 12;

/** Runs one after the other, so that those of a large store need not all be in memory. @throws ConfigurationError where nothing is there */
export async function* readForeignRuns(source: string, cwd: string): AsyncGenerator<Reading> {
  const path = resolve(cwd, source);
  const stats = await stat(path).catch(() => null);
  if (stats === null) throw new ConfigurationError(`${source}: there is no such file or directory`);
  if (stats.isDirectory()) yield* readDirectory(path, path, 0);
  else yield* readFiles(dirname(path), [basename(path)], dirname(path));
}

async function* readDirectory(directory: string, root: string, depth: number): AsyncGenerator<Reading> {
  const entries = await readdir(directory, { withFileTypes: true }).catch((error: unknown) => messageOf(error));
  if (typeof entries === 'string') {
    yield { runs: [], problems: [`${directory}: ${entries}`] };
    return;
  }
  const names = (kept: (typeof entries)[number][]) => kept.map(({ name }) => name).sort();
  const files = names(entries.filter((entry) => entry.isFile()));
  if (files.includes('run.json') || files.includes('imported.json')) return;
  if (files.includes('meta.yaml')) yield await readMlflowRun(directory);
  yield* readFiles(directory, files, root);
  if (depth === DEEPEST) return;
  for (const name of names(entries.filter((entry) => entry.isDirectory()))) {
    yield* readDirectory(join(directory, name), root, depth + 1);
  }
}

async function* readFiles(directory: string, files: readonly string[], root: string): AsyncGenerator<Reading> {
  const events = files.filter(isEventFile);
  if (events.length > 0) yield await readEventDirectory(directory, events, root);
  for (const name of files.filter(isDatabase)) yield await readTrackioDatabase(join(directory, name));
  for (const name of files.filter(isWandbFile)) yield await readWandbFile(join(directory, name));
}

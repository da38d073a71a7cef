// A foreign run as a run directory that report and SQL read: config.json, metrics.jsonl, and status.json where it says how it ended.

import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { jsonText, makeDirectory, writeFileAtomic } from '../util/files.ts';
import { spellNumber } from '../util/json.ts';
import { LOG_LIMIT_BYTES, readRegularFile } from '../util/regular_file.ts';
import { digitsOf } from '../util/text.ts';
import type { ForeignRun } from './foreign_run.ts';

/** It is there once the run is whole, and says that the directory is ours to change. */
const MARK = 'imported.json';
const FILES = [MARK, 'config.json', 'metrics.jsonl', 'status.json'];
/** What people may have put beside them. */
const KEPT = ['notes.json', '.notes', 'notes.json.next'];
const LONGEST_NAME = 60;

export type Change = 'new' | 'changed' | 'unchanged';

export interface WrittenRun {
  directory: string;
  change: Change;
}

/** Writes a run below a directory; null where something else lies in its place. What is the same already is left alone. */
export async function writeForeignRun(run: ForeignRun, to: string): Promise<WrittenRun | null> {
  const directory = join(to, run.kind, ...(run.project === null ? [] : [tame(run.project)]), directoryName(run));
  const names = await readdir(directory).catch((): string[] => []);
  // A kill may have come before the mark was there.
  if (names.some((name) => ![...FILES, ...KEPT].includes(name) && !/\.tmp-[0-9a-f]+$/.test(name))) return null;
  const texts = Object.entries(textsOf(run));
  const isSame = await Promise.all(texts.map(async ([name, text]) => (await textIn(join(directory, name))) === text));
  if (isSame.every(Boolean)) return { directory, change: 'unchanged' };
  await makeDirectory(directory);
  for (const [name, text] of texts) await writeFileAtomic(join(directory, name), text);
  return { directory, change: names.includes(MARK) ? 'changed' : 'new' };
}

function textsOf(run: ForeignRun): Record<string, string> {
  const { kind, id, name, project, config, rows, state, started, ended } = run;
  const sorted = [...rows].sort(([a], [b]) => a - b);
  const lines = sorted.map(([step, row]) => `${JSON.stringify({ step, ...row }, spellNumber)}\n`);
  const times = { started_at: dateText(started), ended_at: dateText(ended) };
  const status = { schema_version: 1, state, step: (sorted.at(-1)?.[0] ?? -1) + 1, ...times };
  return {
    'config.json': jsonText(config),
    'metrics.jsonl': lines.join(''),
    ...(state === null ? {} : { 'status.json': jsonText(status) }),
    [MARK]: jsonText({ kind, id, name, project }),
  };
}

/** Ends with a few digits of a hash of what the run is, since names repeat. */
function directoryName({ kind, id, name, project }: ForeignRun): string {
  return `${tame(name)}-${digitsOf(JSON.stringify([kind, project, id]), 8)}`;
}

/** A name that somebody else has chosen as that of one directory. */
function tame(name: string): string {
  const safe = name.replaceAll(/[^\p{L}\p{N}_.=-]+/gu, '-').slice(0, LONGEST_NAME);
  return safe.replace(/^[.-]+/, '') || 'run';
}

function dateText(milliseconds: number | null): string | null {
  if (milliseconds === null) return null;
  const date = new Date(milliseconds);
  return Number.isNaN(date.getTime()) ? null : date.toISOString();
}

async function textIn(path: string): Promise<string | null> {
  return await readRegularFile(path, LOG_LIMIT_BYTES).catch(() => null);
}

// A foreign run as a run directory that report and SQL read: config.json, metrics.jsonl, and status.json where it says how it ended.

import { createHash } from 'node:crypto';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { digestOfFile } from '../util/file_digest.ts';
import { explainingFailure, jsonText, makeDirectory, replaceFile } from '../util/files.ts';
import { type JsonObject, spellNumber } from '../util/json.ts';
import { digitsOf } from '../util/text.ts';
import type { ForeignRun } from './foreign_run.ts';

/** It is there once the run is whole, and says that the directory is ours to change. */
const MARK = 'imported.json';
const STATUS = 'status.json';
const FILES = [MARK, 'config.json', 'metrics.jsonl', STATUS];
/** What people may have put beside them. */
const KEPT = ['notes.json', '.notes', 'notes.json.next'];
const LONGEST_NAME = 60;

export type Change = 'new' | 'changed' | 'unchanged';

export interface WrittenRun {
  directory: string;
  change: Change;
}

/**
 * Writes a run below a directory; null where something else lies in its place. What is the same already is left alone.
 * @throws an error that says which file could not be written, and why
 */
export async function writeForeignRun(run: ForeignRun, to: string): Promise<WrittenRun | null> {
  const directory = join(to, run.kind, ...(run.project === null ? [] : [tame(run.project)]), directoryName(run));
  const entries = await readdir(directory, { withFileTypes: true }).catch(() => []);
  const names = entries.map(({ name }) => name);
  // A kill may have come before the mark was there.
  if (names.some((name) => ![...FILES, ...KEPT].includes(name) && !/\.tmp-[0-9a-f]+$/.test(name))) return null;
  const files = filesOf(run);
  const isThere = (name: string) => entries.some((entry) => entry.name === name && entry.isFile());
  const isSame = await Promise.all(
    FILES.map(async (name) => {
      const text = files.get(name);
      if (text === undefined || !isThere(name)) return text === undefined && !names.includes(name);
      return (await digestOfFile(join(directory, name)).catch(() => null)) === digestOf(text);
    }),
  );
  if (isSame.every(Boolean)) return { directory, change: 'unchanged' };
  await makeDirectory(directory);
  // What the run has come to since has no end any more.
  if (!files.has(STATUS)) {
    const path = join(directory, STATUS);
    await explainingFailure('remove', path, () => rm(path, { force: true }));
  }
  for (const [name, text] of files) {
    const path = join(directory, name);
    await explainingFailure('write', path, () =>
      replaceFile(path, async (file) => {
        for (const piece of text()) await file.appendFile(piece);
      }),
    );
  }
  return { directory, change: names.includes(MARK) ? 'changed' : 'new' };
}

/** The text of a file in pieces: that of many steps is longer than a text in memory may be. */
type Text = () => Iterable<string>;

function digestOf(text: Text): string {
  const hash = createHash('sha256');
  for (const piece of text()) hash.update(piece);
  return hash.digest('hex');
}

/** By name, the last one the mark. */
function filesOf(run: ForeignRun): Map<string, Text> {
  const { kind, id, name, project, config, rows, state, started, ended } = run;
  const sorted = [...rows].sort(([a], [b]) => a - b);
  const times = { started_at: dateText(started), ended_at: dateText(ended) };
  const status = { schema_version: 1, state, step: (sorted.at(-1)?.[0] ?? -1) + 1, ...times };
  return new Map<string, Text>([
    ['config.json', () => [jsonText(config)]],
    ['metrics.jsonl', () => linesOf(sorted)],
    ...(state === null ? [] : [[STATUS, () => [jsonText(status)]] as const]),
    [MARK, () => [jsonText({ kind, id, name, project })]],
  ]);
}

/** About so many characters at once: line by line it would be as many calls of the system. */
const PIECE = 2 ** 20;

function* linesOf(rows: readonly (readonly [step: number, row: JsonObject])[]): Generator<string> {
  let piece = '';
  for (const [step, row] of rows) {
    piece += `${JSON.stringify({ step, ...row }, spellNumber)}\n`;
    if (piece.length < PIECE) continue;
    yield piece;
    piece = '';
  }
  if (piece !== '') yield piece;
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

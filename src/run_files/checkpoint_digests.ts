// What a line of checkpoints.jsonl says of the files that it stands for, so that damage is found before it is trained on.

import { createHash } from 'node:crypto';
import { open, readdir, stat } from 'node:fs/promises';
import { isAbsolute, join, relative, resolve, sep } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { localCheckpoint } from '../tinker/local_path.ts';
import { DataFormatError } from '../util/errors.ts';
import { errorCode, explainingFailure, shortPath } from '../util/files.ts';
import { canonicalJson, type JsonObject } from '../util/json.ts';
import { isRecordOf, isString, jsonShape } from '../util/json_shape.ts';
import { READ_FLAGS } from '../util/regular_file.ts';

/** SHA-256 in hex. */
export interface Digests {
  /** Of the line without this. */
  record: string;
  /** Of the rows of metrics.jsonl before the checkpoint. */
  metrics: string;
  /**
   * Of the files of the state and of the weights for sampling, by their path in the run directory. Empty where a service
   * keeps them elsewhere; records of before know nothing of the latter.
   */
  files: Record<string, string>;
}

export const digestsShape = jsonShape<Digests>({ record: isString, metrics: isString, files: isRecordOf(isString) });

/** Where a checkpoint of this machine lies; null for one that another service keeps. */
export function checkpointPlace(directory: string, path: string): string | null {
  const local = localCheckpoint(path);
  const place = local === null ? path : resolve(directory, 'checkpoints', local);
  return isAbsolute(place) && place.startsWith(`${directory}${sep}`) ? place : null;
}

/** `metrics`: digest of the rows so far. */
export async function digestsOf(
  directory: string,
  line: JsonObject,
  paths: readonly string[],
  metrics: string,
): Promise<Digests> {
  const files: Digests['files'] = {};
  for (const path of paths) {
    const place = checkpointPlace(directory, path);
    if (place !== null) Object.assign(files, await digestFiles(directory, place));
  }
  return { record: digestRecord(line), metrics, files };
}

interface SavedLine {
  name: string;
  line: JsonObject;
  digests: Digests;
  /** What to do about a file that was changed. */
  hint: string;
}

/**
 * Holds a line against its digests, and of its files those of these paths.
 * @throws DataFormatError that names the file which is not the one that was saved
 */
export async function verifyDigests(
  directory: string,
  { name, line, digests, hint }: SavedLine,
  { metrics, paths }: { metrics: string | null; paths: readonly string[] },
): Promise<void> {
  const changed = (file: string, what: string) =>
    new DataFormatError(`${shortPath(join(directory, file))}: ${what}`, { hint });
  if (digestRecord(line) !== digests.record) {
    throw changed('checkpoints.jsonl', `the line of checkpoint ${name} is not the one that was written`);
  }
  if (metrics !== null && metrics !== digests.metrics) {
    throw changed('metrics.jsonl', `the rows before checkpoint ${name} are not those that were logged`);
  }
  const places = paths.map((path) => checkpointPlace(directory, path));
  for (const [file, digest] of Object.entries(digests.files)) {
    const path = resolve(directory, file);
    if (!path.startsWith(`${directory}${sep}`)) throw changed('checkpoints.jsonl', `${file} lies elsewhere`);
    if (!places.some((place) => place !== null && (path === place || path.startsWith(`${place}${sep}`)))) continue;
    const found = await explainingFailure('read', path, () => digestFile(path));
    if (found === null) throw changed(file, `it is missing from checkpoint ${name}`);
    if (found !== digest) throw changed(file, `it is not the file that checkpoint ${name} was saved with`);
  }
}

function digestRecord(line: JsonObject): string {
  return createHash('sha256').update(canonicalJson(line)).digest('hex');
}

async function digestFiles(directory: string, place: string): Promise<Record<string, string>> {
  const files: Record<string, string> = {};
  for (const path of await filesAt(place)) {
    const digest = await digestFile(path);
    if (digest !== null) files[relative(directory, path).split(sep).join('/')] = digest;
  }
  return files;
}

/** The files of a directory, in the order of their names; a file by itself. */
async function filesAt(place: string): Promise<string[]> {
  const found = await stat(place).catch((error) => {
    if (errorCode(error) === 'ENOENT') return null;
    throw error;
  });
  if (found === null) return [];
  if (!found.isDirectory()) return found.isFile() ? [place] : [];
  const entries = await readdir(place, { withFileTypes: true });
  return entries.flatMap((entry) => (entry.isFile() ? [join(place, entry.name)] : [])).sort();
}

/** Null where there is nothing, empty for what is no file: a pipe or a device is not read. */
async function digestFile(path: string): Promise<string | null> {
  const file = await open(path, READ_FLAGS).catch((error) => {
    if (['ENOENT', 'ENOTDIR'].includes(errorCode(error) ?? '')) return null;
    throw error;
  });
  if (file === null) return null;
  try {
    if (!(await file.stat()).isFile()) return '';
    const hash = createHash('sha256');
    await pipeline(file.createReadStream({ autoClose: false }), hash);
    return hash.digest('hex');
  } finally {
    await file.close();
  }
}

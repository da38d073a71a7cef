// What a line of checkpoints.jsonl says of the files that it stands for, so that damage is found before it is trained on.

import { createHash } from 'node:crypto';
import { readdir, stat } from 'node:fs/promises';
import { isAbsolute, join, relative, resolve, sep } from 'node:path';
import { localCheckpoint } from '../tinker/local_path.ts';
import { DataFormatError } from '../util/errors.ts';
import { digestOfFile } from '../util/file_digest.ts';
import { errorCode, shortPath } from '../util/files.ts';
import { canonicalJson, type JsonObject } from '../util/json.ts';
import { isRecordOf, isString, jsonShape } from '../util/json_shape.ts';

/** SHA-256 in hex. */
export interface Digests {
  /** Of the line without this. */
  record: string;
  /** Of the rows of metrics.jsonl before the checkpoint. */
  metrics: string;
  /** Of the files of the state, by their path in the run directory. Empty where a service keeps them elsewhere. */
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
  state_path: string,
  metrics: string,
): Promise<Digests> {
  const place = checkpointPlace(directory, state_path);
  const files = place === null ? {} : await digestFiles(directory, place);
  return { record: digestRecord(line), metrics, files };
}

/**
 * Holds a line against its digests.
 * @throws DataFormatError that names the file which is not the one that was saved
 */
export async function verifyDigests(
  directory: string,
  { name, line, digests, metrics }: { name: string; line: JsonObject; digests: Digests; metrics: string },
): Promise<void> {
  if (digestRecord(line) !== digests.record) {
    throw changed(directory, 'checkpoints.jsonl', `the line of checkpoint ${name} is not the one that was written`);
  }
  if (metrics !== digests.metrics) {
    throw changed(directory, 'metrics.jsonl', `the rows before checkpoint ${name} are not those that were logged`);
  }
  for (const [file, digest] of Object.entries(digests.files)) {
    const path = resolve(directory, file);
    if (!path.startsWith(`${directory}${sep}`)) throw changed(directory, 'checkpoints.jsonl', `${file} lies elsewhere`);
    const found = await digestFile(path);
    if (found === null) throw changed(directory, file, `it is missing from checkpoint ${name}`);
    if (found !== digest) throw changed(directory, file, `it is not the file that checkpoint ${name} was saved with`);
  }
}

function changed(directory: string, file: string, what: string): DataFormatError {
  return new DataFormatError(`${shortPath(join(directory, file))}: ${what}`, {
    hint: 'Put it back as it was; or delete the line of this checkpoint from checkpoints.jsonl to go on from the one before; or start afresh with if_exists=delete.',
  });
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

/** Null where there is no file. */
async function digestFile(path: string): Promise<string | null> {
  return await digestOfFile(path).catch((error) => {
    if (errorCode(error) === 'ENOENT') return null;
    throw error;
  });
}

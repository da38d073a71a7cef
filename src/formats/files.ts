// Reading and replacing files the way model files need it: known errors, exact ranges of bytes, atomic replacement.
import { type FileHandle, open, stat } from 'node:fs/promises';
import { messageOf, WeightsError } from '../util/errors.ts';
import * as files from '../util/files.ts';
import { isJsonObject, type JsonObject, jsonProblem } from '../util/json.ts';
import { READ_FLAGS } from '../util/regular_file.ts';
import { parseStrictJson } from './strict_json.ts';

/** One `read` call of the system moves less than 2 GiB. */
const MAX_READ_BYTES = 2 ** 30;
/** Several times the longest index of shards; the objects that JSON makes take some twenty times its length. */
const MAX_JSON_BYTES = 2 ** 25;
const MAX_JSON_DEPTH = 64;

/** Size in bytes of a regular file. Throws WeightsError when there is none. */
export async function fileSize(path: string): Promise<number> {
  let stats: Awaited<ReturnType<typeof stat>>;
  try {
    stats = await stat(path);
  } catch (error) {
    throw new WeightsError(isMissing(error) ? `${path}: no such file` : `${path}: ${messageOf(error)}`, {
      cause: error,
    });
  }
  if (!stats.isFile()) throw new WeightsError(`${path}: not a regular file`);
  return stats.size;
}

export async function isFile(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile();
  } catch (error) {
    if (isMissing(error)) return false;
    throw new WeightsError(`${path}: ${messageOf(error)}`, { cause: error });
  }
}

/** Whether a path leads to a directory; false for one that cannot be looked at. */
export async function isDirectory(path: string): Promise<boolean> {
  return await stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

/** Runs `use` with the open file; errors of the system become WeightsError. */
export async function withFile<T>(path: string, use: (handle: FileHandle) => Promise<T>): Promise<T> {
  try {
    const handle = await open(path, READ_FLAGS);
    try {
      // A pipe would wait for who writes to it, and a device may have no end.
      if (!(await handle.stat()).isFile()) throw new WeightsError(`${path} is not a regular file`);
      return await use(handle);
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (isSystemError(error)) throw new WeightsError(`${path}: ${messageOf(error)}`, { cause: error });
    throw error;
  }
}

/** Fills `target` with the bytes of the file from `position` on. Throws WeightsError when the file ends before that. */
export async function readExactly(
  handle: FileHandle,
  target: Uint8Array,
  position: number,
  path: string,
): Promise<void> {
  let done = 0;
  while (done < target.byteLength) {
    const length = Math.min(target.byteLength - done, MAX_READ_BYTES);
    const { bytesRead } = await handle.read(target, done, length, position + done);
    if (bytesRead === 0)
      throw new WeightsError(`${path}: the file ends before byte ${position + target.byteLength}; it is truncated`);
    done += bytesRead;
  }
}

/** Zeroed memory. Throws WeightsError, not RangeError, when the process cannot have that much. */
export function allocate(byteLength: number, what: string): ArrayBuffer {
  try {
    return new ArrayBuffer(byteLength);
  } catch (error) {
    throw new WeightsError(`${what}: ${byteLength} bytes do not fit into memory`, { cause: error });
  }
}

/** The JSON object a file holds. Throws WeightsError when it is missing, is not JSON, or holds something else. */
export async function readJsonFile(path: string): Promise<JsonObject> {
  const size = await fileSize(path);
  if (size > MAX_JSON_BYTES)
    throw new WeightsError(
      `${path}: ${size} bytes are too many for a JSON file of a model; at most ${MAX_JSON_BYTES} are read`,
    );
  const bytes = new Uint8Array(size);
  await withFile(path, (handle) => readExactly(handle, bytes, 0, path));
  let value: unknown;
  try {
    value = parseStrictJson(new TextDecoder('utf-8', { fatal: true }).decode(bytes), MAX_JSON_DEPTH);
  } catch (error) {
    throw new WeightsError(`${path}: ${jsonProblem(error)}`, { cause: error });
  }
  if (!isJsonObject(value)) throw new WeightsError(`${path}: expected a JSON object`);
  return value;
}

/**
 * Replaces the file at `path` by what `write` puts into the handle. A reader, or a process that starts after a crash,
 * sees the old content or the whole new one.
 */
export async function replaceFile(path: string, write: (handle: FileHandle) => Promise<void>): Promise<void> {
  try {
    await files.replaceFile(path, write);
  } catch (error) {
    throw isSystemError(error) ? files.fileError('write', path, error) : error;
  }
}

export async function replaceJsonFile(path: string, value: JsonObject): Promise<void> {
  await replaceFile(path, async (handle) => handle.writeFile(`${JSON.stringify(value, null, 2)}\n`));
}

export function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'syscall' in error;
}

function isMissing(error: unknown): boolean {
  return isSystemError(error) && (error.code === 'ENOENT' || error.code === 'ENOTDIR');
}

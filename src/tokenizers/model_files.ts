// Small files of a model directory, bounded in size.

import { readFile, stat } from 'node:fs/promises';
import { messageOf, WeightsError } from '../util/errors.ts';
import { errorCode } from '../util/files.ts';
import { isJsonObject, type JsonObject, jsonProblem } from '../util/json.ts';

/** Twice the largest there are. Objects take some twenty times their JSON, and a hostile file must not fill the memory. */
const MAX_FILE_BYTES = 2 ** 26;

/** Null where there is no such file. Throws a WeightsError that names the file. */
export async function readJsonObject(path: string): Promise<JsonObject | null> {
  const text = await readText(path);
  if (text === null) return null;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new WeightsError(`${path}: ${jsonProblem(error)}`, { cause: error });
  }
  if (!isJsonObject(value)) throw new WeightsError(`${path}: must hold a JSON object`);
  return value;
}

/** Null where there is no such file. Throws a WeightsError that names the file. */
export async function readText(path: string): Promise<string | null> {
  let bytes: Uint8Array;
  try {
    const status = await stat(path);
    if (!status.isFile()) throw new Error('it is no file');
    if (status.size > MAX_FILE_BYTES)
      throw new RangeError(`it has ${status.size} bytes, expected at most ${MAX_FILE_BYTES}`);
    bytes = await readFile(path);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return null;
    throw new WeightsError(`${path}: cannot be read: ${messageOf(error)}`, { cause: error });
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw new WeightsError(`${path}: the text is not UTF-8; the file is damaged`, { cause: error });
  }
}

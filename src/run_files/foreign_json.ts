// JSON that another program may have written, or a kill cut short: read as far as it goes, with what is wrong as part of the result.

import { basename } from 'node:path';
import { messageOf } from '../util/errors.ts';
import type { Reading } from '../util/files.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../util/json.ts';
import { LOG_LIMIT_BYTES, readRegularFileSync } from '../util/regular_file.ts';

/** The object in a file; never throws. */
export function readForeignObject(path: string): Reading<JsonObject> {
  try {
    const value = parseForeign(readRegularFileSync(path));
    return isJsonObject(value) ? { value, problem: null } : damaged(path, 'is not a JSON object');
  } catch (error) {
    return damaged(path, messageOf(error));
  }
}

export interface ForeignLines {
  objects: JsonObject[];
  /** Lines that hold no object, but for a last one without its newline: a live writer is at it, or was killed there. */
  damaged: number;
  /** Why the file could not be read at all. */
  problem: string | null;
}

/** The objects of a file of JSON lines; never throws. */
export function readForeignLines(path: string): ForeignLines {
  try {
    return { ...foreignLinesIn(readRegularFileSync(path, LOG_LIMIT_BYTES)), problem: null };
  } catch (error) {
    return { objects: [], damaged: 0, problem: `${basename(path)}: ${messageOf(error)}` };
  }
}

/** The objects of the text of such a file. */
export function foreignLinesIn(text: string): Omit<ForeignLines, 'problem'> {
  const objects: JsonObject[] = [];
  let damagedLines = 0;
  for (const { line, isWhole } of linesIn(text)) {
    const object = foreignObjectIn(line);
    if (object !== null) objects.push(object);
    else if (isWhole) damagedLines += 1;
  }
  return { objects, damaged: damagedLines };
}

/** The lines that are not blank. One by one: an array of as many as a file may have of them is more than the process survives. */
export function* linesIn(text: string): Generator<{ line: string; isWhole: boolean }> {
  const characters = /\S/g;
  for (let start = 0; ; ) {
    // Blank ones are passed over at once.
    characters.lastIndex = start;
    const first = characters.exec(text)?.index;
    if (first === undefined) return;
    const from = Math.max(start, text.lastIndexOf('\n', first) + 1);
    const end = text.indexOf('\n', first);
    yield { line: text.slice(from, end < 0 ? text.length : end), isWhole: end >= 0 };
    if (end < 0) return;
    start = end + 1;
  }
}

/** The object that a line holds, if it holds one. */
/** Null for text that is no JSON object. */
export function foreignObjectIn(text: string): JsonObject | null {
  try {
    const value = parseForeign(text);
    return isJsonObject(value) ? value : null;
  } catch {
    return null;
  }
}

/** Python writes NaN and the infinities as bare words, which JSON does not have. They become texts, as in our own files. */
const TEXT_OR_WORD = /"(?:[^"\\]|\\.)*"|-?Infinity\b|\bNaN\b/g;

/** An escaped pair, half of one, any other escape. Half a pair is no Unicode, so nothing could take the text that holds it. */
const ESCAPE = /\\u[dD][89abAB][\da-fA-F]{2}\\u[dD][c-fC-F][\da-fA-F]{2}|\\u[dD][89a-fA-F][\da-fA-F]{2}|\\./g;
const ESCAPE_LENGTH = '\\ud83d'.length;

/** @throws SyntaxError for text that is no JSON, bare words for numbers apart */
export function parseForeign(text: string): JsonValue {
  const unicode = /\\u[dD][89a-fA-F]/.test(text)
    ? text.replace(ESCAPE, (found) => (found.length === ESCAPE_LENGTH ? '\\ufffd' : found))
    : text;
  try {
    return JSON.parse(unicode);
  } catch (error) {
    if (!/NaN|Infinity/.test(unicode)) throw error;
    return JSON.parse(unicode.replace(TEXT_OR_WORD, (found) => (found.startsWith('"') ? found : `"${found}"`)));
  }
}

function damaged(path: string, reason: string): Reading<JsonObject> {
  return { value: null, problem: `${basename(path)}: ${reason}` };
}

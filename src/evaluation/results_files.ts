// What the files of an evaluation are called, and what holds the settings that its answers were sampled with.

import { type Line, readLines } from '../supervised/data/lines.ts';
import { isJsonObject, type JsonObject } from '../util/json.ts';
import type { Shape } from '../util/json_shape.ts';

export const SETTINGS = 'settings.json';
export const TRAJECTORIES = 'trajectories.jsonl';
export const RESULT = 'result.json';
export const SUMMARY = 'summary.json';

/**
 * Unlike a row of a data set, an answer is written here and of any length: an episode of many turns has all of its tokens in one line.
 * This is far below the longest text that there can be.
 */
const LONGEST_ANSWER_BYTES = 256 * 1024 * 1024;

/** The lines of a file of trajectories. */
export function answerLines(path: string): AsyncGenerator<Line> {
  return readLines(path, undefined, LONGEST_ANSWER_BYTES);
}

export const settingsShape: Shape<JsonObject> = {
  is: isJsonObject,
  problem: (value) => (isJsonObject(value) ? null : 'is not an object'),
};

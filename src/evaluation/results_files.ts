// What the files of an evaluation are called, and what holds the settings that its answers were sampled with.

import { isJsonObject, type JsonObject } from '../util/json.ts';
import type { Shape } from '../util/json_shape.ts';

export const SETTINGS = 'settings.json';
export const TRAJECTORIES = 'trajectories.jsonl';
export const RESULT = 'result.json';
export const SUMMARY = 'summary.json';

export const settingsShape: Shape<JsonObject> = {
  is: isJsonObject,
  problem: (value) => (isJsonObject(value) ? null : 'is not an object'),
};

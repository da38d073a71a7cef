// Runs in TensorBoard's directories: every directory that holds event files is one.

import { basename, join, relative } from 'node:path';
import { events } from '../sinks/tensorboard/events.ts';
import { takeRecords } from '../sinks/tensorboard/records.ts';
import { messageOf } from '../util/errors.ts';
import { isJsonObject, type JsonObject, type JsonValue, numberOf, objectOf, textOf } from '../util/json.ts';
import { plural } from '../util/plural.ts';
import { readForeignBytes } from './foreign_file.ts';
import { type Reading, Rows } from './foreign_run.ts';

export const isEventFile = (name: string) => name.includes('tfevents');

const DT_FLOAT = 1;
const DT_DOUBLE = 2;
const DT_STRING = 7;
const SESSION_START = 1;
const SHORTEST_DIGITS = 6;
const FLOAT32_DIGITS = 9;

/** The run of a directory. @param names of its event files @param root what the user has named, which the run's name starts from */
export async function readEventDirectory(directory: string, names: readonly string[], root: string): Promise<Reading> {
  const rows = new Rows();
  const config: JsonObject = Object.create(null);
  const problems: string[] = [];
  let started: number | null = null;
  let ended: number | null = null;
  for (const name of [...names].sort()) {
    const path = join(directory, name);
    try {
      let unread = 0;
      const { damaged, problem } = takeRecords(await readForeignBytes(path), (record) => {
        const event = decodedEvent(record);
        if (event === null) {
          unread += 1;
          return;
        }
        const time = numberOf(event.wall_time);
        if (time !== null && time > 0) {
          started = Math.min(started ?? time, time);
          ended = Math.max(ended ?? time, time);
        }
        take(event, rows, config);
      });
      unread += damaged;
      if (unread > 0) problems.push(`${path}: ${plural(unread, 'damaged record')} left out`);
      if (problem !== null) problems.push(`${path}: ${problem}; the rest is left out`);
    } catch (error) {
      problems.push(`${path}: ${messageOf(error)}`);
    }
  }
  problems.push(...rows.problems(directory));
  if (rows.rows.size === 0) return { runs: [], problems };
  const name = relative(root, directory) || basename(directory);
  const milliseconds = (seconds: number | null) => (seconds === null ? null : seconds * 1000);
  const run = {
    kind: 'tensorboard',
    id: directory,
    name,
    project: null,
    config,
    rows: rows.rows,
    state: null,
  } as const;
  return { runs: [{ ...run, started: milliseconds(started), ended: milliseconds(ended) }], problems };
}

function decodedEvent(record: Uint8Array): JsonObject | null {
  try {
    return events.decode('Event', record);
  } catch {
    return null;
  }
}

function take({ step, summary, session_log }: JsonObject, rows: Rows, config: JsonObject): void {
  // A writer that goes on from a checkpoint says so, and what it has written from there on before does not count.
  if (objectOf(session_log).status === SESSION_START) rows.dropFrom(numberOf(step) ?? 0);
  const { value: values } = objectOf(summary);
  for (const value of Array.isArray(values) ? values : []) {
    if (!isJsonObject(value)) continue;
    const tag = textOf(value.tag) ?? '';
    const { plugin_name, content } = objectOf(objectOf(value.metadata).plugin_data);
    if (plugin_name === 'hparams') Object.assign(config, hparamsIn(textOf(content) ?? ''));
    else
      rows.add(
        step,
        tag,
        value.simple_value === undefined ? scalarOf(objectOf(value.tensor)) : short(value.simple_value),
      );
  }
}

/** The one number, or text, of a tensor. */
function scalarOf({
  dtype,
  float_val,
  double_val,
  string_val,
  tensor_content,
  tensor_shape,
}: JsonObject): JsonValue | undefined {
  const { dim } = objectOf(tensor_shape);
  const isScalar = !Array.isArray(dim) || dim.every((each) => objectOf(each).size === 1);
  if (!isScalar) return undefined;
  const first = (list: JsonValue | undefined) => (Array.isArray(list) ? list[0] : undefined);
  const content = Buffer.from(textOf(tensor_content) ?? '', 'base64');
  if (dtype === DT_FLOAT) return short(first(float_val) ?? (content.length === 4 ? content.readFloatLE() : undefined));
  if (dtype === DT_DOUBLE) return first(double_val) ?? (content.length === 8 ? content.readDoubleLE() : undefined);
  const text = first(string_val);
  return dtype === DT_STRING && typeof text === 'string' ? Buffer.from(text, 'base64').toString() : undefined;
}

/** A float32 by the fewest digits that tell it from others. */
function short(value: JsonValue | undefined): JsonValue | undefined {
  if (typeof value !== 'number' || !Number.isFinite(value)) return value;
  for (let digits = SHORTEST_DIGITS; digits < FLOAT32_DIGITS; digits++) {
    const shown = Number(value.toPrecision(digits));
    if (Math.fround(shown) === value) return shown;
  }
  return value;
}

function hparamsIn(content: string): JsonObject {
  try {
    const { session_start_info } = events.decode('HParamsPluginData', Buffer.from(content, 'base64'));
    const { hparams } = objectOf(session_start_info);
    const entries = (Array.isArray(hparams) ? hparams : []).map(objectOf).map(({ key, value }): [string, JsonValue] => {
      const { number_value, string_value, bool_value } = objectOf(value);
      return [textOf(key) ?? '', number_value ?? string_value ?? bool_value ?? null];
    });
    return Object.fromEntries(entries);
  } catch {
    return {};
  }
}

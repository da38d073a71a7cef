// Runs in W&B's files `run-ID.wandb`, of offline directories and of those that were uploaded.

import { basename } from 'node:path';
import { parseForeign } from '../run_files/foreign_json.ts';
import { takePieces } from '../sinks/wandb/log_file.ts';
import { decoded } from '../sinks/wandb/records.ts';
import { messageOf } from '../util/errors.ts';
import { isJsonObject, type JsonObject, type JsonValue, numberOf, objectOf, textOf } from '../util/json.ts';
import { plural } from '../util/plural.ts';
import { readForeignBytes } from './foreign_file.ts';
import { type ForeignRun, type Reading, Rows } from './foreign_run.ts';

export const isWandbFile = (name: string) => /^run-.+\.wandb$/.test(name);

export async function readWandbFile(path: string): Promise<Reading> {
  let file: Buffer;
  try {
    file = await readForeignBytes(path);
  } catch (error) {
    return { runs: [], problems: [`${path}: ${messageOf(error)}`] };
  }
  const fileName = basename(path).slice('run-'.length, -'.wandb'.length);
  const run: ForeignRun = {
    kind: 'wandb',
    id: fileName,
    name: fileName,
    project: null,
    config: Object.create(null),
    rows: new Map(),
    state: null,
    started: null,
    ended: null,
  };
  const rows = new Rows();
  let unread = 0;
  const { damaged, problem } = takePieces(file, (record) => {
    try {
      take(decoded(record), run, rows);
    } catch {
      unread += 1;
    }
  });
  if (problem !== null) return { runs: [], problems: [`${path}: ${problem}`] };
  unread += damaged;
  run.rows = rows.rows;
  const problems = rows.problems(path);
  if (unread > 0) problems.push(`${path}: ${plural(unread, 'damaged record')} left out`);
  return { runs: rows.rows.size === 0 ? [] : [run], problems };
}

function take({ run: about, config, history, exit }: JsonObject, run: ForeignRun, rows: Rows): void {
  if (isJsonObject(about)) {
    const { seconds } = objectOf(about.start_time);
    run.name = textOf(about.display_name) || run.name;
    run.project = textOf(about.project) || run.project;
    run.started = (numberOf(seconds) ?? 0) * 1000 || run.started;
    configure(about.config, run.config);
  }
  if (isJsonObject(config)) configure(config, run.config);
  if (isJsonObject(history)) {
    const items = listOf(history.item);
    const ofItem = items.find((item) => keyOf(item) === '_step');
    const step = ofItem === undefined ? objectOf(history.step).num : itemValue(ofItem);
    for (const item of items) if (keyOf(item) !== '_step') rows.add(step, keyOf(item), itemValue(item));
  }
  if (isJsonObject(exit)) run.state = exit.exit_code === 0 ? 'done' : 'failed';
}

function configure(record: JsonValue | undefined, config: JsonObject): void {
  for (const item of listOf(objectOf(record).update)) {
    const key = keyOf(item);
    // What W&B's client knows of itself.
    if (key !== '_wandb' && key !== '') config[key] = itemValue(item) ?? null;
  }
}

function listOf(list: JsonValue | undefined): JsonObject[] {
  return Array.isArray(list) ? list.filter(isJsonObject) : [];
}

function keyOf({ key, nested_key }: JsonObject): string {
  const nested = Array.isArray(nested_key) ? nested_key.filter((part) => typeof part === 'string') : [];
  return textOf(key) || nested.join('.');
}

function itemValue({ value_json, boolean, integer, number, text }: JsonObject): JsonValue | undefined {
  const json = textOf(value_json) ?? '';
  return json === '' ? (boolean ?? integer ?? number ?? text) : parseForeign(json);
}

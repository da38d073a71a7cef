// W&B's records of a run: what it is, its rows, and its end.

import type { LoggedRow, LoggedRun } from '../../training/sink.ts';
import type { Metrics } from '../../training/types.ts';
import type { JsonObject } from '../../util/json.ts';
import { messagesOf } from '../messages.ts';

const messages = messagesOf({
  Record: {
    num: [1, 'int64'],
    history: [2, 'HistoryRecord', 'either'],
    summary: [3, 'SummaryRecord', 'either'],
    config: [5, 'ConfigRecord', 'either'],
    run: [17, 'RunRecord', 'either'],
    exit: [18, 'ExitRecord', 'either'],
    header: [21, 'HeaderRecord', 'either'],
  },
  HeaderRecord: { version_info: [1, 'VersionInfo'] },
  VersionInfo: { producer: [1, 'string'], min_consumer: [2, 'string'] },
  RunRecord: {
    run_id: [1, 'string'],
    entity: [2, 'string'],
    project: [3, 'string'],
    config: [4, 'ConfigRecord'],
    run_group: [6, 'string'],
    display_name: [8, 'string'],
    host: [13, 'string'],
    start_time: [17, 'Timestamp'],
  },
  Timestamp: { seconds: [1, 'int64'], nanos: [2, 'int32'] },
  ConfigRecord: { update: [1, 'Item', 'repeated'] },
  HistoryRecord: { item: [1, 'HistoryItem', 'repeated'], step: [2, 'HistoryStep'] },
  HistoryStep: { num: [1, 'int64'] },
  SummaryRecord: { update: [1, 'Item', 'repeated'] },
  Item: { key: [1, 'string'], nested_key: [2, 'string', 'repeated'], value_json: [16, 'string'] },
  /** Newer files may hold a plain value in the place of its JSON. */
  HistoryItem: {
    key: [1, 'string'],
    nested_key: [2, 'string', 'repeated'],
    boolean: [4, 'bool', 'either'],
    integer: [5, 'sint64', 'either'],
    number: [6, 'double', 'either'],
    text: [7, 'string', 'either'],
    value_json: [16, 'string'],
  },
  ExitRecord: { exit_code: [1, 'int32'], runtime: [2, 'int32'] },
});

/** What the clients that can read it know at least. */
const MIN_CONSUMER = '0.70.0';

export function headerRecord(): object {
  return { header: { version_info: { producer: 'cookbook', min_consumer: MIN_CONSUMER } } };
}

/** A W&B run by its id; ours is as long as one of theirs. */
export function runIdOf(id: string): string {
  return id.slice(0, 12);
}

export function runRecord(
  run: LoggedRun,
  { project, entity, started, host }: { project: string; entity: string | null; started: number; host: string },
): object {
  const config = { ...run.spec, cookbook_hash: run.hash, cookbook_directory: run.directory };
  return {
    run: {
      run_id: runIdOf(run.id),
      entity: entity ?? '',
      project,
      run_group: run.group ?? '',
      display_name: run.name,
      host,
      start_time: { seconds: Math.floor(started / 1000), nanos: (started % 1000) * 1_000_000 },
      config: { update: Object.entries(config).map(([key, value]) => ({ key, value_json: JSON.stringify(value) })) },
    },
  };
}

/** Of one row: its summary, as W&B's own clients have it before each row, and the row. */
export function rowRecords(
  { step, metrics }: LoggedRow,
  { time, started }: { time: number; started: number },
): object[] {
  const runtime = Math.max(0, time - started) / 1000;
  const values: Metrics = { ...metrics, _step: step, _timestamp: time / 1000, _runtime: runtime };
  const items = Object.entries(values).map(([key, value]) => ({ nested_key: [key], value_json: pythonJson(value) }));
  return [{ summary: { update: items } }, { history: { item: items, step: { num: step } } }];
}

export function exitRecord(exit_code: number, runtime: number): object {
  return { exit: { exit_code, runtime: Math.round(runtime) } };
}

export function encoded(record: object, num: number): Uint8Array {
  return messages.encode('Record', { num, ...record });
}

export function decoded(bytes: Uint8Array): JsonObject {
  return messages.decode('Record', bytes);
}

/** Python's JSON has words for what is no number. */
function pythonJson(value: Metrics[string]): string {
  return typeof value === 'number' && !Number.isFinite(value) ? String(value) : JSON.stringify(value);
}

// TensorBoard's events: the numbers and texts of one step, and what its dashboard of hyperparameters asks for.

import type { LoggedRow, LoggedState } from '../../training/sink.ts';
import type { Metrics } from '../../training/types.ts';
import type { JsonObject } from '../../util/json.ts';
import { flatFields } from '../flat_fields.ts';
import { messagesOf } from '../messages.ts';

export const events = messagesOf({
  Event: {
    wall_time: [1, 'double'],
    step: [2, 'int64'],
    file_version: [3, 'string', 'either'],
    summary: [5, 'Summary', 'either'],
    session_log: [7, 'SessionLog', 'either'],
  },
  SessionLog: { status: [1, 'int32'] },
  Summary: { value: [1, 'SummaryValue', 'repeated'] },
  SummaryValue: {
    tag: [1, 'string'],
    simple_value: [2, 'float', 'either'],
    tensor: [8, 'Tensor', 'either'],
    metadata: [9, 'SummaryMetadata'],
  },
  SummaryMetadata: { plugin_data: [1, 'PluginData'] },
  PluginData: { plugin_name: [1, 'string'], content: [2, 'bytes'] },
  Tensor: {
    dtype: [1, 'int32'],
    tensor_shape: [2, 'TensorShape'],
    tensor_content: [4, 'bytes'],
    float_val: [5, 'float', 'repeated'],
    double_val: [6, 'double', 'repeated'],
    string_val: [8, 'bytes', 'repeated'],
  },
  TensorShape: { dim: [2, 'Dimension', 'repeated'] },
  Dimension: { size: [1, 'int64'] },
  HParamsPluginData: {
    version: [1, 'int32'],
    session_start_info: [3, 'SessionStart', 'either'],
    session_end_info: [4, 'SessionEnd', 'either'],
  },
  SessionStart: { hparams: [1, 'HParam', 'repeated'], group_name: [4, 'string'], start_time_secs: [5, 'double'] },
  /** An entry of a map. */
  HParam: { key: [1, 'string'], value: [2, 'HParamValue'] },
  HParamValue: {
    number_value: [2, 'double', 'either'],
    string_value: [3, 'string', 'either'],
    bool_value: [4, 'bool', 'either'],
  },
  SessionEnd: { status: [1, 'int32'], end_time_secs: [2, 'double'] },
});

const DT_STRING = 7;
const SESSION_START = 1;
const SUCCEEDED = 1;
const FAILED = 2;
const RUNNING = 3;

const seconds = (milliseconds: number) => milliseconds / 1000;

/** The events that a file begins with. The start of a session makes a reader forget what it read of an older file of the run. */
export function firstEvents(spec: JsonObject, hash: string, time: number): Uint8Array[] {
  const wall_time = seconds(time);
  const session_start_info = {
    hparams: flatFields(spec).map(([key, value]) => ({ key, value: hparamOf(value) })),
    group_name: hash,
    start_time_secs: wall_time,
  };
  return [
    events.encode('Event', { wall_time, file_version: 'brain.Event:2' }),
    events.encode('Event', { wall_time, session_log: { status: SESSION_START } }),
    hparamsEvent('_hparams_/session_start_info', { session_start_info }, wall_time),
  ];
}

export function lastEvent(state: LoggedState, time: number): Uint8Array {
  const status = state === 'failed' || state === 'diverged' ? FAILED : state === 'interrupted' ? RUNNING : SUCCEEDED;
  const session_end_info = { status, end_time_secs: seconds(time) };
  return hparamsEvent('_hparams_/session_end_info', { session_end_info }, seconds(time));
}

/** The event of a row, or null for one that has no metrics. */
export function rowEvent({ step, metrics }: LoggedRow, time: number): Uint8Array | null {
  const value = Object.entries(metrics).map(([tag, metric]) => summaryValue(tag, metric));
  return value.length === 0 ? null : events.encode('Event', { wall_time: seconds(time), step, summary: { value } });
}

function summaryValue(tag: string, metric: Metrics[string]): object {
  if (typeof metric !== 'string') return { tag, simple_value: Number(metric) };
  const tensor = { dtype: DT_STRING, tensor_shape: {}, string_val: [Buffer.from(metric)] };
  return { tag, tensor, metadata: { plugin_data: { plugin_name: 'text' } } };
}

function hparamsEvent(tag: string, info: object, wall_time: number): Uint8Array {
  const content = events.encode('HParamsPluginData', { version: 0, ...info });
  const metadata = { plugin_data: { plugin_name: 'hparams', content } };
  return events.encode('Event', { wall_time, summary: { value: [{ tag, metadata }] } });
}

function hparamOf(value: number | string | boolean): object {
  if (typeof value === 'number') return { number_value: value };
  return typeof value === 'boolean' ? { bool_value: value } : { string_value: value };
}

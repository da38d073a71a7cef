// The charts that a sweep's file asks for beside those of every report: a question in SQL, and a Vega-Lite spec that draws the answer.

import { join } from 'node:path';
import { isJsonObject, type JsonObject } from '../util/json.ts';
import { isArrayOf, isString, jsonShape } from '../util/json_shape.ts';
import { readForeignObject } from './foreign_json.ts';

export interface SweepChart {
  title: string;
  sql: string;
  /** Without data: that is the answer. */
  spec: JsonObject;
}

const chart = jsonShape<SweepChart>({ title: isString, sql: isString, spec: isJsonObject });
const isCharts = isArrayOf(chart.is);

/** What its sweep.json says now; none where that is missing or says something else. */
export function sweepCharts(sweepDirectory: string): SweepChart[] {
  const { charts } = readForeignObject(join(sweepDirectory, 'sweep.json')).value ?? {};
  return isCharts(charts) ? charts : [];
}

// A run in MLflow. It is found again by a tag, never by memory, and what a server has of it is read back before anything is added:
// MLflow forgets no value, so a run that holds steps which were taken again is replaced by a new one.

import type { LoggedRow, LoggedRun, LoggedState, Sink } from '../../training/sink.ts';
import { isJsonObject, type JsonObject, type JsonValue, objectOf, textOf } from '../../util/json.ts';
import { printable } from '../../util/printable.ts';
import { flatFields } from '../flat_fields.ts';
import { type MlflowApi, MlflowError } from './api.ts';
import { type LoggedMetric, metricsOf, missingIn } from './logged_metrics.ts';
import { Names } from './names.ts';

/** What MLflow takes in one call. */
const MOST_METRICS = 1_000;
const MOST_PARAMS = 100;
const LONGEST_PARAM = 6_000;
const LONGEST_TAG = 5_000;
const MOST_HISTORY = 10_000;
/** Of the history of a metric, that no server may make endless. */
const MOST_PAGES = 1_000;

const ID_TAG = 'cookbook.id';

export interface MlflowSinkOptions {
  api: MlflowApi;
  experimentName: string;
  run: LoggedRun;
  tell(message: string): void;
}

export class MlflowSink implements Sink {
  readonly #api: MlflowApi;
  readonly #options: MlflowSinkOptions;
  readonly #names: Names;
  readonly #leftOut = new Set<string>();
  #runId: string | null = null;
  #isTold = false;

  constructor(options: MlflowSinkOptions) {
    this.#api = options.api;
    this.#options = options;
    this.#names = new Names((from, to) => options.tell(`${from} is called ${to} there`));
  }

  async open(rows: readonly LoggedRow[]): Promise<void> {
    const experiment = await this.#experiment();
    const wanted = this.#metrics(rows);
    const found = await this.#find(experiment);
    const kept = await this.#firstThatFits(found, wanted);
    const runId = kept?.run.id ?? (await this.#create(experiment));
    await this.#describe(runId, kept?.run.params ?? new Set());
    await this.#send(runId, kept?.missing ?? wanted);
    for (const { id } of found) if (id !== runId) await this.#api.post('runs/delete', { run_id: id });
    this.#runId = runId;
    if (!this.#isTold) this.#options.tell(`${this.#api.address}/#/experiments/${experiment}/runs/${runId}`);
    this.#isTold = true;
  }

  async log(rows: readonly LoggedRow[]): Promise<void> {
    if (this.#runId !== null) await this.#send(this.#runId, this.#metrics(rows));
  }

  async close(state: LoggedState): Promise<void> {
    const status = {
      done: 'FINISHED',
      stopped: 'FINISHED',
      diverged: 'FAILED',
      failed: 'FAILED',
      interrupted: 'KILLED',
    };
    await this.#api.post('runs/update', { run_id: this.#runId, status: status[state], end_time: Date.now() });
    this.#api.close();
  }

  #metrics(rows: readonly LoggedRow[]): LoggedMetric[] {
    const leftOut = (metric: string) => {
      if (this.#leftOut.has(metric)) return;
      this.#leftOut.add(metric);
      this.#options.tell(`MLflow keeps numbers, so ${metric} is left out`);
    };
    return metricsOf(rows, { names: this.#names, leftOut });
  }

  async #experiment(): Promise<string> {
    const name = this.#options.experimentName;
    const known = await this.#experimentNamed(name);
    if (known !== null) return known;
    try {
      return idIn(await this.#api.post('experiments/create', { name }), 'experiment_id');
    } catch (error) {
      // Another run of the same sweep may have been quicker.
      const other = await this.#experimentNamed(name);
      if (other !== null) return other;
      throw error;
    }
  }

  async #experimentNamed(name: string): Promise<string | null> {
    try {
      const { experiment } = await this.#api.get('experiments/get-by-name', { experiment_name: name });
      return idIn(objectOf(experiment), 'experiment_id');
    } catch (error) {
      if (error instanceof MlflowError && error.reason === 'RESOURCE_DOES_NOT_EXIST') return null;
      throw error;
    }
  }

  /** More than one where a process was killed between making a run and deleting the one before. */
  async #find(experiment: string): Promise<FoundRun[]> {
    const { runs } = await this.#api.post('runs/search', {
      experiment_ids: [experiment],
      filter: `tags.\`${ID_TAG}\` = '${this.#options.run.id}'`,
      run_view_type: 'ACTIVE_ONLY',
      max_results: 100,
    });
    return Array.isArray(runs) ? runs.map(foundRun) : [];
  }

  async #firstThatFits(
    found: readonly FoundRun[],
    wanted: readonly LoggedMetric[],
  ): Promise<{ run: FoundRun; missing: LoggedMetric[] } | null> {
    for (const run of found) {
      const history = await this.#history(run, wanted.length);
      const missing = history === null ? null : missingIn(history, wanted);
      if (missing !== null) return { run, missing };
    }
    return null;
  }

  /** Null where it has more values than that: one of them at least is none of ours. */
  async #history({ id, metrics }: FoundRun, most: number): Promise<Omit<LoggedMetric, 'timestamp'>[] | null> {
    const history: Omit<LoggedMetric, 'timestamp'>[] = [];
    for (const key of metrics) {
      let token: string | null = '';
      for (let pages = 0; token !== null; pages++) {
        if (pages === MOST_PAGES) throw new MlflowError(`the history of ${printable(key)} does not end`, null);
        const query = { run_id: id, metric_key: key, max_results: String(MOST_HISTORY) };
        const page = await this.#api.get('metrics/get-history', token === '' ? query : { ...query, page_token: token });
        const entries = Array.isArray(page.metrics) ? page.metrics.map(objectOf) : [];
        if (history.length + entries.length > most) return null;
        for (const { value, step } of entries) history.push({ key, value: Number(value), step: Number(step ?? 0) });
        token = textOf(page.next_page_token) || null;
      }
    }
    return history;
  }

  async #create(experiment: string): Promise<string> {
    const { run } = this.#options;
    const tags = {
      [ID_TAG]: run.id,
      'cookbook.hash': run.hash,
      'cookbook.seed': String(run.seed),
      'cookbook.directory': run.directory,
      'mlflow.source.name': 'cookbook',
      'mlflow.source.type': 'LOCAL',
      ...(run.group !== null && { 'cookbook.group': run.group }),
      ...(run.commit !== null && { 'mlflow.source.git.commit': run.commit }),
    };
    const answer = await this.#api.post('runs/create', {
      experiment_id: experiment,
      run_name: run.name,
      start_time: Date.now(),
      tags: Object.entries(tags).map(([key, value]) => ({ key, value: value.slice(0, LONGEST_TAG) })),
    });
    return idIn(objectOf(objectOf(answer.run).info), 'run_id');
  }

  /** A parameter keeps the value that it had first. */
  async #describe(runId: string, known: ReadonlySet<string>): Promise<void> {
    const params = flatFields(this.#options.run.spec)
      .map(([name, value]) => ({ key: this.#names.of(name), value: String(value).slice(0, LONGEST_PARAM) }))
      .filter(({ key }) => !known.has(key));
    for (const some of chunks(params, MOST_PARAMS)) {
      await this.#api.post('runs/log-batch', { run_id: runId, params: some });
    }
    await this.#api.post('runs/update', { run_id: runId, status: 'RUNNING' });
  }

  async #send(runId: string, metrics: readonly LoggedMetric[]): Promise<void> {
    for (const some of chunks(metrics, MOST_METRICS)) {
      await this.#api.post('runs/log-batch', { run_id: runId, metrics: some });
    }
  }
}

interface FoundRun {
  id: string;
  /** Names of the metrics that it has values of. */
  metrics: string[];
  /** Names of its parameters. */
  params: Set<string>;
}

function foundRun(value: JsonValue): FoundRun {
  const { info, data } = objectOf(value);
  const { metrics, params } = objectOf(data);
  return { id: idIn(objectOf(info), 'run_id'), metrics: keysIn(metrics), params: new Set(keysIn(params)) };
}

function keysIn(list: JsonValue | undefined): string[] {
  return Array.isArray(list) ? list.flatMap((entry) => (isJsonObject(entry) ? (textOf(entry.key) ?? []) : [])) : [];
}

function idIn(answer: JsonObject, field: string): string {
  const id = textOf(answer[field]);
  if (id === null) throw new MlflowError(`the server gave no ${field}`, null);
  return id;
}

function* chunks<T>(items: readonly T[], size: number): Generator<T[]> {
  for (let at = 0; at < items.length; at += size) yield items.slice(at, at + size);
}

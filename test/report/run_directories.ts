// Writes run directories as the runner leaves them, in every state that it can leave them in.

import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import type { RunRecord, RunState, RunStatus } from '../../src/run_files/types.ts';
import type { RunSpec } from '../../src/spec/types.ts';
import type { CheckpointRecord, Metrics } from '../../src/training/types.ts';
import { canonicalJson, type JsonObject } from '../../src/util/json.ts';
import { thisProcess } from '../../src/util/liveness.ts';

/** A row of metrics.jsonl, or the text of a line that is none. */
export type Line = ({ step?: number } & Metrics) | string;

export interface RunOptions {
  state?: RunState;
  seed?: number;
  axes?: JsonObject;
  /** Fields of the spec beside those that every spec has. Those that are given are taken for the semantic ones. */
  spec?: JsonObject;
  objective?: RunRecord['objective'];
  headline?: RunRecord['headline'];
  stage?: RunRecord['stage'];
  error?: RunStatus['error'];
  step?: number;
  metrics?: readonly Line[];
  checkpoints?: readonly CheckpointRecord[];
  created_at?: string;
  /** When it started, and when it ended or was last heard of. */
  ran?: readonly [started_at: string, ended_at: string];
  /** Leaves the lease of a process that is this one, or of one that is long gone. */
  lease?: 'live' | 'dead';
}

const hashOf = (value: JsonObject) => createHash('sha256').update(canonicalJson(value)).digest('hex').slice(0, 12);

const configOf = ({ axes = {}, spec = {} }: Pick<RunOptions, 'axes' | 'spec'>): JsonObject => ({
  trainer: 'supervised',
  ...nested(axes),
  ...spec,
});

/** Writes a run directory and gives back its path. */
export function writeRun(directory: string, options: RunOptions = {}): string {
  const { state = 'done', seed = 0, axes = {}, spec = {}, metrics = [] } = options;
  const step = options.step ?? metrics.length;
  const fullSpec: RunSpec = {
    trainer: 'supervised',
    log_path: directory,
    seed,
    service: { builder: 'local' },
    if_exists: 'ask',
    plugins: [],
    model_name: 'example_data/models/tiny',
    ...nested(axes),
    ...spec,
  };
  const config = configOf(options);
  const record: RunRecord = {
    schema_version: 1,
    name: basename(directory),
    identity: { version: 1, hash: hashOf({ ...config, seed }), config_hash: hashOf(config), config, seed },
    spec: fullSpec,
    axes,
    objective: options.objective ?? null,
    ...(options.headline === undefined ? {} : { headline: options.headline }),
    ...(options.stage === undefined ? {} : { stage: options.stage }),
    versions: { cookbook: '0.1.0', node: '20.20.2', onnxruntime: '1.30.0', platform: 'linux-x64' },
    git: { commit: 'c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00', branch: 'main', dirty: false },
    argv: ['sweep', 'sweeps/grid.yaml'],
    created_at: options.created_at ?? '2026-01-02T03:04:05.000Z',
  };
  const [started_at, ended_at] = options.ran ?? ['2026-01-02T03:05:00.000Z', '2026-01-02T03:06:30.000Z'];
  const ended = state !== 'running' && state !== 'pending';
  const status: RunStatus = {
    schema_version: 1,
    state,
    attempt: state === 'pending' ? 0 : 1,
    step,
    total_steps: 40,
    started_at: state === 'pending' ? null : started_at,
    updated_at: ended_at,
    ended_at: ended ? ended_at : null,
    host: hostname(),
    pid: process.pid,
    error: options.error ?? null,
    learned: [],
    sampler_path: state === 'done' ? join(directory, 'checkpoints/final') : null,
  };
  writeJson(join(directory, 'run.json'), record);
  writeJson(join(directory, 'status.json'), status);
  writeJson(join(directory, 'config.json'), fullSpec);
  if (state !== 'pending') {
    writeText(join(directory, 'metrics.jsonl'), metricsText(metrics));
    writeText(join(directory, 'logs.log'), 'started\n');
  }
  if (options.checkpoints !== undefined) {
    writeText(join(directory, 'checkpoints.jsonl'), metricsText(options.checkpoints.map((c) => JSON.stringify(c))));
  }
  if (options.lease !== undefined) writeLease(directory, options.lease);
  return directory;
}

/** What the Python cookbook leaves: no run.json, no status; its config is nested otherwise than ours. */
export function writePythonRun(
  directory: string,
  config: JsonObject,
  metrics: readonly Line[],
  checkpoints: readonly JsonObject[] = [],
): string {
  writeJson(join(directory, 'config.json'), config);
  writeText(join(directory, 'metrics.jsonl'), metricsText(metrics));
  if (checkpoints.length > 0) {
    writeText(join(directory, 'checkpoints.jsonl'), metricsText(checkpoints.map((c) => JSON.stringify(c))));
  }
  return directory;
}

/** Marks a directory as that of a sweep. With the points of its plan, as writeRun is given them, it has a plan of them. */
export function writeSweep(
  directory: string,
  points?: readonly { name: string; axes: JsonObject; seed: number }[],
): string {
  writeJson(join(directory, 'sweep.json'), { schema_version: 1 });
  const runs = points?.map(({ name, axes, seed }) => {
    const config = configOf({ axes });
    return { name, hash: hashOf({ ...config, seed }), config_hash: hashOf(config), axes, seed, state: 'new' };
  });
  if (runs !== undefined) writeJson(join(directory, 'plan.json'), { schema_version: 1, runs });
  return directory;
}

export function writeText(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

/** A line that is text is written as it stands and unfinished if it is the last one. */
export function metricsText(lines: readonly Line[]): string {
  return lines
    .map((line, i) =>
      typeof line === 'string' ? line + (i < lines.length - 1 ? '\n' : '') : `${JSON.stringify(line)}\n`,
    )
    .join('');
}

/** Loss that falls from `from` to `to`, with an evaluation every ten steps and at the end. */
export function lossCurve(from: number, to: number, steps = 40): Line[] {
  return Array.from({ length: steps }, (_, step) => {
    const loss = to + (from - to) * (1 - step / (steps - 1)) ** 2;
    const evaluated = step % 10 === 0 || step === steps - 1;
    return {
      step,
      train_mean_nll: loss,
      ...(evaluated ? { 'test/nll': loss + 0.25 } : {}),
      learning_rate: 0.001 * (1 - step / steps),
      num_tokens: 4096,
    };
  });
}

/** A temporary directory for one test, which calls the second member when it is done. */
export function temporaryDirectory(): [directory: string, remove: () => void] {
  const directory = mkdtempSync(join(tmpdir(), 'cookbook-report-'));
  return [directory, () => rmSync(directory, { recursive: true, force: true })];
}

function writeJson(path: string, value: object): void {
  writeText(path, `${JSON.stringify(value, null, 2)}\n`);
}

function nested(axes: JsonObject): JsonObject {
  const spec: JsonObject = {};
  for (const [path, value] of Object.entries(axes)) {
    const [head = '', ...rest] = path.split('.');
    spec[head] = rest.length === 0 ? value : nested({ [rest.join('.')]: value });
  }
  return spec;
}

function writeLease(directory: string, kind: 'live' | 'dead'): void {
  writeJson(join(directory, 'lease'), {
    token: 'a-token',
    ...thisProcess(),
    // The pid lives on, so that only the start of the process tells that it was given to another one.
    ...(kind === 'dead' ? { process_started: '1' } : {}),
    taken_at: '2026-01-02T03:05:00.000Z',
  });
}

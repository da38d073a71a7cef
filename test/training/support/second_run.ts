// Runs of the second trainer: prepared, executed here or in a process of their own, and what is left of them to compare.

import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Registry } from '../../../src/registry/registry.ts';
import type { RunEvent } from '../../../src/run/events.ts';
import { executeRun } from '../../../src/run/execute.ts';
import { makeRunRecord } from '../../../src/run/record.ts';
import { headlineOf } from '../../../src/run/trainer.ts';
import { createRunDirectory, replaceRunRecord } from '../../../src/run_files/directory.ts';
import type { JsonObject } from '../../../src/util/json.ts';
import { supportFile, TestProcess } from '../../run/support/processes.ts';
import { numberService } from './number_service.ts';
import { secondTrainer } from './second_trainer.ts';

const registry = new Registry([secondTrainer, numberService]);

function recordOf(log_path: string, fields: JsonObject) {
  const spec = {
    trainer: 'second',
    log_path,
    seed: 3,
    service: { builder: 'number' },
    if_exists: 'resume' as const,
    plugins: [],
    ...fields,
  };
  const identity = { version: 1, hash: '0', config_hash: '0', config: fields, seed: 3 };
  const versions = { cookbook: '0.1.0', node: '20.20.2', onnxruntime: null, platform: 'linux-x64' };
  const provenance = { versions, git: null, codeDiff: null };
  return makeRunRecord({ name: 'second', identity, spec, headline: headlineOf(spec, registry), provenance, argv: [] });
}

export async function prepare(directory: string, fields: JsonObject = {}): Promise<void> {
  await createRunDirectory(directory, recordOf(directory, fields), null);
}

/** Gives a run another record, as `cookbook run` does where it goes on with other values. */
export async function lengthen(directory: string, fields: JsonObject): Promise<void> {
  await replaceRunRecord(directory, recordOf(directory, fields), null);
}

/** Executes a run in this process; `stopAt` asks it to stop when the step with that number is logged. */
export async function execute(directory: string, stopAt = Number.POSITIVE_INFINITY) {
  const stop = new AbortController();
  const events: RunEvent[] = [];
  const onEvent = (event: RunEvent) => {
    events.push(event);
    if (event.type === 'step' && event.step === stopAt) stop.abort();
  };
  const status = await executeRun(directory, registry, { onEvent, signal: stop.signal });
  return { status, events };
}

/** Executes a run in a process that dies right before its `call`-th change of a file whose path begins so; 0 = never. */
export async function killed(directory: string, call: number, below = directory): Promise<TestProcess> {
  const script = join(import.meta.dirname, 'second_process.mjs');
  const env = { FAULT: `SIGKILL:${call}`, FAULT_DIRECTORY: below };
  const process = new TestProcess(['--import', supportFile('fault.mjs'), script, directory], { env });
  await process.ended();
  return process;
}

/** Everything that a run has come to, but for times and counts of attempts: rows, weights, checkpoints, names of files. */
export async function remains(directory: string) {
  const read = (name: string) => readFile(join(directory, name), 'utf8');
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  return {
    files: entries.map(({ parentPath, name }) => join(parentPath, name).slice(directory.length)).sort(),
    metrics: await read('metrics.jsonl'),
    checkpoints: await read('checkpoints.jsonl'),
    weights: await read('checkpoints/weights/final/number.json'),
    sampler_weights: await read('checkpoints/sampler_weights/final/number.json'),
  };
}

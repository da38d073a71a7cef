// A spec file to an executed run: loaded, checked, put into its directory, run. And the same for a directory that is ready.

import { basename } from 'node:path';
import type { Registry } from '../registry/registry.ts';
import { createDigests } from '../spec/digests.ts';
import { identify } from '../spec/identity.ts';
import { loadDocument } from '../spec/load.ts';
import { loadPlugins } from '../spec/plugins.ts';
import { resolveRunSpec } from '../spec/resolve.ts';
import type { SpecDocument } from '../spec/types.ts';
import { readRunRecord } from './directory.ts';
import { type ExecuteOptions, executeRun } from './execute.ts';
import { type Ask, prepareRun } from './prepare.ts';
import { collectProvenance } from './provenance.ts';
import { makeRunRecord } from './record.ts';
import type { RunRecord, RunStatus } from './types.ts';

/** A run that this process has executed, or has found finished. */
export interface EndedRun {
  directory: string;
  record: RunRecord;
  status: RunStatus;
  /** False when there was nothing left to do. */
  executed: boolean;
}

export interface RunFileOptions extends ExecuteOptions {
  registry: Registry;
  overrides: readonly string[];
  cwd: string;
  env: Readonly<Record<string, string | undefined>>;
  /** The command line behind the name of the program, to say how to go on. */
  argv: readonly string[];
  ask: Ask;
}

/** Runs a spec in its `log_path`, or goes on with it there. */
export async function runFile(file: string, options: RunFileOptions): Promise<EndedRun> {
  const { registry, overrides, cwd, env, argv, ask } = options;
  const document = await loadDocument(file, { overrides, cwd, env });
  await loadPlugins(document, registry);
  const spec = resolveRunSpec(document, registry, cwd);
  const identity = identify(spec, registry, createDigests());
  const makeRecord = async () => {
    const provenance = await collectProvenance(cwd);
    const record = makeRunRecord({ name: basename(spec.log_path), identity, spec, provenance, argv });
    return { record, codeDiff: provenance.codeDiff };
  };
  await prepareRun({ spec, identity }, { registry, ask, makeRecord });
  return await executePrepared(spec.log_path, registry, options);
}

/** Runs a prepared directory, with the plugins that its spec names. */
export async function runDirectory(path: string, registry: Registry, options: ExecuteOptions): Promise<EndedRun> {
  await loadPlugins(documentOf(await readRunRecord(path), path), registry);
  return await executePrepared(path, registry, options);
}

async function executePrepared(directory: string, registry: Registry, options: ExecuteOptions): Promise<EndedRun> {
  let executed = false;
  const onEvent: ExecuteOptions['onEvent'] = (event) => {
    executed = true;
    options.onEvent(event);
  };
  const status = await executeRun(directory, registry, { onEvent, signal: options.signal });
  return { directory, record: await readRunRecord(directory), status, executed };
}

/** A resolved spec as a document: errors in it have no better place than the record. */
function documentOf({ spec }: RunRecord, path: string): SpecDocument {
  const place = { file: `${path}/run.json`, line: 1, column: 1, directory: path };
  return { value: spec, template: spec, placeOf: () => place, file: place.file };
}

// What a sweep asks for against the run directories that lie there: which run is where, and in what state.

import { join, sep } from 'node:path';
import pLimit from 'p-limit';
import { inspectRunDirectory } from '../run_files/directory.ts';
import { readGivenUp } from '../run_files/stop.ts';
import type { RunRecord, RunSnapshot } from '../run_files/types.ts';
import type { Producer } from '../spec/stage_identity.ts';
import { ConfigurationError } from '../util/errors.ts';
import { entriesOf, explainingFailure, shortPath } from '../util/files.ts';
import { canonicalJson } from '../util/json.ts';
import type { PlannedRun, PointState } from './planned_run.ts';
import { runNamer } from './run_name.ts';
import { valuesOf } from './space.ts';
import type { StageRun, SweepRun } from './sweep_run.ts';

/** Few enough not to run out of file handles. */
const OPEN_AT_A_TIME = 32;

export interface Reconciled {
  runs: readonly PlannedRun[];
  /** Run directories below `log_path` that no point names. */
  orphans: readonly RunSnapshot[];
}

export interface ReconcileOptions {
  /** In what a run differs from one that lies there of the same point. */
  differences(old: RunRecord, run: PlannedRun): string[];
  /** Fields that are set in any run of the sweep, so that names of runs are told apart; those of the given runs if absent. */
  fields?: Iterable<string>;
  /** Whether runs are gone on with that a rule of an earlier command has given up: there is none now. */
  reopens?: boolean;
  /** `all`: every directory is looked at; `own`: those alone that bear the identity of one of these runs. */
  look?: 'all' | 'own';
}

export async function reconcile(
  log_path: string,
  wanted: readonly SweepRun[],
  { differences, fields = fieldsOf(wanted), reopens = false, look = 'all' }: ReconcileOptions,
): Promise<Reconciled> {
  const hashes = look === 'all' ? null : new Set(wanted.map(({ hash }) => hash));
  const snapshots = await snapshotsBelow(log_path, hashes);
  const named = new Map([...snapshots.keys()].map((name) => [identityIn(name), name]));
  const nameOf = runNamer(fields);
  const names = wanted.map(
    ({ hash, configuration, seed, stage }) => named.get(hash) ?? `${nameOf(configuration, seed, stage)}-${hash}`,
  );
  const claimed = new Set(names);
  const others = [...snapshots].filter(([name]) => !claimed.has(name)).map(([, snapshot]) => snapshot);
  const outdated = new Map(others.map((snapshot) => [pointOf(snapshot.record), snapshot]));
  const byHash = new Map(wanted.map(({ hash }, i) => [hash, names[i] ?? '']));
  const placed = (run: StageRun): Producer => ({ ...run, directory: log_path + sep + (byHash.get(run.hash) ?? '') });
  const runs = wanted.map((run, i): PlannedRun => {
    const name = names[i] ?? '';
    const found = snapshots.get(name) ?? null;
    const standing = reopens && found !== null && isGivenUp(found) ? reopened(found) : there(found);
    const fresh = plannedRun(run, name, log_path + sep + name, standing);
    const planned = run.stage === null ? fresh : { ...fresh, after: run.after.map(placed) };
    const old = found === null && outdated.size > 0 ? outdated.get(pointKey(run)) : null;
    return old?.record ? { ...planned, ...stale(old, differences(old.record, planned)) } : planned;
  });
  const accounted = new Set(runs.map((run) => run.stale?.directory));
  return { runs, orphans: others.filter(({ directory }) => !accounted.has(directory)) };
}

function fieldsOf(runs: readonly SweepRun[]): Set<string> {
  const fields = new Set<string>();
  for (const { configuration } of runs) for (const { field } of configuration) fields.add(field);
  return fields;
}

/** Field by field: spreading two objects into a third takes a microsecond, and there may be a hundred thousand. */
export function plannedRun(
  { configuration, point, seed, stage, hash, config_hash, max_steps }: SweepRun,
  name: string,
  directory: string,
  { state, found, stale }: Standing,
): PlannedRun {
  const after = NOTHING;
  return {
    configuration,
    point,
    seed,
    stage,
    after,
    hash,
    config_hash,
    max_steps,
    name,
    directory,
    state,
    found,
    stale,
  };
}

const NOTHING: readonly Producer[] = Object.freeze([]);

export type Standing = Pick<PlannedRun, 'state' | 'found' | 'stale'>;

export function there(found: RunSnapshot | null): Standing {
  return { state: stateOf(found), found, stale: null };
}

function isGivenUp({ status, directory }: RunSnapshot): boolean {
  return status?.state === 'stopped' && readGivenUp(directory) !== null;
}

const reopened = (found: RunSnapshot): Standing => ({ state: 'resume', found, stale: null });

export function stale({ directory }: RunSnapshot, differences: string[]): Standing {
  return { state: 'stale', found: null, stale: { directory, differences } };
}

function stateOf(found: RunSnapshot | null): PointState {
  if (found === null) return 'new';
  if (found.live) return 'running';
  if (found.record === null) return 'retry';
  // What it had come to is lost; its checkpoints and its metrics tell the run where it goes on.
  if (found.status === null && found.problem !== null) return 'resume';
  switch (found.status?.state ?? 'pending') {
    case 'done':
    case 'stopped':
    case 'diverged':
      return 'done';
    case 'failed':
      return 'retry';
    case 'interrupted':
    case 'running':
      return 'resume';
    case 'pending':
      return 'new';
  }
}

const IDENTITY = /-([0-9a-f]{12})$/;

function isWanted(identity: string | undefined, hashes: ReadonlySet<string> | null): boolean {
  return identity !== undefined && (hashes === null || hashes.has(identity));
}

function identityIn(name: string): string | undefined {
  return IDENTITY.exec(name)?.[1];
}

function pointOf(record: RunRecord | null): string | null {
  return record === null ? null : keyOf(record.axes, record.identity.seed, record.stage?.name ?? null);
}

function pointKey({ configuration, seed, stage }: SweepRun): string {
  return keyOf(valuesOf(configuration), seed, stage);
}

/** What makes a run the same point as another, whatever else of it has changed. */
function keyOf(axes: RunRecord['axes'], seed: number, stage: string | null): string {
  return canonicalJson({ ...axes, seed, ...(stage === null ? {} : { stage }) });
}

/** The run directories of a sweep by name, in the order of their names. @param hashes null = all */
async function snapshotsBelow(log_path: string, hashes: ReadonlySet<string> | null): Promise<Map<string, RunSnapshot>> {
  const entries = await explainingFailure('read', log_path, () => entriesOf(log_path));
  if (entries.some(({ name }) => name === 'run.json')) {
    throw new ConfigurationError(`${shortPath(log_path)} is the directory of a single run`, {
      hint: 'Give the sweep a log_path of its own: its runs lie under it.',
    });
  }
  const names = entries
    .filter((entry) => entry.isDirectory() && isWanted(identityIn(entry.name), hashes))
    .map(({ name }) => name)
    .sort();
  const limit = pLimit(OPEN_AT_A_TIME);
  const snapshots = await Promise.all(names.map((name) => limit(() => inspectRunDirectory(join(log_path, name)))));
  return new Map(names.flatMap((name, i) => (snapshots[i] ? [[name, snapshots[i]]] : [])));
}

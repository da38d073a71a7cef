// What to do with a run whose directory is not empty: decided from what lies there, what is wanted, and `if_exists`. Pure.

import { FIELD_EXTENDS } from '../registry/fields.ts';
import type { Registry } from '../registry/registry.ts';
import { noRunError } from '../run_files/directory.ts';
import { isFinished } from '../run_files/status.ts';
import type { RunRecord, RunSnapshot, RunState, RunStatus } from '../run_files/types.ts';
import { type Difference, differingFields } from '../spec/differences.ts';
import type { Identity, RunSpec } from '../spec/types.ts';
import { trainerSlot } from '../training/types.ts';
import { ConfigurationError } from '../util/errors.ts';
import { shortPath } from '../util/files.ts';
import { isJsonObject, type JsonValue } from '../util/json.ts';
import { plural } from '../util/plural.ts';

/** A run that somebody wants to lie in its `log_path`. */
export interface WantedRun {
  spec: RunSpec;
  identity: Identity;
}

/** Answers to the question what to do about another run. */
export type Choice = 'resume' | 'delete';

/**
 * - `create`: nothing is there. - `delete`: delete what is there, then create. - `keep`: it is this run; execute it as it
 *   lies there, which is nothing to do when it is finished. - `replace`: it goes on from where it is, under the new record.
 * - `ask`: another run is there, and only the user can know.
 */
export type Decision =
  | { action: 'create' | 'delete' | 'keep' | 'replace' }
  | { action: 'ask'; conflict: ConfigurationError; choices: readonly Choice[] };

/** @throws ConfigurationError when the answer is no: what is there, and what to pass instead */
export function decide(snapshot: RunSnapshot | null, wanted: WantedRun, registry: Registry): Decision {
  const { if_exists } = wanted.spec;
  if (snapshot === null) return { action: 'create' };
  if (if_exists === 'delete') return { action: 'delete' };
  if (snapshot.record === null) throw noRunError(snapshot.directory, snapshot.problem);
  const { record } = snapshot;
  const isSame = record.identity.hash === wanted.identity.hash;
  const goesOn = isSame || isExtension(record, wanted, registry);
  const choices: Choice[] = goesOn ? ['resume', 'delete'] : ['delete'];
  if (if_exists === 'raise') throw conflict(snapshot, record, wanted, choices);
  if (isSame) return { action: isFinishedIn(snapshot) || sameSpec(record.spec, wanted.spec) ? 'keep' : 'replace' };
  if (if_exists === 'resume' && goesOn) return { action: 'replace' };
  const error = conflict(snapshot, record, wanted, choices);
  if (if_exists === 'resume') throw error;
  return { action: 'ask', conflict: error, choices };
}

function isFinishedIn({ status }: RunSnapshot): boolean {
  return status !== null && isFinished(status.state);
}

/** Runtime fields may have changed, and then the run goes on with the new ones. Its place and `if_exists` say nothing about how. */
function sameSpec(there: RunSpec, here: RunSpec): boolean {
  return differingFields(there, here).every(({ path }) => path === 'log_path' || path === 'if_exists');
}

/** Whether the wanted run is the recorded one made longer: the same but for fields marked as extending, none of them lowered. */
function isExtension(record: RunRecord, wanted: WantedRun, registry: Registry): boolean {
  const { seed, version } = record.identity;
  if (seed !== wanted.identity.seed || version !== wanted.identity.version) return false;
  const fields = registry.find(trainerSlot.name, wanted.spec.trainer)?.params.properties ?? {};
  return differingFields(record.identity.config, wanted.identity.config).every(({ path }) => {
    const [name, ...rest] = path.split('.');
    const field = fields[name ?? ''];
    if (field?.[FIELD_EXTENDS] !== true || name === undefined) return false;
    const [there, here] = [record.spec[name], wanted.spec[name]];
    if (rest.length === 0) return limit(here) >= limit(there);
    // A rule that ends runs early, which the wanted run has no more, or which leaves it longer.
    if (!isJsonObject(there)) return false;
    if (!isJsonObject(here)) return here === null;
    const [part = ''] = rest;
    return field.properties?.[part]?.[FIELD_EXTENDS] === true && limit(here[part]) >= limit(there[part]);
  });
}

/** A limit that is null is none. */
function limit(value: JsonValue | undefined): number {
  return typeof value === 'number' ? value : Number.POSITIVE_INFINITY;
}

const SHOWN_DIFFERENCES = 5;

function conflict(
  { directory, status }: RunSnapshot,
  record: RunRecord,
  wanted: WantedRun,
  choices: readonly Choice[],
): ConfigurationError {
  const differences = identityDifferences(record, wanted);
  const which = differences.length === 0 ? 'this run already' : `another run, which differs in ${listed(differences)}`;
  const passes = choices.map((choice) =>
    choice === 'delete' ? 'if_exists=delete to delete it and start afresh' : 'if_exists=resume to go on with it',
  );
  const byOther = identityDifferencesOf(record, wanted).some(({ path }) => isVersion(path));
  const finisher = byOther ? ' The version of cookbook that began it, which run.json names, can still finish it.' : '';
  return new ConfigurationError(`${shortPath(directory)} holds ${which}; it ${stateOf(status)}`, {
    hint: `Pass ${passes.join(', ')}, or give another log_path.${finisher}`,
  });
}

function stateOf(status: RunStatus | null): string {
  const { state, step } = status ?? { state: 'pending', step: 0 };
  const phrases: Record<RunState, string> = {
    pending: 'has not started',
    running: `was killed at step ${step}`,
    done: `is done after ${plural(step, 'step')}`,
    stopped: `was stopped early at step ${step}`,
    diverged: `diverged at step ${step}`,
    failed: `failed at step ${step}`,
    interrupted: `was interrupted at step ${step}`,
  };
  return phrases[state];
}

/** What makes the identities differ, with the values as the specs give them. */
export function identityDifferences(record: RunRecord, wanted: WantedRun): string[] {
  const given = fieldsGiven(record, wanted);
  const fields = identityDifferencesOf(record, wanted).flatMap(({ path, a, b }) => {
    const field = given.get(path);
    if (field !== undefined) return describe(field);
    const [there, here] = [producerOf(a), producerOf(b)];
    const stage = record.stage?.after.find(({ hash }) => there?.hash === hash)?.stage;
    if (stage !== undefined && here !== null) return `${path} (from another run of the stage ${stage})`;
    if (there !== null && here !== null) return `${path} (made by run ${there.shown} there, by run ${here.shown} here)`;
    if (isVersion(path)) return describe({ path, a, b });
    return a === undefined || b === undefined ? [] : `${path} (its contents have changed)`;
  });
  const seed = given.get('seed');
  if (seed !== undefined) fields.push(describe(seed));
  if (record.identity.version !== wanted.identity.version) fields.push('the recipe for identities');
  return fields;
}

/**
 * Where the identities differ. A version says something of a builder that both runs have: where one is in the place of another,
 * or of none, it is left out. Identities leave a default builder of version 1 out, so one that is not there has that version.
 */
function identityDifferencesOf(record: RunRecord, wanted: WantedRun): Difference[] {
  const given = fieldsGiven(record, wanted);
  return differingFields(record.identity.config, wanted.identity.config).flatMap((difference) => {
    const { path, a = 1, b = 1 } = difference;
    if (!isVersion(path)) return path === 'trainer.builder' ? (given.get('trainer') ?? difference) : difference;
    const builder = path.slice(0, -'.version'.length);
    const isOther = given.has(builder) || given.has(`${builder}.builder`);
    return isOther || a === b ? [] : { path, a, b };
  });
}

function fieldsGiven(record: RunRecord, wanted: WantedRun): Map<string, Difference> {
  return new Map(differingFields(record.spec, wanted.spec).map((field) => [field.path, field]));
}

/** Whether a field of an identity is the version of a builder. */
const isVersion = (path: string) => path.endsWith('.version');

/** The run that made weights, as an identity names it. */
function producerOf(value: JsonValue | undefined): { hash: string; shown: string } | null {
  const [, hash, at = ''] = (typeof value === 'string' && /^run:([0-9a-f]+)@(.+)$/.exec(value)) || [];
  if (hash === undefined) return null;
  return { hash, shown: /^-?\d+$/.test(at) ? `${hash} at step ${at}` : `${hash}, checkpoint ${at}` };
}

function describe({ path, a, b }: Difference): string {
  return `${path} (${shown(a)} there, ${shown(b)} here)`;
}

function shown(value: JsonValue | undefined): string {
  return value === undefined ? 'absent' : JSON.stringify(value).slice(0, 80);
}

function listed(differences: string[]): string {
  const more = differences.length - SHOWN_DIFFERENCES;
  return differences.slice(0, SHOWN_DIFFERENCES).join(', ') + (more > 0 ? ` and ${more} more` : '');
}

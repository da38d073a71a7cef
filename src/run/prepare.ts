// Makes a run lie in its directory, ready to execute, by whatever that takes: creating it, deleting another, asking.

import type { Registry } from '../registry/registry.ts';
import {
  createRunDirectory,
  emptyRunDirectory,
  holdsNothing,
  inspectRunDirectory,
  replaceRunRecord,
} from '../run_files/directory.ts';
import { refuseHeld } from '../run_files/lease.ts';
import type { RunRecord } from '../run_files/types.ts';
import { ConfigurationError } from '../util/errors.ts';
import { type Choice, type Decision, decide, type WantedRun } from './if_exists.ts';

/** Asks a person; null where there is nobody to ask. */
export type Ask = ((question: string, choices: readonly Choice[]) => Promise<Choice | 'abort'>) | null;

export interface PrepareOptions {
  registry: Registry;
  ask: Ask;
  /** Called only when a record is to be written. */
  makeRecord(): Promise<{ record: RunRecord; codeDiff: string | null }>;
}

/**
 * After it, `log_path` holds the wanted run.
 * @throws ConfigurationError when something else lies there that may not be touched, RunDirectoryError while it is in use
 */
export async function prepareRun(wanted: WantedRun, options: PrepareOptions): Promise<void> {
  await carryOut(await settle(wanted, options), wanted, options);
}

/** What is to be done so that `log_path` holds the wanted run; nothing is touched yet. Throws as above. */
export async function settle(wanted: WantedRun, options: Pick<PrepareOptions, 'registry' | 'ask'>): Promise<Action> {
  const { log_path } = wanted.spec;
  // Before anybody is asked; and what the holder has done by the time that it lets go is looked at anew.
  if ((await inspectRunDirectory(log_path))?.live === true) await refuseHeld(log_path);
  return await whatToDo(wanted, options);
}

type Action = 'create' | 'delete' | 'keep' | 'replace';

/** Does what was settled. */
export async function carryOut(
  action: Action,
  { spec: { log_path } }: WantedRun,
  { makeRecord }: Pick<PrepareOptions, 'makeRecord'>,
): Promise<void> {
  if (action === 'keep') return;
  const { record, codeDiff } = await makeRecord();
  if (action === 'replace') return await replaceRunRecord(log_path, record, codeDiff);
  if (action === 'delete') await emptyRunDirectory(log_path);
  await createRunDirectory(log_path, record, codeDiff);
}

async function whatToDo(
  wanted: WantedRun,
  { registry, ask }: Pick<PrepareOptions, 'registry' | 'ask'>,
): Promise<Action> {
  const { log_path } = wanted.spec;
  const there = await inspectRunDirectory(log_path);
  // The same run goes on there; another is not worth a question.
  const other = there?.record?.identity.hash !== wanted.identity.hash;
  if (there !== null && other && (await holdsNothing(there))) return 'delete';
  const decision = decide(there, wanted, registry);
  return decision.action === 'ask' ? await answered(decision, ask) : decision.action;
}

async function answered(
  { conflict, choices }: Extract<Decision, { action: 'ask' }>,
  ask: Ask,
): Promise<'replace' | 'delete'> {
  if (ask === null) throw conflict;
  const choice = await ask(conflict.message, choices);
  if (choice === 'abort') throw new ConfigurationError('nothing was changed');
  return choice === 'delete' ? 'delete' : 'replace';
}

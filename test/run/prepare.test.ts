// Every value of if_exists against everything that may lie in a run's directory, on disk.

import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { identityDifferences } from '../../src/run/if_exists.ts';
import { type Ask, prepareRun } from '../../src/run/prepare.ts';
import { createRunDirectory, inspectRunDirectory } from '../../src/run_files/directory.ts';
import { takeLease } from '../../src/run_files/lease.ts';
import { pendingStatus, writeStatus } from '../../src/run_files/status.ts';
import type { RunRecord, RunState } from '../../src/run_files/types.ts';
import type { JsonObject } from '../../src/util/json.ts';
import { temporaryDirectory } from '../support/temporary_directory.ts';
import { toyRecord, toyRegistry } from './support/records.ts';

/** Puts the toy run into a directory, in a state, with a file that tells whether the directory was emptied. */
async function runThere(directory: string, state: RunState, fields: JsonObject = {}): Promise<void> {
  await createRunDirectory(directory, toyRecord(directory, fields), null);
  await writeStatus(directory, { ...pendingStatus(), state, step: state === 'done' ? 8 : 3 });
  await writeFile(join(directory, 'metrics.jsonl'), '{"step":0}\n');
}

/** What lies there, by what a user would call it. The wanted run is always the toy run with its defaults. */
const SITUATIONS: Record<string, (directory: string) => Promise<unknown>> = {
  nothing: async () => undefined,
  'an empty directory': (directory) => mkdir(directory),
  'what a killed creation left': async (directory) => {
    await mkdir(directory);
    await writeFile(join(directory, 'run.json.tmp-0123456789ab'), '{');
  },
  'this run, pending': (directory) => runThere(directory, 'pending'),
  'this run, interrupted': (directory) => runThere(directory, 'interrupted'),
  'this run, failed': (directory) => runThere(directory, 'failed'),
  'this run, killed': (directory) => runThere(directory, 'running'),
  'this run, done': (directory) => runThere(directory, 'done'),
  'this run, diverged': (directory) => runThere(directory, 'diverged'),
  'this run, unfinished, saved at other times': (directory) => runThere(directory, 'failed', { save_every: 1 }),
  'this run, done, saved at other times': (directory) => runThere(directory, 'done', { save_every: 1 }),
  'this run, with a damaged status': async (directory) => {
    await runThere(directory, 'done');
    await writeFile(join(directory, 'status.json'), '{');
  },
  'this run, executing': async (directory) => {
    await runThere(directory, 'running');
    const lease = await takeLease(directory);
    onTestFinished(() => lease.release());
  },
  'the same run but shorter, done': (directory) => runThere(directory, 'done', { max_steps: 6 }),
  'the same run but longer, done': (directory) => runThere(directory, 'done', { max_steps: 9 }),
  'a run with another rate, done': (directory) => runThere(directory, 'done', { rate: 0.2 }),
  'a shorter run with another rate': (directory) => runThere(directory, 'done', { rate: 0.2, max_steps: 6 }),
  'a run with another seed': (directory) => runThere(directory, 'interrupted', { seed: 1 }),
  'another run, executing': async (directory) => {
    await runThere(directory, 'running', { rate: 0.2 });
    const lease = await takeLease(directory);
    onTestFinished(() => lease.release());
  },
  'a damaged run.json': async (directory) => {
    await runThere(directory, 'done');
    await writeFile(join(directory, 'run.json'), '{"schema_version":1}');
  },
  'files of somebody else': async (directory) => {
    await mkdir(directory);
    await writeFile(join(directory, 'thesis.tex'), '');
  },
  'a file': (directory) => writeFile(directory, ''),
};

const POLICIES: Record<string, { if_exists: string; ask: Ask }> = {
  'ask, nobody there': { if_exists: 'ask', ask: null },
  'ask: resume': { if_exists: 'ask', ask: async (_, choices) => (choices.includes('resume') ? 'resume' : 'abort') },
  'ask: delete': { if_exists: 'ask', ask: async () => 'delete' },
  resume: { if_exists: 'resume', ask: null },
  delete: { if_exists: 'delete', ask: null },
  raise: { if_exists: 'raise', ask: null },
};

async function contentsOf(directory: string): Promise<string> {
  const names = await readdir(directory).catch(() => []);
  const read = async (name: string) => `${name}: ${await readFile(join(directory, name), 'utf8')}`;
  return (await Promise.all(names.sort().map(read))).join('\n');
}

/** What became of the directory, or the error. An error must have changed nothing. */
async function outcome(situation: string, policy: string): Promise<string> {
  const directory = join(await temporaryDirectory(), 'toy');
  await SITUATIONS[situation]?.(directory);
  const before = await contentsOf(directory);
  const { if_exists = 'ask', ask = null } = POLICIES[policy] ?? {};
  const wanted = toyRecord(directory, { if_exists });
  const makeRecord = async () => ({ record: wanted, codeDiff: null });
  try {
    await prepareRun(wanted, { registry: toyRegistry(), ask, makeRecord });
  } catch (error) {
    expect(await contentsOf(directory)).toBe(before);
    if (!(error instanceof Error)) throw error;
    const hint = 'hint' in error ? ` / ${error.hint}` : '';
    return (error.message + hint).replaceAll(directory, 'DIR').replace(/process \d.*?Z/, 'PROCESS');
  }
  const there = await inspectRunDirectory(directory);
  expect(there).toMatchObject({ problem: situation === 'this run, with a damaged status' ? /./ : null });
  if ((await contentsOf(directory)) === before) return 'kept';
  expect(there?.record).toEqual(wanted);
  if ((await readdir(directory)).includes('run.previous.json')) {
    expect(there?.status?.state).toBe('interrupted');
    return 'goes on with the new record';
  }
  expect(there?.status?.state).toBe('pending');
  expect(await readdir(directory)).not.toContain('metrics.jsonl');
  return before === '' ? 'created' : 'created afresh';
}

it.each(Object.keys(SITUATIONS))('%s', async (situation) => {
  const outcomes: Record<string, string> = {};
  for (const policy of Object.keys(POLICIES)) outcomes[policy] = await outcome(situation, policy);
  expect(outcomes).toMatchSnapshot();
});

it('of a run that an earlier version of a builder computed, the versions are told, and who can finish it', async () => {
  const directory = join(await temporaryDirectory(), 'toy');
  await runThere(directory, 'interrupted');
  const wanted = toyRecord(directory, { if_exists: 'resume' });
  // The default service was left out of the identity while its version was 1.
  const config = { ...wanted.identity.config, service: { builder: 'toy', version: 2, batch: 3 } };
  const newer = { ...wanted, identity: { ...wanted.identity, config, hash: '0123456789ab' } };
  const makeRecord = async () => ({ record: newer, codeDiff: null });
  await expect(prepareRun(newer, { registry: toyRegistry(), ask: null, makeRecord })).rejects.toMatchObject({
    message: expect.stringContaining('another run, which differs in service.version (1 there, 2 here); it was inter'),
    hint: expect.stringContaining('The version of cookbook that began it, which run.json names, can still finish it.'),
  });
});

it('of a builder that only one of the runs has, or in whose place the other has another, no version is told', async () => {
  const directory = join(await temporaryDirectory(), 'toy');
  const began = withIdentityOf(
    toyRecord(directory, { trainer: 'other', evaluators: [{ builder: 'nll' }], service: { builder: 'other' } }),
    {
      trainer: { builder: 'other', version: 2 },
      evaluators: [{ builder: 'nll', version: 2 }],
      service: { builder: 'other', version: 3 },
    },
  );
  const wanted = withIdentityOf(toyRecord(directory), { trainer: { builder: 'toy', version: 1 } });
  expect(identityDifferences(began, wanted)).toEqual([
    'trainer ("other" there, "toy" here)',
    'evaluators[0].builder ("nll" there, absent here)',
    'service.builder ("other" there, "toy" here)',
  ]);
  await createRunDirectory(directory, began, null);
  await writeStatus(directory, { ...pendingStatus(), state: 'interrupted', step: 3 });
  const makeRecord = async () => ({ record: wanted, codeDiff: null });
  await expect(prepareRun(wanted, { registry: toyRegistry(), ask: null, makeRecord })).rejects.toMatchObject({
    hint: 'Pass if_exists=delete to delete it and start afresh, or give another log_path.',
  });
});

/** A record whose identity has these builders too, with the versions that computed it. */
function withIdentityOf(record: RunRecord, builders: JsonObject): RunRecord {
  const config = { ...record.identity.config, ...builders };
  return { ...record, identity: { ...record.identity, config, hash: Object.keys(builders).join('-') } };
}

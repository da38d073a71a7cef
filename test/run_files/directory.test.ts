// What is done to a run directory as a whole: each step of it may be the last one of a process that is killed.

import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  createRunDirectory,
  emptyRunDirectory,
  inspectRunDirectory,
  replaceRunRecord,
} from '../../src/run_files/directory.ts';
import { pendingStatus, writeStatus } from '../../src/run_files/status.ts';
import type { RunRecord } from '../../src/run_files/types.ts';
import { supportFile, TestProcess } from '../run/support/processes.ts';
import { toyRecord } from '../run/support/records.ts';
import { temporaryDirectory } from '../support/temporary_directory.ts';

async function finishedRun(directory: string): Promise<RunRecord> {
  const record = toyRecord(directory);
  await createRunDirectory(directory, record, 'old diff\n');
  await writeStatus(directory, { ...pendingStatus(), state: 'done', attempt: 1, step: 8 });
  await writeFile(join(directory, 'metrics.jsonl'), '{"step":0}\n');
  await writeFile(join(directory, 'checkpoints.jsonl'), '{"name":"a","batch":3,"epoch":0}\n');
  await mkdir(join(directory, 'checkpoints'));
  await writeFile(join(directory, 'checkpoints', 'a'), '1');
  return record;
}

describe('inspecting', () => {
  it('finds nothing in an empty directory, or where there is none', async () => {
    const directory = await temporaryDirectory();
    expect(await inspectRunDirectory(directory)).toBeNull();
    expect(await inspectRunDirectory(join(directory, 'missing'))).toBeNull();
  });

  it('tells what lies there without changing it', async () => {
    const directory = join(await temporaryDirectory(), 'toy');
    const record = await finishedRun(directory);
    const names = await readdir(directory);
    expect(await inspectRunDirectory(directory)).toMatchObject({
      directory,
      record,
      status: { state: 'done', step: 8 },
      live: false,
      problem: null,
    });
    expect(await readdir(directory)).toEqual(names);
  });

  it.each([
    ['run.json', '', /^run\.json: Unexpected end of JSON input$/],
    ['run.json', '[]', /^run\.json: is not an object$/],
    ['run.json', '{"schema_version":2}', /^run\.json: "schema_version" cannot be 2$/],
    ['status.json', '{"schema_version":1,"state":"finished"}', /^status\.json: "state" cannot be "finished"$/],
    ['lease', '{}', /lease is damaged: lease: "token" is missing$/],
  ])('names the damage of %s: %s', async (name, text, problem) => {
    const directory = join(await temporaryDirectory(), 'toy');
    await finishedRun(directory);
    await writeFile(join(directory, name), text);
    expect(await inspectRunDirectory(directory)).toMatchObject({ problem: expect.stringMatching(problem) });
  });

  it('does not take a directory with other files for a run', async () => {
    const directory = await temporaryDirectory();
    await writeFile(join(directory, 'notes.txt'), '');
    expect(await inspectRunDirectory(directory)).toMatchObject({
      record: null,
      problem: 'holds files, but no run.json',
    });
  });
});

describe('creating', () => {
  it('happens once: a second run is refused, and the first stays', async () => {
    const directory = join(await temporaryDirectory(), 'toy');
    await createRunDirectory(directory, toyRecord(directory), null);
    const second = createRunDirectory(directory, toyRecord(directory, { rate: 0.5 }), null);
    await expect(second).rejects.toMatchObject({
      code: 'RUN_DIRECTORY',
      message: expect.stringMatching(/already holds a run$/),
    });
    expect((await inspectRunDirectory(directory))?.record?.spec.rate).toBe(0.1);
  });

  it('by many processes at once gives one of them the directory', async () => {
    const directory = join(await temporaryDirectory(), 'toy');
    const creators = [0, 1, 2, 3, 4, 5].map((seed) => {
      const creator = new TestProcess([supportFile('directory_process.mjs'), 'create', directory]);
      creator.feed(JSON.stringify(toyRecord(directory, { seed })));
      return creator.line();
    });
    const answers = await Promise.all(creators);
    expect(answers.filter((answer) => answer === 'done')).toHaveLength(1);
    const winner = answers.indexOf('done');
    expect(await inspectRunDirectory(directory)).toMatchObject({
      record: { identity: { seed: winner } },
      problem: null,
    });
  });

  it.each([
    [
      '/sys/toy',
      /^cannot create \/sys\/toy: (operation not permitted|permission denied|the file system is read-only)$/,
    ],
    ['/dev/null/toy', /^cannot create \/dev\/null\/toy: a part of the path is a file, not a directory$/],
  ])('where nothing can be written says so: %s', async (directory, message) => {
    await expect(createRunDirectory(directory, toyRecord(directory), null)).rejects.toMatchObject({
      code: 'RUN_DIRECTORY',
      message: expect.stringMatching(message),
      hint: 'Give a path that you may write to.',
    });
  });
});

it('a record is replaced, and the old one kept beside it', async () => {
  const directory = join(await temporaryDirectory(), 'toy');
  const old = await finishedRun(directory);
  const record = toyRecord(directory, { max_steps: 12 });
  await replaceRunRecord(directory, record, null);
  expect(await inspectRunDirectory(directory)).toMatchObject({
    record,
    status: { state: 'interrupted', attempt: 1, step: 8 },
  });
  expect(JSON.parse(await readFile(join(directory, 'run.previous.json'), 'utf8'))).toEqual(old);
  expect(JSON.parse(await readFile(join(directory, 'config.json'), 'utf8'))).toMatchObject({ max_steps: 12 });
  expect(await readdir(directory)).not.toContain('code.diff');
});

it('a directory that is no run is never emptied', async () => {
  const directory = await temporaryDirectory();
  await writeFile(join(directory, 'notes.txt'), '');
  await expect(emptyRunDirectory(directory)).rejects.toThrow('holds files, but no run.json');
  expect(await readdir(directory)).toEqual(['notes.txt']);
});

describe('a process that is killed at any call', () => {
  /** Runs a deed again and again, killed one call later each time, and checks after each what is left; then it must succeed. */
  async function killedEverywhere(
    deed: string,
    record: RunRecord,
    directory: string,
    check: () => Promise<void>,
    prepare: () => Promise<unknown>,
  ) {
    for (let call = 1, answer: string | null = null; answer !== 'done'; call++) {
      await rm(directory, { recursive: true, force: true });
      await prepare();
      const env = { FAULT: `SIGKILL:${call}`, FAULT_DIRECTORY: directory };
      const args = ['--import', supportFile('fault.mjs'), supportFile('directory_process.mjs'), deed, directory];
      const killed = new TestProcess(args, { env });
      killed.feed(JSON.stringify(record));
      answer = await killed.line();
      await killed.ended();
      await check();
    }
  }

  it('of creating a run leaves nothing, or a run', async () => {
    const directory = join(await temporaryDirectory(), 'toy');
    const record = toyRecord(directory);
    const seen = new Set<boolean>();
    const check = async () => {
      const there = await inspectRunDirectory(directory);
      seen.add(there !== null);
      if (there === null) await createRunDirectory(directory, record, null);
      expect(await inspectRunDirectory(directory)).toMatchObject({ record, problem: null });
    };
    await killedEverywhere('create', record, directory, check, async () => undefined);
    expect([...seen]).toEqual([false, true]);
  });

  it('of deleting a run leaves it as it was, or one that is not done, or nothing', async () => {
    const directory = join(await temporaryDirectory(), 'toy');
    const record = toyRecord(directory);
    const seen = new Set<string>();
    const check = async () => {
      const there = await inspectRunDirectory(directory);
      const names = await readdir(directory);
      if (there?.status?.state === 'done') expect(names).toContain('checkpoints.jsonl');
      if (names.includes('checkpoints.jsonl')) expect(names).toContain('checkpoints');
      seen.add(there === null ? 'nothing' : (there.status?.state ?? 'not started'));
      if (there !== null) await emptyRunDirectory(directory);
      expect(await inspectRunDirectory(directory)).toBeNull();
    };
    await killedEverywhere('empty', record, directory, check, () => finishedRun(directory));
    expect([...seen]).toEqual(['done', 'not started', 'nothing']);
  });

  it('of replacing a record leaves a run that is done under the old one, or can go on', async () => {
    const directory = join(await temporaryDirectory(), 'toy');
    const record = toyRecord(directory, { max_steps: 12 });
    const seen = new Set<string>();
    const check = async () => {
      const there = await inspectRunDirectory(directory);
      const max_steps = there?.record?.spec.max_steps;
      expect(there?.problem).toBeNull();
      seen.add(`${there?.status?.state} ${max_steps}`);
      await replaceRunRecord(directory, record, null);
      expect(await inspectRunDirectory(directory)).toMatchObject({ record, status: { state: 'interrupted' } });
    };
    await killedEverywhere('replace', record, directory, check, () => finishedRun(directory));
    expect([...seen]).toEqual(['done 8', 'interrupted 8', 'interrupted 12']);
  });
});

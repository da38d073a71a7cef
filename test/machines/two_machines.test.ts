// Two machines that share nothing but a directory work on one sweep: each point once, also where one of them freezes and comes back.

import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { leaseHolder } from '../../src/run_files/lease.ts';
import { ToySweep } from '../sweep/support/toy_sweeps.ts';
import { Machine } from './support/machine.ts';
import { whyNoMachines } from './support/missing.ts';

const FROZEN_MS = 120_000;

const worker = (name: string, sweep: ToySweep) =>
  new Machine(name, [process.execPath, resolve('bin/run.js'), 'work', 'runs/toy'], sweep.directory);

/** Every file of the run directories, by its path; of logs, which say more and hold nothing that counts, none. */
async function filesOf(sweep: ToySweep): Promise<Map<string, string>> {
  const root = join(sweep.directory, 'runs/toy');
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  const files = entries.filter(({ name, parentPath }) => name !== 'logs.log' && !parentPath.includes('/processes'));
  const read = files
    .filter((entry) => entry.isFile() && entry.parentPath !== root)
    .map(async ({ name, parentPath }) => {
      const path = join(parentPath, name);
      return [path, await readFile(path, 'utf8')] as const;
    });
  return new Map(await Promise.all(read));
}

/** The host that executes each run that somebody does. */
async function holders(sweep: ToySweep): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const { directory } of await sweep.snapshots()) {
    const holder = await leaseHolder(directory);
    if (holder !== null) found.set(directory, holder.host);
  }
  return found;
}

describe.skipIf(whyNoMachines !== null)('two machines', () => {
  test('run each point of a sweep once', async () => {
    const sweep = await ToySweep.create(
      'grid: {rate: [0.1, 0.2, 0.3], fate: [well, fail_once]}\nexecution: {executor: work, retries: 1}\n',
    );
    const driver = sweep.start('sweep', 'sweep.yaml');
    await driver.says('rate=0.3,fate=fail_once');
    const machines = [worker('red', sweep), worker('blue', sweep)];
    expect(await driver.ended()).toBe(0);
    expect(await Promise.all(machines.map((machine) => machine.ended()))).not.toContain(null);
    const diary = await sweep.diary();
    const starts = diary.filter(({ event }) => event === 'start').map(({ run }) => run.replace(/,seed.*/, ''));
    expect(starts.filter((run) => run.endsWith('well')).sort()).toEqual([
      'rate=0.1,fate=well',
      'rate=0.2,fate=well',
      'rate=0.3,fate=well',
    ]);
    expect(starts.filter((run) => run.endsWith('fail_once'))).toHaveLength(6);
    expect(await sweep.finished()).toHaveLength(6);
  });

  test('run each point once when one of them freezes for two minutes, and comes back to write nothing', async () => {
    const sweep = await ToySweep.create(
      'grid: {rate: [0.1, 0.2, 0.3, 0.4], fate: [wait]}\nexecution: {executor: work}\n',
    );
    const driver = sweep.start('sweep', 'sweep.yaml');
    await driver.says('rate=0.4,fate=wait');
    const [red, blue] = [worker('red', sweep), worker('blue', sweep)];
    await sweep.untilWaiting(2);
    const [frozen = ''] = [...(await holders(sweep))].flatMap(([directory, host]) =>
      host === 'red' ? [directory] : [],
    );
    await red.freeze();
    const frozenAt = performance.now();

    // The other machine brings all to an end, the run of the frozen one too, once that has been silent for long.
    await writeFile(join(sweep.directory, 'diary.jsonl.go'), '');
    expect(await driver.ended()).toBe(0);
    expect(await blue.ended()).toBe(0);
    const states = (await sweep.snapshots()).map(({ directory, status }) => [
      directory === frozen,
      status?.state,
      status?.attempt,
      status?.host,
    ]);
    expect(states.filter(([isFrozen]) => isFrozen)).toEqual([[true, 'done', 2, 'blue']]);
    expect(states.filter(([isFrozen]) => !isFrozen)).toEqual(Array(3).fill([false, 'done', 1, 'blue']));

    await sleep(FROZEN_MS - (performance.now() - frozenAt));
    const [files, diary] = [await filesOf(sweep), await sweep.diary()];
    red.thaw();
    await red.ended();
    expect(red.stderr).toContain('done');
    expect(await filesOf(sweep)).toEqual(files);
    expect(await sweep.diary()).toEqual(diary);
    expect(await readFile(join(frozen, 'logs.log'), 'utf8')).toContain('was taken by another process');
  });
});

// Runs of a sweep that a real sshd starts: in a directory that both see or brought there, with connections that are cut.

import { existsSync } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { temporaryDirectory } from '../support/temporary_directory.ts';
import { ToySweep } from '../sweep/support/toy_sweeps.ts';
import { whyNoSshd } from './support/missing.ts';
import { Sshd } from './support/sshd.ts';

const HOST = `${userInfo().username}@127.0.0.1`;

async function sshSweep(points: string, settings: object, given?: Sshd) {
  const sshd = given ?? (await Sshd.start());
  const executor = {
    builder: 'ssh',
    hosts: [{ host: HOST, slots: 2, ...('remote_path' in settings ? { remote_path: settings.remote_path } : {}) }],
    command: [process.execPath, resolve('bin/run.js')],
    options: sshd.options,
    synchronize: 'remote_path' in settings,
  };
  const text = `${points}execution: ${JSON.stringify({ executor })}\n`;
  return { sshd, sweep: await ToySweep.create(text) };
}

describe.skipIf(whyNoSshd !== null)('runs by ssh', () => {
  test('go on when their connections are cut, are followed by their files, and are run once', async () => {
    const { sshd, sweep } = await sshSweep('grid: {rate: [0.1, 0.2], fate: [wait]}\n', {});
    const driver = sweep.start('sweep', 'sweep.yaml');
    await sweep.untilWaiting(2);
    expect(await sshd.cut()).toBe(2);
    await writeFile(join(sweep.directory, 'diary.jsonl.go'), '');
    expect(await driver.ended()).toBe(0);
    expect(await sweep.states()).toEqual([
      'rate=0.1 fate=wait: done, attempt 1',
      'rate=0.2 fate=wait: done, attempt 1',
    ]);
    expect((await sweep.diary()).filter(({ event }) => event === 'start')).toHaveLength(2);
  });

  test('are found again by the next sweep when theirs is killed', async () => {
    const { sweep } = await sshSweep('grid: {rate: [0.1], fate: [wait]}\n', {});
    const first = sweep.start('sweep', 'sweep.yaml');
    await sweep.untilWaiting(1);
    await first.kill('SIGKILL');
    const second = sweep.start('sweep', 'sweep.yaml');
    await second.says('under way: ');
    await writeFile(join(sweep.directory, 'diary.jsonl.go'), '');
    expect(await second.ended()).toBe(0);
    expect(await sweep.states()).toEqual(['rate=0.1 fate=wait: done, attempt 1']);
  });

  test('save checkpoints when the sweep is asked to stop, and go on with the same command', async () => {
    const { sweep } = await sshSweep('grid: {rate: [0.1], fate: [wait]}\n', {});
    const first = sweep.start('sweep', 'sweep.yaml');
    await sweep.untilWaiting(1);
    first.signal('SIGINT');
    expect(await first.ended()).toBe(3);
    expect(await sweep.states()).toEqual(['rate=0.1 fate=wait: interrupted, attempt 1']);
    await writeFile(join(sweep.directory, 'diary.jsonl.go'), '');
    expect((await sweep.run('sweep', 'sweep.yaml')).code).toBe(0);
    expect(await sweep.states()).toEqual(['rate=0.1 fate=wait: done, attempt 2']);
  });

  test('are brought to a directory of the other machine and fetched, whatever its name', async () => {
    const remote_path = join(await temporaryDirectory(), "it's; $HOME `here`");
    const { sweep } = await sshSweep('grid: {rate: [0.1, 0.2, 0.3]}\n', { remote_path });
    const { code, stderr } = await sweep.run('sweep', 'sweep.yaml');
    expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
    expect(await sweep.finished()).toHaveLength(3);
    expect((await readdir(remote_path)).sort()).toEqual(await sweep.finished());
    for (const name of await sweep.finished()) {
      const here = join(sweep.directory, 'runs/toy', name);
      for (const file of ['status.json', 'metrics.jsonl', 'checkpoints.jsonl', 'checkpoints/000004']) {
        expect(await readFile(join(here, file), 'utf8')).toBe(await readFile(join(remote_path, name, file), 'utf8'));
      }
      expect(existsSync(join(here, 'lease'))).toBe(false);
    }
  });

  test('that were brought there stop, are fetched, and go on there', async () => {
    const remote_path = await temporaryDirectory();
    const { sweep, sshd } = await sshSweep('grid: {rate: [0.1], fate: [wait]}\n', { remote_path });
    const first = sweep.start('sweep', 'sweep.yaml');
    await sweep.untilWaiting(1);
    await sshd.cut();
    first.signal('SIGINT');
    expect(await first.ended()).toBe(3);
    expect(await sweep.states()).toEqual(['rate=0.1 fate=wait: interrupted, attempt 1']);
    await writeFile(join(sweep.directory, 'diary.jsonl.go'), '');
    const second = await sweep.run('sweep', 'sweep.yaml');
    expect(second.code).toBe(0);
    expect(await sweep.states()).toEqual(['rate=0.1 fate=wait: done, attempt 2']);
  });

  test('have failed where the machine cannot be reached, and say why', async () => {
    const sshd = await Sshd.start();
    sshd.close();
    const { sweep } = await sshSweep('grid: {rate: [0.1]}\n', {}, sshd);
    const { code, stdout } = await sweep.run('sweep', 'sweep.yaml');
    expect(code).toBe(1);
    expect(stdout).toContain('127.0.0.1 cannot be reached: ssh: connect to host 127.0.0.1 port');
  });
});

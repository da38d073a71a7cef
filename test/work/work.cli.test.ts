// Sweeps away from the terminal, with real processes: detached drivers, workers, and what status, stop and logs say of them.

import { writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { isJsonObject, type JsonObject } from '../../src/util/json.ts';
import { ToySweep } from '../sweep/support/toy_sweeps.ts';

/** What differs from one time to the next. */
const steady = (text: string) =>
  text
    .replaceAll(/-[0-9a-f]{12}/g, '')
    .replaceAll(hostname(), 'HOST')
    .replaceAll(/process \d+/g, 'process PID')
    .replaceAll(/HOST:\d+/g, 'HOST:PID')
    .replaceAll(/\b(\d+m)?\d+s\b/g, '3s');

async function json(sweep: ToySweep, ...args: string[]): Promise<JsonObject> {
  const value: unknown = JSON.parse((await sweep.run(...args, '--json')).stdout);
  return isJsonObject(value) ? value : {};
}

const letGo = (sweep: ToySweep) => writeFile(join(sweep.directory, 'diary.jsonl.go'), '');

/** Of one run, in its status too. */
const untilFirstStep = (sweep: ToySweep) =>
  sweep.until(async () => (await sweep.snapshots()).some(({ status }) => status?.step === 1));

/** Detached, and ended with the test however that goes. */
async function detached(sweep: ToySweep): Promise<{ pid: number; stdout: string }> {
  const { stdout, stderr, code } = await sweep.run('sweep', 'sweep.yaml', '--detach');
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const pid = Number(/process (\d+)/.exec(stdout)?.[1]);
  onTestFinished(() => {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It has ended, as it should.
    }
  });
  return { pid, stdout };
}

const isDriven = async (sweep: ToySweep) => (await json(sweep, 'status', 'runs/toy')).driven === true;

describe('a detached sweep', { timeout: 300_000 }, () => {
  test('goes on without the command that started it, and is seen, followed and stopped', async () => {
    const sweep = await ToySweep.create(
      'grid: {rate: [0.1, 0.2], fate: [wait]}\nexecution: {max_concurrency: 1}\nobjective: {metric: test/nll, goal: minimize}\n',
    );
    const { stdout } = await detached(sweep);
    expect(steady(stdout)).toMatchInlineSnapshot(`
      "
      2 of 2 runs to be done, by process PID on HOST

        directory  runs/toy
        log        runs/toy/driver.log

        cookbook status runs/toy   see what runs where
        cookbook logs runs/toy -f  follow what the driver says
        cookbook work runs/toy     take runs here too, or on another machine
        cookbook stop runs/toy     save checkpoints, and stop
      "
    `);
    await untilFirstStep(sweep);
    expect(await sweep.states()).toEqual([
      'rate=0.1 fate=wait: running, attempt 1',
      'rate=0.2 fate=wait: pending, attempt 0',
    ]);
    expect(steady((await sweep.run('status', 'runs/toy')).stdout)).toMatchInlineSnapshot(`
      "
      2 runs: 1 running, 1 not started

        driver  process PID on HOST, since 3s

        running  1/4  HOST:PID, 3s  rate=0.1,fate=wait,seed=0

        cookbook stop runs/toy  save checkpoints, and stop
      "
    `);
    expect(steady((await sweep.run('logs', 'runs/toy')).stdout)).toMatchInlineSnapshot(`
      "started rate=0.1,fate=wait,seed=0
      "
    `);

    const again = await sweep.run('sweep', 'sweep.yaml', '--detach');
    expect(again.code).toBe(1);
    expect(steady(again.stderr)).toContain('process PID on HOST drives this sweep already');

    const following = sweep.start('logs', 'runs/toy', '-f');
    expect(steady((await sweep.run('stop', 'runs/toy')).stdout)).toMatchInlineSnapshot(`
      "
      1 run asked to save a checkpoint and stop
      the driver, process PID on HOST, asked to stop

        cookbook status runs/toy  see who has stopped, each after its step
      "
    `);
    await sweep.until(async () => !(await isDriven(sweep)));
    expect(await sweep.states()).toEqual([
      'rate=0.1 fate=wait: interrupted, attempt 1',
      'rate=0.2 fate=wait: pending, attempt 0',
    ]);
    expect(await following.rest()).toContain('interrupted rate=0.1,fate=wait');
    expect(steady((await sweep.run('status', 'runs/toy')).stdout)).toMatchInlineSnapshot(`
      "
      2 runs: 1 interrupted, 1 not started

        driver  none
        asked   to stop with checkpoints, 3s ago on HOST

        interrupted  1/4  3s ago  rate=0.1,fate=wait,seed=0

        cookbook sweep sweep.yaml  go on with the sweep
      "
    `);
    expect((await sweep.run('work', 'runs/toy')).stderr).toContain('the sweep was asked to stop at');

    await letGo(sweep);
    expect((await sweep.run('sweep', 'sweep.yaml')).code).toBe(0);
    expect(await sweep.states()).toEqual([
      'rate=0.1 fate=wait: done, attempt 2',
      'rate=0.2 fate=wait: done, attempt 1',
    ]);
  });

  test('whose driver has ended by itself is told of with what that said last', async () => {
    const sweep = await ToySweep.create(
      'grid: {rate: {uniform: [0.1, 0.2]}}\nsearch: {builder: optuna, python: /nowhere/python}\nmax_runs: 2\nobjective: {metric: test/nll, goal: minimize}\n',
    );
    const { code, stderr } = await sweep.run('sweep', 'sweep.yaml', '--detach');
    expect(code).toBe(1);
    expect(stderr).toMatch(/the driver ended at once:\n.*\/nowhere\/python/);
    const { stdout } = await sweep.run('status', 'runs/toy');
    expect(stdout).toMatch(/driver +none\n +it said +.*\/nowhere\/python/s);
    expect(stdout).toMatch(/cookbook logs runs\/toy +read what its driver said/);
  });

  test('says at once what is wrong with it', async () => {
    const sweep = await ToySweep.create('grid: {rat: [0.1]}\n');
    const { code, stderr } = await sweep.run('sweep', 'sweep.yaml', '--detach');
    expect(code).toBe(2);
    expect(stderr).toContain('rat');
    expect((await sweep.run('status', 'runs/toys')).stderr).toContain('runs/toys: no such directory');
  });
});

describe('workers', { timeout: 300_000 }, () => {
  test('finish a sweep that has no driver any more, try again what failed, and say what they have done', async () => {
    const sweep = await ToySweep.create(
      'grid: {fate: [well, fail_once, crash_once, fail]}\nexecution: {executor: work, retries: 1}\n',
    );
    const { pid } = await detached(sweep);
    process.kill(pid, 'SIGKILL');
    const [one, two] = await Promise.all([
      sweep.run('work', 'runs/toy'),
      sweep.run('work', 'runs/toy', '--concurrency', '2'),
    ]);
    expect([one.code, two.code].sort()).toContain(1);
    expect(await sweep.states()).toEqual([
      'fate=crash_once: done, attempt 2',
      'fate=fail: failed, attempt 2',
      'fate=fail_once: done, attempt 2',
      'fate=well: done, attempt 1',
    ]);
    const starts = (await sweep.diary()).filter(({ event }) => event === 'start');
    expect(starts).toHaveLength(7);
  });

  test('do what a driver decides, and leave a run alone that was asked to stop until somebody asks for it', async () => {
    const sweep = await ToySweep.create('grid: {rate: [0.1, 0.2], fate: [wait]}\nexecution: {executor: work}\n');
    const driver = sweep.start('sweep', 'sweep.yaml');
    await driver.says('rate=0.2');
    const worker = sweep.start('work', 'runs/toy', '--concurrency', '2');
    await sweep.untilWaiting(2);
    const { stdout } = await sweep.run('stop', 'runs/toy', 'rate=0.1,');
    expect(stdout).toContain('1 run asked to save a checkpoint and stop');
    await sweep.until(async () => (await sweep.states())[0] === 'rate=0.1 fate=wait: interrupted, attempt 1');
    await letGo(sweep);
    expect(await driver.ended()).toBe(3);
    expect(driver.stderr).toContain('waiting for workers: cookbook work runs/toy\n');
    expect(await worker.ended()).toBe(3);
    expect(await sweep.states()).toEqual([
      'rate=0.1 fate=wait: interrupted, attempt 1',
      'rate=0.2 fate=wait: done, attempt 1',
    ]);
    expect(await json(sweep, 'status', 'runs/toy')).toMatchObject({
      driven: false,
      states: { interrupted: 1, done: 1 },
    });

    const second = sweep.start('sweep', 'sweep.yaml');
    await second.says('offered');
    const another = await sweep.run('work', 'runs/toy');
    expect(another.code).toBe(0);
    expect(await second.ended()).toBe(0);
    expect(await sweep.states()).toEqual([
      'rate=0.1 fate=wait: done, attempt 2',
      'rate=0.2 fate=wait: done, attempt 1',
    ]);
  });

  test('save checkpoints when they are told to end, and another goes on', async () => {
    const sweep = await ToySweep.create('grid: {rate: [0.1], fate: [wait]}\nexecution: {executor: work}\n');
    const driver = sweep.start('sweep', 'sweep.yaml');
    await driver.says('offered');
    const first = sweep.start('work', 'runs/toy');
    await sweep.untilWaiting(1);
    first.signal('SIGINT');
    expect(await first.ended()).toBe(3);
    expect(await sweep.states()).toEqual(['rate=0.1 fate=wait: interrupted, attempt 1']);
    await letGo(sweep);
    expect((await sweep.run('work', 'runs/toy')).code).toBe(0);
    expect(await driver.ended()).toBe(0);
    expect(await sweep.states()).toEqual(['rate=0.1 fate=wait: done, attempt 2']);
  });

  test('are told what is wrong with a directory', async () => {
    const sweep = await ToySweep.create('grid: {rate: [0.1]}\n');
    const { code, stderr } = await sweep.run('work', '.');
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: expect.stringContaining('is the directory of neither a sweep nor a run'),
    });
  });
});

describe('a run', { timeout: 300_000 }, () => {
  test('is seen, stopped at once, and its log followed across attempts', async () => {
    const sweep = await ToySweep.create('grid: {rate: [0.1], fate: [wait]}\n');
    const driver = sweep.start('sweep', 'sweep.yaml');
    await untilFirstStep(sweep);
    const [{ directory } = { directory: '' }] = await sweep.snapshots();
    expect(
      steady((await sweep.run('status', directory)).stdout).replaceAll(/\d{4}-\S+Z/g, 'TIME'),
    ).toMatchInlineSnapshot(`
      "
      rate=0.1,fate=wait,seed=0: running

        step         1 of 4
        executed by  process PID on HOST
        attempt      1
        started      TIME (3s ago)
        directory    runs/toy/rate=0.1,fate=wait,seed=0

        cookbook logs runs/toy/rate=0.1,fate=wait,seed=0  read its log
        cookbook stop runs/toy/rate=0.1,fate=wait,seed=0  save a checkpoint, and stop
      "
    `);
    const following = sweep.start('logs', directory, '-f');
    expect(await json(sweep, 'stop', directory, '--now')).toMatchObject({ now: true, running: [directory] });
    await driver.ended();
    await letGo(sweep);
    expect((await sweep.run('sweep', 'sweep.yaml')).code).toBe(0);
    const lines = await following.rest();
    expect(lines.match(/attempt \d/g)).toContain('attempt 2');
    const last = [lines.trimEnd().split('\n').at(-1)];
    expect(await json(sweep, 'logs', directory, '--lines', '1')).toMatchObject({ lines: last });
    expect(await json(sweep, 'logs', 'runs/toy', 'rate=0.1', '--lines', '1')).toMatchObject({ lines: last });
  });
});

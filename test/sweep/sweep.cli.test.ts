// `cookbook sweep` with real processes: what is run, how often, and what is left when things go wrong.

import { existsSync } from 'node:fs';
import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ToySweep } from './support/toy_sweeps.ts';

const withoutHashes = (text: string) => text.replaceAll(/-[0-9a-f]{12}/g, '').replaceAll(/ in \d+s(?=,|$)/gm, '');

describe('cookbook sweep', { timeout: 300_000 }, () => {
  test('runs every point once, says what it found, and has nothing to do the second time', async () => {
    const sweep = await ToySweep.create(
      'grid: {rate: [0.1, 0.3]}\nseeds: 2\nobjective: {metric: test/nll, goal: minimize}\nexecution: {max_concurrency: 2}\n',
    );
    const plan = await sweep.run('sweep', 'sweep.yaml', '--dry-run');
    expect(plan).toMatchObject({ code: 0, stderr: '' });
    expect(plan.stdout).toContain('2 rate × 2 seeds = 4 runs in runs/toy');
    expect(existsSync(join(sweep.directory, 'runs'))).toBe(false);

    const first = await sweep.run('sweep', 'sweep.yaml');
    expect(first.code).toBe(0);
    expect(first.stdout).toMatchInlineSnapshot(`
      "
      4 of 4 runs are finished

        best      rate=0.3
        test/nll  0.005 ± 0.007071 (2 seeds)

        directory  runs/toy

        cookbook report runs/toy  compare the configurations
      "
    `);
    // Which of two ends first is chance, and with it which leads when.
    const lines = withoutHashes(first.stderr)
      .replaceAll(/^\[\d\/4\] /gm, '')
      .replaceAll(', its configuration leads', '')
      .trimEnd()
      .split('\n');
    const names = ['rate=0.1,seed=0', 'rate=0.1,seed=1', 'rate=0.3,seed=0', 'rate=0.3,seed=1'];
    const found = ['test/nll 0.04', 'test/nll 0.05', 'test/nll 0', 'test/nll 0.01'];
    expect(lines.sort()).toEqual([
      ...names.map((name, i) => `done ${name}: ${found[i]}`),
      ...names.map((name) => `started ${name}`),
    ]);
    expect(first.stderr).toContain(', its configuration leads');
    expect(await sweep.states()).toEqual([
      'rate=0.1: done, attempt 1',
      'rate=0.1: done, attempt 1',
      'rate=0.3: done, attempt 1',
      'rate=0.3: done, attempt 1',
    ]);
    const diary = await sweep.diary();
    expect(diary.filter(({ event }) => event === 'start')).toHaveLength(4);

    const second = await sweep.run('sweep', 'sweep.yaml');
    expect(second).toMatchObject({ code: 0, stderr: '' });
    expect(second.stdout).toMatchInlineSnapshot(`
      "
      all 4 runs were finished before: nothing was left to do

        best      rate=0.3
        test/nll  0.005 ± 0.007071 (2 seeds)

        directory  runs/toy

        cookbook report runs/toy  compare the configurations
      "
    `);
    expect(await sweep.diary()).toEqual(diary);

    const [run] = await sweep.snapshots();
    expect(run?.record).toMatchObject({
      name: expect.stringMatching(/^rate=0\.1,seed=0-[0-9a-f]{12}$/),
      axes: { rate: 0.1 },
      objective: { metric: 'test/nll', goal: 'minimize', at: 'last' },
      spec: { log_path: run?.directory, seed: 0 },
      argv: ['sweep', 'sweep.yaml'],
    });
    const frozen = JSON.parse(await readFile(join(sweep.directory, 'runs/toy/plan.json'), 'utf8'));
    expect(frozen.runs.map(({ state }: { state: string }) => state)).toEqual(['done', 'done', 'done', 'done']);
  });

  test('retries what failed or was killed, never what diverged, and goes on with the others', async () => {
    const sweep = await ToySweep.create(
      'grid: {fate: [fail, diverge, fail_once, crash_once, well]}\nexecution: {max_concurrency: 2, retries: 1}\n',
      'max_steps: 3\n',
    );
    const { code, stdout, stderr } = await sweep.run('sweep', 'sweep.yaml');
    expect(code).toBe(1);
    expect(withoutHashes(stdout)).toMatchInlineSnapshot(`
      "
      4 of 5 runs are finished, 1 diverged, 1 failed

        failed    fate=fail,seed=0
                  data.jsonl:3: no messages (runs/toy/fate=fail,seed=0/logs.log)
        diverged  fate=diverge,seed=0

        directory  runs/toy

        cookbook sweep sweep.yaml  run what is missing
        cookbook report runs/toy   compare the configurations
      "
    `);
    expect(await sweep.states()).toEqual([
      'fate=crash_once: done, attempt 2',
      'fate=diverge: diverged, attempt 1',
      'fate=fail: failed, attempt 2',
      'fate=fail_once: done, attempt 2',
      'fate=well: done, attempt 1',
    ]);
    expect(stderr).toContain('its process was killed by SIGKILL');
    // What was done of a step before the failure is not done again.
    const steps = (await sweep.diary()).filter(
      ({ run, event }) => run.startsWith('fate=fail_once') && event === 'step',
    );
    expect(steps.map(({ step }) => step)).toEqual([0, 1, 2]);
  });

  test('launches nothing more once too large a share of the runs has failed', async () => {
    const sweep = await ToySweep.create(
      'grid: {fate: [well, fail], size: [1, 2, 3]}\nexecution: {on_failure: {rate: 0.3, after: 4}}\n',
    );
    const { code, stderr } = await sweep.run('sweep', 'sweep.yaml');
    expect(code).toBe(1);
    expect(stderr).toContain('2 of 5 runs have failed: nothing more is launched');
    expect((await sweep.states()).map((state) => state.split(':')[1])).toEqual([
      ...[' failed, attempt 1', ' failed, attempt 1', ' done, attempt 1', ' done, attempt 1', ' done, attempt 1'],
    ]);
  });

  test('runs no more at a time than the machine has room for, each with the threads that it takes', async () => {
    const cores = availableParallelism();
    const sweep = await ToySweep.create(
      `grid: {fate: [wait], size: [1, 2]}\nexecution: {max_concurrency: 2, resources: {cpus: ${cores}}}\n`,
    );
    const child = sweep.start('sweep', 'sweep.yaml');
    await sweep.untilWaiting(1);
    const [first] = await sweep.snapshots();
    const environment = await readFile(`/proc/${first.status?.pid}/environ`, 'utf8');
    expect(environment.split('\0')).toContain(`COOKBOOK_THREADS=${cores}`);
    // The other one has not so much as a directory.
    expect(await sweep.states()).toEqual(['fate=wait size=1: running, attempt 1']);
    await sweep.write('diary.jsonl.go', '');
    expect(await child.ended()).toBe(0);
    const events = (await sweep.diary()).flatMap(({ run, event }) => (event === 'start' ? [run] : []));
    expect(events.length).toBe(2);
  });

  test('launches nothing more after a failure, where it is to stop', async () => {
    const sweep = await ToySweep.create('grid: {fate: [fail, well]}\nexecution: {on_failure: stop}\n');
    const { code, stdout } = await sweep.run('sweep', 'sweep.yaml', '--json');
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      runs: 2,
      states: { failed: 1, pending: 1, done: 0 },
      not_done: [
        { state: 'failed', error: { code: 'DATA_FORMAT', message: 'data.jsonl:3: no messages' } },
        { state: 'pending', error: null },
      ],
    });
    expect(await sweep.states()).toEqual(['fate=fail: failed, attempt 1']);
  });

  test('stops a run that takes too long, and records why', async () => {
    const sweep = await ToySweep.create('grid: {fate: [wait]}\nexecution: {timeout: 2s}\n');
    const { code, stderr } = await sweep.run('sweep', 'sweep.yaml');
    expect(code).toBe(1);
    expect(stderr).toContain('did not end within its timeout of 2s');
    const [run] = await sweep.snapshots();
    expect(run?.status).toMatchObject({ state: 'failed', error: { code: 'TIMEOUT' } });
    expect((await sweep.run('plan', 'sweep.yaml')).stdout).toContain('1 retry');
  });

  test('runs what was planned, though the spec is edited meanwhile, and refuses files that have changed', async () => {
    const sweep = await ToySweep.create(
      'cases:\n  - set: {fate: wait}\n  - set: {rate: 0.2}\n  - set: {data_path: data.txt}\n',
      'max_steps: 3\n',
    );
    await sweep.write('data.txt', 'one');
    const running = sweep.start('sweep', 'sweep.yaml');
    await sweep.untilWaiting(1);
    await sweep.write('base.yaml', 'trainer: nonsense\n');
    await appendFile(join(sweep.directory, 'data.txt'), 'two');
    await sweep.write('diary.jsonl.go', '');
    expect(await running.ended()).toBe(1);
    expect(running.stderr).toContain('a file that it depends on has changed since the sweep was planned');
    expect(await sweep.states()).toEqual(['fate=wait: done, attempt 1', 'rate=0.2: done, attempt 1']);
  });

  test('stops with checkpoints at a signal, and goes on from them', async () => {
    const sweep = await ToySweep.create('grid: {fate: [wait], size: [1, 2, 3]}\nexecution: {max_concurrency: 2}\n');
    const stopped = sweep.start('sweep', 'sweep.yaml');
    await sweep.untilWaiting(2);
    stopped.signal('SIGINT');
    expect(await stopped.ended()).toBe(3);
    expect(stopped.stderr).toContain('stopping');
    expect(await sweep.states()).toEqual([
      'fate=wait size=1: interrupted, attempt 1',
      'fate=wait size=2: interrupted, attempt 1',
    ]);
    const plan = JSON.parse((await sweep.run('plan', 'sweep.yaml', '--json')).stdout);
    expect(plan.counts).toMatchObject({ resume: 2, new: 1, done: 0 });

    await sweep.write('diary.jsonl.go', '');
    expect((await sweep.run('sweep', 'sweep.yaml')).code).toBe(0);
    expect(await sweep.states()).toEqual([
      'fate=wait size=1: done, attempt 2',
      'fate=wait size=2: done, attempt 2',
      'fate=wait size=3: done, attempt 1',
    ]);
  });

  test('does not take a run for failed that is told to stop before it has begun', async () => {
    const sweep = await ToySweep.create('grid: {fate: [well, wait]}\n');
    const stopped = sweep.start('sweep', 'sweep.yaml');
    await stopped.says('started fate=wait');
    stopped.signal('SIGINT');
    expect(await stopped.ended()).toBe(3);
    expect(stopped.stderr).not.toContain('failed');
  });

  test('ends what does not stop at a second signal', async () => {
    const sweep = await ToySweep.create('grid: {fate: [hang]}\n');
    const stopped = sweep.start('sweep', 'sweep.yaml');
    await sweep.untilWaiting(1);
    stopped.signal('SIGINT');
    await sweep.until(async () => stopped.stderr.includes('stopping'));
    stopped.signal('SIGTERM');
    expect(await stopped.ended()).toBe(3);
    expect((await sweep.snapshots()).map(({ live, status }) => [live, status?.state])).toEqual([[false, 'running']]);
    expect((await sweep.run('plan', 'sweep.yaml')).stdout).toContain('1 resume');
  });

  test('shares the runs of a directory with another sweep, and takes over from one that is killed', async () => {
    const sweep = await ToySweep.create('grid: {fate: [wait], size: [1, 2, 3]}\nexecution: {max_concurrency: 1}\n');
    const [a, b] = [sweep.start('sweep', 'sweep.yaml'), sweep.start('sweep', 'sweep.yaml')];
    await sweep.untilWaiting(2);
    expect((await sweep.states()).map((state) => state.split(': ')[1])).toEqual([
      'running, attempt 1',
      'running, attempt 1',
    ]);
    await a.kill('SIGKILL');
    await sweep.write('diary.jsonl.go', '');
    expect(await b.ended()).toBe(0);
    expect((await sweep.states()).every((state) => state.includes('done'))).toBe(true);
    const steps = (await sweep.diary())
      .filter(({ event }) => event === 'step')
      .map(({ run, step }) => `${run} ${step}`);
    expect(new Set(steps).size).toBe(steps.length);
  });

  test('loses nothing and repeats nothing, whatever is killed and whenever', async () => {
    const sweep = await ToySweep.create(
      'grid: {size: [1, 2, 3, 4, 5]}\nexecution: {max_concurrency: 2}\n',
      'max_steps: 30\n',
    );
    /** What every finished run had written when it was first seen finished. */
    const finished = new Map<string, number>();
    // Lines of the diary after which something is killed: the sweep itself, or one of the runs.
    const kills = [
      [0, 'sweep'],
      [20, 'run'],
      [33, 'sweep'],
      [7, 'run'],
      [40, 'sweep'],
    ] as const;
    for (const [moment, victim] of kills) {
      const lines = (await sweep.diary()).length;
      const running = sweep.start('sweep', 'sweep.yaml');
      if (moment > 0) await Promise.race([sweep.untilNoted(lines + moment), running.ended()]);
      if (victim === 'sweep') await running.kill('SIGKILL');
      else await sweep.killOneRun();
      await running.ended();
      await sweep.untilQuiet();

      for (const run of await sweep.finished()) {
        const written = await sweep.linesOf(run);
        expect(finished.get(run) ?? written).toBe(written);
        finished.set(run, written);
      }
      const { counts } = JSON.parse((await sweep.run('plan', 'sweep.yaml', '--json')).stdout);
      const { done, new: fresh, resume, retry } = counts;
      expect({ done, missing: fresh + resume + retry }).toEqual({ done: finished.size, missing: 5 - finished.size });
    }
    expect((await sweep.run('sweep', 'sweep.yaml')).code).toBe(0);
    expect(await sweep.finished()).toHaveLength(5);
    expect(await sweep.snapshots()).toHaveLength(5);
    for (const [run, written] of finished) expect(await sweep.linesOf(run)).toBe(written);
  });

  test('attaches to what a killed sweep has left running, and goes on from there', async () => {
    const sweep = await ToySweep.create('grid: {fate: [hang]}\n');
    const killed = sweep.start('sweep', 'sweep.yaml');
    await sweep.untilWaiting(1);
    await killed.kill('SIGKILL');
    const [run] = await sweep.snapshots();
    const job = JSON.parse(await readFile(join(run?.directory ?? '', 'job.json'), 'utf8'));
    expect(job).toMatchObject({ executor: 'local', index: 0, handle: { pid: run?.status?.pid } });

    const next = sweep.start('sweep', 'sweep.yaml');
    await next.says(`under way: process ${run?.status?.pid} of a sweep that is gone`);
    await sweep.write('diary.jsonl.go', '');
    expect(await next.ended()).toBe(0);
    expect(await sweep.states()).toEqual(['fate=hang: done, attempt 2']);
    const steps = (await sweep.diary()).filter(({ event }) => event === 'step').map(({ step }) => step);
    expect(steps).toEqual([0, 1, 2, 3]);
  });

  test('waits for what a sweep has left that was killed before it wrote down its job', async () => {
    const sweep = await ToySweep.create('grid: {fate: [hang]}\n');
    const killed = sweep.start('sweep', 'sweep.yaml');
    await sweep.untilWaiting(1);
    await killed.kill('SIGKILL');
    const path = join((await sweep.snapshots())[0]?.directory ?? '', 'job.json');
    await writeFile(path, JSON.stringify({ ...JSON.parse(await readFile(path, 'utf8')), handle: null }));
    const next = sweep.start('sweep', 'sweep.yaml');
    await next.says('which another process runs');
    await sweep.write('diary.jsonl.go', '');
    expect(await next.ended()).toBe(0);
    expect(await sweep.states()).toEqual(['fate=hang: done, attempt 2']);
  });

  test('runs only what is new when an axis grows, and nothing at all when only runtime fields change', async () => {
    const sweep = await ToySweep.create('grid: {rate: [0.1, 0.2]}\n');
    expect((await sweep.run('sweep', 'sweep.yaml')).code).toBe(0);
    const diary = await sweep.diary();
    expect((await sweep.run('sweep', 'sweep.yaml', 'save_every=2')).stdout).toContain('nothing was left to do');
    await sweep.write('base.yaml', `${await readFile(join(sweep.directory, 'base.yaml'), 'utf8')}save_every: 3\n`);
    expect((await sweep.run('sweep', 'sweep.yaml')).stdout).toContain('nothing was left to do');
    expect(await sweep.diary()).toEqual(diary);

    await sweep.write('sweep.yaml', 'base: base.yaml\nlog_path: runs/toy\ngrid: {rate: [0.05, 0.1, 0.2]}\n');
    expect((await sweep.run('sweep', 'sweep.yaml')).code).toBe(0);
    const added = (await sweep.diary()).slice(diary.length).map(({ run }) => run.replace(/-[0-9a-f]{12}$/, ''));
    expect(new Set(added)).toEqual(new Set(['rate=0.05,seed=0']));
  });

  test('runs a point once, though two sweeps ask for it under different names', async () => {
    const sweep = await ToySweep.create('grid: {rate: [0.1, 0.2, 0.4]}\n');
    // 1 is the default of size, so these are the same runs.
    await sweep.write('other.yaml', 'base: base.yaml\nlog_path: runs/toy\ngrid: {rate: [0.4, 0.2, 0.1], size: [1]}\n');
    const sweeps = [sweep.start('sweep', 'sweep.yaml'), sweep.start('sweep', 'other.yaml')];
    expect(await Promise.all(sweeps.map((each) => each.ended()))).toEqual([0, 0]);
    expect(await sweep.states()).toHaveLength(3);
    expect((await sweep.states()).every((state) => state.endsWith('done, attempt 1'))).toBe(true);
  });

  test('is refused for the spec of a run, and leaves nothing behind where it is invalid', async () => {
    const sweep = await ToySweep.create('grid: {rat: [0.1]}\n');
    expect(await sweep.run('sweep', 'base.yaml')).toEqual({
      code: 2,
      stdout: '',
      stderr:
        'base.yaml is the spec of one run, not of a sweep\nType "cookbook run base.yaml", or name it as the "base" of a sweep.\n',
    });
    expect(await sweep.run('sweep', 'sweep.yaml')).toEqual({
      code: 2,
      stdout: '',
      stderr: 'sweep.yaml:3:8 grid/rat: unknown field; did you mean "rate" or "fate" or "part"?\n',
    });
    expect(existsSync(join(sweep.directory, 'runs'))).toBe(false);
  });
});

// `cookbook run` and `cookbook exec` as real processes: what they print, how they stop, and that a kill costs nothing.

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { inspectRunDirectory } from '../../src/run_files/directory.ts';
import { temporaryDirectory } from '../support/temporary_directory.ts';
import { supportFile, TestProcess } from './support/processes.ts';

const COOKBOOK = fileURLToPath(new URL('../../bin/run.js', import.meta.url));
const SPEC = ['trainer: toy', 'log_path: runs/toy', 'service: {builder: toy}', `plugins: [${supportFile('toy.ts')}]`];

async function workplace(): Promise<string> {
  const directory = await temporaryDirectory();
  await writeFile(join(directory, 'toy.yaml'), `${SPEC.join('\n')}\n`);
  return directory;
}

function cookbook(cwd: string, args: string[], env: NodeJS.ProcessEnv = {}, nodeArgs: string[] = []): TestProcess {
  return new TestProcess([...nodeArgs, COOKBOOK, ...args], { cwd, env });
}

async function finished(cwd: string, ...args: string[]) {
  const running = cookbook(cwd, args);
  const stdout = await running.rest();
  const exit = await running.ended();
  return { exit, stdout: stdout.replaceAll(cwd, 'CWD'), stderr: running.stderr.replaceAll(cwd, 'CWD') };
}

function metricsOf(cwd: string): Promise<string> {
  return readFile(join(cwd, 'runs/toy/metrics.jsonl'), 'utf8');
}

/** Where the toy lies, and the line of it that threw. */
const withoutPlaces = (text: string) => text.replaceAll(/\/\S*(toy\.ts)(:\d+)?/g, '$1');

describe('cookbook run', () => {
  it('shows plain lines without a terminal, and a last screen', async () => {
    const cwd = await workplace();
    const { exit, stdout, stderr } = await finished(cwd, 'run', 'toy.yaml', 'max_steps=4');
    expect(exit).toBe(0);
    // How fast it is stands behind a step once that can be told, which on a busy machine is later.
    expect(stderr.replace(/ {2}\d+ tok.*/g, '')).toMatchInlineSnapshot(`
      "run toy, attempt 1, in runs/toy
      4 steps
      step 1/4  nll 0.9  lr 0.1
      step 2/4  nll 0.8184  lr 0.1
      step 3/4  nll 0.7457  lr 0.1
      checkpoint 000003
      step 4/4  nll 0.6725  lr 0.1
      checkpoint final_4
      evaluation at step 4  test/nll 0.6725
      done after 4 steps
      "
    `);
    expect(stdout).toMatchInlineSnapshot(`
      "
      toy is done after 4 steps

        test/nll  0.9 → 0.6725  (−25 %)

        directory  runs/toy
        weights    runs/toy/checkpoints/final_4

        cookbook chat runs/toy    talk to it
        cookbook report runs/toy  see its metrics
      "
    `);
  });

  it('says at once that a run is done', async () => {
    const cwd = await workplace();
    await finished(cwd, 'run', 'toy.yaml');
    const metrics = await metricsOf(cwd);
    const again = await finished(cwd, 'run', 'toy.yaml');
    expect(again).toMatchObject({ exit: 0, stderr: '' });
    expect(again.stdout).toContain('toy is done after 8 steps: nothing was left to do');
    expect(await metricsOf(cwd)).toBe(metrics);
  });

  it('--json prints the result and nothing else', async () => {
    const cwd = await workplace();
    const { exit, stdout, stderr } = await finished(cwd, 'run', 'toy.yaml', '--json');
    expect({ exit, stderr }).toEqual({ exit: 0, stderr: '' });
    const steady = stdout
      .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME')
      .replace(/"(pid|host|identity)": .*/g, '"$1": …,');
    expect(steady).toMatchInlineSnapshot(`
      "{
        "directory": "CWD/runs/toy",
        "name": "toy",
        "identity": …,
        "schema_version": 1,
        "state": "done",
        "attempt": 1,
        "step": 8,
        "total_steps": 8,
        "started_at": "TIME",
        "updated_at": "TIME",
        "ended_at": "TIME",
        "host": …,
        "pid": …,
        "error": null,
        "learned": [
          {
            "metric": "test/nll",
            "before": 0.9,
            "after": 0.43200508025274803
          }
        ],
        "warnings": [],
        "sampler_path": "CWD/runs/toy/checkpoints/final_8"
      }
      "
    `);
  });

  it('--json prints an error as one too', async () => {
    const cwd = await workplace();
    await finished(cwd, 'run', 'toy.yaml');
    const { exit, stdout, stderr } = await finished(cwd, 'run', 'toy.yaml', 'rate=0.5', '--json');
    expect({ exit, stderr }).toEqual({ exit: 2, stderr: '' });
    expect(JSON.parse(stdout)).toEqual({
      error: {
        code: 'CONFIGURATION',
        message: 'runs/toy holds another run, which differs in rate (0.1 there, 0.5 here); it is done after 8 steps',
        hint: 'Pass if_exists=delete to delete it and start afresh, or give another log_path.',
      },
    });
  });

  it('--quiet shows only what must not be missed', async () => {
    const cwd = await workplace();
    const { exit, stdout, stderr } = await finished(cwd, 'run', 'toy.yaml', 'misbehave=throw:2', '-q');
    expect(exit).toBe(1);
    // The toy is a plugin here, so what it throws is no defect of this package.
    expect(withoutPlaces(stderr)).toMatchInlineSnapshot(`
      "failed after 2 steps: the plugin toy.ts: weight is not a function (toy.ts)
      The stack is in logs.log.
      "
    `);
    expect(stdout).toMatchInlineSnapshot(`
      "
      toy failed after 2 of 8 steps

        directory  runs/toy
        log        runs/toy/logs.log

        cookbook run toy.yaml misbehave=throw:2 -q  start again from the beginning, once that is mended
        cookbook report runs/toy                    see its metrics
      "
    `);
  });

  it('a diverged run is finished, not failed', async () => {
    const cwd = await workplace();
    const { exit, stdout } = await finished(cwd, 'run', 'toy.yaml', 'misbehave=diverge:2', '-q');
    expect(exit).toBe(0);
    expect(stdout).toContain('toy diverged after 3 of 8 steps: the loss or a weight is no longer a number');
  });

  it('replaces a run that failed before its first step without a question: it holds nothing', async () => {
    const cwd = await workplace();
    const first = await finished(cwd, 'run', 'toy.yaml', 'rate=0.5', 'misbehave=throw:0');
    expect(first.exit).toBe(1);
    expect(first.stderr.replaceAll(supportFile('toy.ts'), 'toy.ts').replace(/:\d+\)/, ':LINE)')).toMatchInlineSnapshot(`
      "run toy, attempt 1, in runs/toy
      8 steps
      failed: the plugin toy.ts: weight is not a function (toy.ts:LINE)
      The stack is in logs.log.
      "
    `);
    expect(first.stdout).toMatchInlineSnapshot(`
      "
      toy failed before its first step

        directory  runs/toy
        log        runs/toy/logs.log

        cookbook run toy.yaml rate=0.5 misbehave=throw:0  start again from the beginning, once that is mended
      "
    `);
    expect(await finished(cwd, 'run', 'toy.yaml', 'rate=0.25')).toMatchObject({ exit: 0 });
    const again = await finished(cwd, 'run', 'toy.yaml', 'rate=0.5');
    expect(again).toMatchObject({ exit: 2, stderr: expect.stringContaining('holds another run') });
  });

  it('makes a finished run longer when asked to, with the metrics of a run that was that long at once', async () => {
    const [cwd, other] = [await workplace(), await workplace()];
    await finished(cwd, 'run', 'toy.yaml');
    expect(await finished(cwd, 'run', 'toy.yaml', 'max_steps=11')).toMatchObject({
      exit: 2,
      stdout: '',
      stderr:
        'runs/toy holds another run, which differs in max_steps (8 there, 11 here); it is done after 8 steps\n' +
        'Pass if_exists=resume to go on with it, if_exists=delete to delete it and start afresh, or give another log_path.\n',
    });
    expect(await finished(cwd, 'run', 'toy.yaml', 'max_steps=11', 'if_exists=resume')).toMatchObject({ exit: 0 });
    await finished(other, 'run', 'toy.yaml', 'max_steps=11');
    expect(await metricsOf(cwd)).toBe(await metricsOf(other));
    expect(await readdir(join(cwd, 'runs/toy'))).toContain('run.previous.json');
  });

  it('goes on with other runtime fields when they have changed', async () => {
    const cwd = await workplace();
    await finished(cwd, 'run', 'toy.yaml', 'misbehave=fail:4');
    expect(await finished(cwd, 'run', 'toy.yaml')).toMatchObject({
      exit: 0,
      stderr: expect.stringContaining('resuming at step 3 of 8'),
    });
  });

  it.runIf(process.platform === 'linux')('tells where it cannot write, without a stack', async () => {
    const cwd = await workplace();
    const { exit, stdout, stderr } = await finished(cwd, 'run', 'toy.yaml', 'log_path=/sys/toy');
    expect({ exit, stdout }).toEqual({ exit: 1, stdout: '' });
    // Root, a user, and a container each meet another obstacle there.
    expect(
      stderr.replace(/(operation not permitted|permission denied|the file system is read-only)$/m, 'REASON'),
    ).toMatchInlineSnapshot(`
        "cannot create /sys/toy: REASON
        Give a path that you may write to.
        "
      `);
  });

  it('refuses a log_path below a file, and leaves nothing behind', async () => {
    const cwd = await workplace();
    const { exit, stderr } = await finished(cwd, 'run', 'toy.yaml', 'log_path=toy.yaml/run');
    expect(exit).toBe(2);
    expect(stderr).toMatch(/^toy\.yaml\/run is not a directory\n/);
    expect(await readdir(cwd)).toEqual(['toy.yaml']);
  });

  it('leaves nothing behind when the spec is wrong', async () => {
    const cwd = await workplace();
    expect(await finished(cwd, 'run', 'toy.yaml', 'rat=1')).toMatchObject({ exit: 2, stdout: '' });
    expect(await readdir(cwd)).toEqual(['toy.yaml']);
  });
});

describe('a signal', () => {
  it.each(['SIGINT', 'SIGTERM'] as const)(
    '%s stops at the next step with a checkpoint, to go on later',
    async (signal) => {
      const [cwd, other] = [await workplace(), await workplace()];
      const running = cookbook(cwd, ['run', 'toy.yaml', 'misbehave=wait:4']);
      await running.says('waiting');
      running.signal(signal);
      const stdout = await running.rest();
      expect(await running.ended()).toBe(3);
      expect(stdout).toContain('toy was interrupted after 5 of 8 steps');
      expect(stdout).toContain('cookbook run toy.yaml misbehave=wait:4  go on from the last checkpoint');
      expect(await inspectRunDirectory(join(cwd, 'runs/toy'))).toMatchObject({
        status: { state: 'interrupted', step: 5 },
        live: false,
      });
      expect(await finished(cwd, 'run', 'toy.yaml', 'misbehave=wait:4')).toMatchObject({
        exit: 0,
        stderr: expect.stringContaining('resuming at step 5'),
      });
      await finished(other, 'run', 'toy.yaml');
      expect(await metricsOf(cwd)).toBe(await metricsOf(other));
    },
  );

  it.each(['SIGINT', 'SIGTERM'] as const)('%s waits for nothing while training has not begun', async (signal) => {
    const cwd = await workplace();
    const running = cookbook(cwd, ['run', 'toy.yaml', 'misbehave=load']);
    await running.says('loading');
    running.signal(signal);
    // The system ends it where nobody listens yet.
    expect([3, signal]).toContain(await running.ended());
    expect(await inspectRunDirectory(join(cwd, 'runs/toy'))).toMatchObject({ status: { step: 0 }, live: false });
    expect(await finished(cwd, 'run', 'toy.yaml')).toMatchObject({ exit: 0 });
  });

  it('ends the process at once when it comes a second time', async () => {
    const cwd = await workplace();
    const running = cookbook(cwd, ['run', 'toy.yaml', 'misbehave=hang:4']);
    await running.says('hanging');
    running.signal('SIGINT');
    await running.says(
      'stopping: the step is finished and a checkpoint saved; a second signal ends the process at once',
    );
    running.signal('SIGTERM');
    expect(await running.ended()).toBe('SIGTERM');
    expect(await inspectRunDirectory(join(cwd, 'runs/toy'))).toMatchObject({
      status: { state: 'running' },
      live: false,
    });
    expect(await finished(cwd, 'run', 'toy.yaml')).toMatchObject({ exit: 0 });
  });
});

it('of two processes that run the same thing at once one does, and the other says who', async () => {
  const cwd = await workplace();
  const both = [0, 1].map(() => cookbook(cwd, ['run', 'toy.yaml', 'misbehave=wait:2']));
  const [first, second] = await Promise.race(
    both.map(async (each, index) => {
      await each.ended();
      return [each, both[1 - index]];
    }),
  );
  expect(await first?.ended()).toBe(1);
  expect(first?.stderr).toMatch(/runs\/toy (is in use by process \d+ on|already holds a run)/);
  await second?.says('waiting');
  second?.signal('SIGINT');
  expect(await second?.ended()).toBe(3);
  expect(await inspectRunDirectory(join(cwd, 'runs/toy'))).toMatchObject({ status: { attempt: 1 } });
});

describe('cookbook exec', () => {
  it('prints its events as JSON Lines, and nothing for a run that is done', async () => {
    const cwd = await workplace();
    const stopped = cookbook(cwd, ['run', 'toy.yaml', 'misbehave=wait:6']);
    await stopped.says('waiting');
    await stopped.kill('SIGKILL');
    const running = cookbook(cwd, ['exec', 'runs/toy']);
    const events = [];
    for (let line = await running.line(); line !== null; line = await running.line()) {
      events.push(JSON.parse(line));
      if (events.at(-1).type === 'text') running.signal('SIGTERM');
    }
    expect(await running.ended()).toBe(3);
    expect(running.stderr).toBe('');
    expect(events.map(({ type }) => type)).toMatchInlineSnapshot(`
      [
        "attempt",
        "started",
        "text",
        "warning",
        "step",
        "checkpoint",
        "finished",
      ]
    `);
    expect(await finished(cwd, 'run', 'toy.yaml')).toMatchObject({ exit: 0 });
    expect(await finished(cwd, 'exec', 'runs/toy')).toEqual({ exit: 0, stdout: '', stderr: '' });
  });

  it('stops with a checkpoint when the process that started it is gone', async () => {
    const cwd = await workplace();
    const killed = cookbook(cwd, ['run', 'toy.yaml', 'misbehave=wait:6']);
    await killed.says('waiting');
    await killed.kill('SIGKILL');
    const child = fork(COOKBOOK, ['exec', 'runs/toy'], { cwd, stdio: ['ignore', 'pipe', 'inherit', 'ipc'] });
    child.stdout?.destroy();
    child.disconnect();
    expect(await once(child, 'exit')).toEqual([3, null]);
    const there = await inspectRunDirectory(join(cwd, 'runs/toy'));
    expect(there).toMatchObject({ status: { state: 'interrupted', attempt: 2 }, live: false });
  });

  it('names what is no run directory', async () => {
    const cwd = await workplace();
    expect(await finished(cwd, 'exec', '.')).toMatchObject({
      exit: 1,
      stdout: '',
      stderr: 'CWD is no run directory: it has no run.json\n',
    });
  });
});

describe('kill -9', () => {
  const faulty = (cwd: string, call: number) =>
    cookbook(cwd, ['run', 'toy.yaml'], { FAULT: `SIGKILL:${call}`, FAULT_DIRECTORY: join(cwd, 'runs') }, [
      '--import',
      supportFile('fault.mjs'),
    ]);

  it('at any call, and again in the attempt after it, leaves a run that ends with the metrics of an undisturbed one', async () => {
    const undisturbed = await workplace();
    const counting = faulty(undisturbed, 0);
    expect(await counting.ended()).toBe(0);
    const calls = Number(/(\d+) calls/.exec(counting.stderr)?.[1]);
    expect(calls).toBeGreaterThan(50);
    const metrics = await metricsOf(undisturbed);

    const kills = 5;
    for (let kill = 0; kill < kills; kill++) {
      const cwd = await workplace();
      const at = 1 + Math.floor(((calls - 1) * kill) / (kills - 1));
      expect(await faulty(cwd, at).ended()).toBe('SIGKILL');
      await faulty(cwd, 1 + ((at * 7) % 40)).ended();
      expect({ at, ...(await finished(cwd, 'run', 'toy.yaml', '--quiet')) }).toMatchObject({ at, exit: 0, stderr: '' });
      expect(await metricsOf(cwd)).toBe(metrics);
      const there = await inspectRunDirectory(join(cwd, 'runs/toy'));
      expect(there).toMatchObject({ status: { state: 'done', step: 8 }, live: false, problem: null });
    }
  }, 180_000);
});

// Every process ends when it is told to, whatever its main thread is busy with.

import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ToySweep } from '../sweep/support/toy_sweeps.ts';
import { supportFile, TestProcess } from './support/processes.ts';

const SIGNALS = ['SIGTERM', 'SIGINT'] as const;
const BUSY = supportFile('busy_process.mjs');

async function temporaryDirectory(): Promise<string> {
  const directory = await realpath(await mkdtemp(join(tmpdir(), 'cookbook-signals-')));
  onTestFinished(() => rm(directory, { recursive: true, force: true, maxRetries: 5 }));
  return directory;
}

describe('a run whose main thread is held by endless work', () => {
  it.each(SIGNALS)('is killed a moment after %s', async (signal) => {
    const toy = await ToySweep.create('', 'fate: spin\nlog_path: run\n');
    const run = toy.start('run', 'base.yaml');
    await toy.until(async () => (await toy.diary()).some(({ event }) => event === 'spinning'));
    run.signal(signal);
    expect(await run.ended()).toBe('SIGKILL');
    expect(run.stderr).toContain(
      'killed: it was too busy to answer the signal; a run goes on from its last checkpoint',
    );
    const again = await toy.run('plan', 'base.yaml', '--json');
    expect(JSON.parse(again.stdout).counts).toMatchObject({ resume: 1 });
  });

  it('ends when the sweep that started it is gone', async () => {
    const toy = await ToySweep.create('grid: {fate: [spin]}\n');
    const sweep = toy.start('sweep', 'sweep.yaml');
    await toy.until(async () => (await toy.diary()).some(({ event }) => event === 'spinning'));
    await sweep.kill('SIGKILL');
    await toy.untilQuiet();
  });
});

describe('a process that listens to signals', () => {
  it('waits for native code, which ends by itself, and says so', async () => {
    const file = join(await temporaryDirectory(), 'go');
    const busy = new TestProcess([BUSY, 'native', file]);
    expect(await busy.line()).toBe('busy');
    busy.signal('SIGTERM');
    await busy.says('stopping as soon as the step that is under way lets it');
    await writeFile(file, '');
    expect(await busy.line()).toBe('stopped');
    expect(await busy.ended()).toBe(0);
  });

  it('is killed at once by a second signal while it has not answered the first', async () => {
    const busy = new TestProcess([BUSY, 'native', join(await temporaryDirectory(), 'go')]);
    expect(await busy.line()).toBe('busy');
    busy.signal('SIGTERM');
    await busy.says('stopping');
    busy.signal('SIGTERM');
    expect(await busy.ended()).toBe('SIGKILL');
  });
});

describe('a signal that comes twice in a moment, as to a process and to its group', () => {
  it.each(['run', 'sweep'])('is one request to cookbook %s', async (command) => {
    const toy = await ToySweep.create('grid: {fate: [wait]}\n', command === 'run' ? 'fate: wait\nlog_path: run\n' : '');
    const child = toy.start(command, command === 'run' ? 'base.yaml' : 'sweep.yaml');
    await toy.untilWaiting(1);
    child.signal('SIGINT');
    child.signal('SIGINT');
    expect(await child.ended()).toBe(3);
    expect((await toy.diary()).at(-1)).toMatchObject({ event: 'interrupted' });
  });
});

describe('a measurement that is stopped', () => {
  const MODEL = resolve('example_data/models/tiny');

  it.each([
    ['doctor', ['--depth', '512', '--num-samples', '400'], 'texts of', 'stopped before all was looked at'],
    [
      'thinking-score',
      ['--benchmark', 'step_sums'],
      'thought about by',
      'stopped before all problems were thought about',
    ],
  ])('cookbook %s says so, without a stack', async (command, flags, beginning, end) => {
    const directory = await temporaryDirectory();
    const busy = new TestProcess([resolve('bin/run.js'), command, MODEL, ...flags], { cwd: directory });
    await busy.says(beginning);
    busy.signal('SIGINT');
    expect(await busy.ended()).toBe(3);
    expect(busy.stderr).toContain(end);
    expect(busy.stderr).not.toMatch(/^\s+at /m);
  });
});

describe('what has nothing to save', () => {
  const ENDLESS = 'for (;;);\n';

  it.each(['run', 'plan', 'validate', 'sweep'])('cookbook %s ends while a plugin holds it', async (command) => {
    const directory = await temporaryDirectory();
    const file = join(directory, 'loading');
    await writeFile(
      join(directory, 'plugin.mjs'),
      `import { writeFileSync } from 'node:fs';\nwriteFileSync('${file}', '');\n${ENDLESS}`,
    );
    await writeFile(join(directory, 'run.yaml'), 'trainer: none\nlog_path: run\nplugins: [plugin.mjs]\n');
    await writeFile(join(directory, 'sweep.yaml'), 'base: run.yaml\nlog_path: runs\n');
    const spec = command === 'sweep' ? 'sweep.yaml' : 'run.yaml';
    const busy = new TestProcess([resolve('bin/run.js'), command, spec], { cwd: directory });
    while (!existsSync(file)) await sleep(10);
    busy.signal('SIGTERM');
    expect(await busy.ended()).toBe('SIGTERM');
  });

  it.runIf(existsSync('/proc/self/maps'))('cookbook report ends while it answers a long question', async () => {
    const toy = await ToySweep.create('', 'log_path: run\n');
    expect((await toy.run('run', 'base.yaml')).code).toBe(0);
    const sql = 'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n';
    const busy = toy.start('report', 'run', '--sql', sql);
    while (!readFileSync(`/proc/${busy.pid}/maps`, 'utf8').includes('duckdb.node')) await sleep(10);
    busy.signal('SIGTERM');
    expect(await busy.ended()).toBe('SIGTERM');
  });
});

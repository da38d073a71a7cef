// `cookbook board` as a process: it says where it is, makes the report on the side, and ends when it is told to.

import { join } from 'node:path';
import { execa } from 'execa';
import { expect, it, onTestFinished } from 'vitest';
import { writeRun } from '../report/run_directories.ts';
import { cookbook } from '../support/cli.ts';
import { temporaryDirectory } from '../support/temporary_directory.ts';
import { childrenOf } from './children.ts';

const PROGRAM = join(import.meta.dirname, '../../bin/run.js');

/** The process that makes the report gives way to all others. */
const MOST_MS = 300_000;

async function started(cwd: string, argv: readonly string[], env: Record<string, string> = {}) {
  const program = execa(process.execPath, [PROGRAM, 'board', '--port', '0', ...argv], {
    cwd,
    env,
    reject: false,
    buffer: { stdout: false },
  });
  onTestFinished(async () => {
    program.kill('SIGKILL');
    await program;
  });
  const first = String((await program.iterable().next()).value);
  const url = /http:\/\/[^/\s]+/.exec(first)?.[0];
  if (url === undefined) throw new Error(`it said ${first}: ${(await program).stderr}`);
  return { program, first, url };
}

it(
  'says where it is, shows the whole report apart from the board, and ends with the first signal',
  async () => {
    const cwd = await temporaryDirectory();
    const metrics = [0, 1].map((step) => ({ step, 'test/nll': 2 - step }));
    writeRun(join(cwd, 'runs', 'a'), { metrics });
    writeRun(join(cwd, 'runs', 'b'), { seed: 1, metrics });
    const { program, first, url } = await started(cwd, []);
    expect(first.replace(/:\d+$/, ':PORT')).toBe('Board of 2 runs in runs: http://127.0.0.1:PORT');
    const asking = fetch(`${url}/report`);
    // The database of the report leaves memory to the runs.
    const commands = () => childrenOf(program.pid).map(({ command }) => command);
    await expect
      .poll(commands, { interval: 20, timeout: 30_000 })
      .toEqual([expect.stringMatching(/ report .*--max-memory \d+MiB /)]);
    const report = await asking;
    expect([report.status, report.headers.get('content-security-policy')]).toEqual([
      200,
      "sandbox allow-scripts allow-downloads allow-popups; frame-ancestors 'none'",
    ]);
    expect(await report.text()).toContain('test/nll');
    // A page that is open does not hold it.
    const stream = await fetch(`${url}/api/events`);
    program.kill('SIGINT');
    const { exitCode, stderr } = await program;
    expect([exitCode, stderr]).toEqual([0, '']);
    await stream.text();
  },
  MOST_MS,
);

it('lets other machines in with a token alone, and finds no fault in a directory without runs', async () => {
  const cwd = await temporaryDirectory();
  const refused = await cookbook(['board', '.', '--host', '0.0.0.0', '--port', '0'], { cwd });
  expect([refused.code, refused.stderr]).toMatchInlineSnapshot(`
    [
      2,
      "--host 0.0.0.0 lets other machines in, and there is no token to keep strangers out
    Put a token into a variable of the environment, and name it with --token-env.",
    ]
  `);
  const { url } = await started(cwd, ['.', '--token-env', 'TOKEN'], { TOKEN: 'nobody guesses this' });
  expect((await fetch(`${url}/api/board`)).status).toBe(401);
});

it('waits for the place where runs land, and shows them as soon as they are there', async () => {
  const cwd = await temporaryDirectory();
  const { first, url } = await started(cwd, []);
  expect(first.replace(/:\d+$/, ':PORT')).toBe('Board of 0 runs in runs: http://127.0.0.1:PORT');
  const stream = await fetch(`${url}/api/events`);
  writeRun(join(cwd, 'runs', 'a'));
  const runs = async () => (await fetch(`${url}/api/board`)).text();
  await expect.poll(runs, { timeout: 30_000 }).toContain('"run":"runs/a"');
  await stream.body?.cancel();
});

it('is told of a directory that is none', async () => {
  const { code, stderr } = await cookbook(['board', 'nowhere'], { cwd: await temporaryDirectory() });
  expect([code, stderr]).toMatchInlineSnapshot(`
    [
      2,
      "nowhere: no such directory
    Name a directory that holds runs. Without one it is "runs".",
    ]
  `);
});

// JavaScript in QuickJS: what programs are given, how they end, and what becomes of the processes that run them.

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import { quickJsSandbox } from '../../src/sandbox/quickjs/sandbox.ts';
import type { SandboxResult } from '../../src/sandbox/types.ts';
import { LIMITS, type Program, runProgram } from './support.ts';

const sandbox = quickJsSandbox(2);
afterAll(() => sandbox.close());

const run = (code: string, rest: Partial<Program> = {}) =>
  runProgram(sandbox, { code, language: 'javascript', ...rest });

const told = ({ seconds, ...rest }: SandboxResult) => rest;

describe('a program', () => {
  it('reads what it is given, and prints', async () => {
    const code = `
      const fs = require('fs');
      const [a, b] = fs.readFileSync(0, 'utf8').split(' ').map(Number);
      console.log(a + b, [1, 2], { a }, 'x');
      console.error(fs.readFileSync('notes.txt', 'utf8'));
      process.stdout.write('end');
    `;
    expect(told(await run(code, { stdin: '19 23', files: { 'notes.txt': 'hello' } }))).toEqual({
      status: 'ok',
      exit_code: 0,
      stdout: '42 [1,2] {"a":19} x\nend',
      stderr: 'hello\n',
    });
  });

  it('fails with the error and its place', async () => {
    expect(told(await run('console.log(1)\nnull.x'))).toEqual({
      status: 'error',
      exit_code: 1,
      stdout: '1\n',
      stderr: "TypeError: cannot read property 'x' of null\n    at <eval> (main:2:1)\n",
    });
    expect((await run('x =>')).stderr).toContain('SyntaxError');
    expect((await run('throw 3')).stderr).toBe('Uncaught 3\n');
  });

  it('has its promises kept before it ends', async () => {
    expect((await run('(async () => { await null; console.log("later") })()')).stdout).toBe('later\n');
    expect((await run('Promise.reject(new Error("lost"))')).status).toBe('ok');
  });

  it('prints the same every time: it has no clock, and chance is seeded', async () => {
    const code = 'console.log(Math.random(), Math.random(), typeof Date, typeof performance)';
    expect(await run(code).then(told)).toEqual(await run(code).then(told));
    expect((await run(code)).stdout).toMatch(/^0\.\d+ 0\.\d+ undefined undefined\n$/);
  });

  it('takes as many steps as seconds are counted in, wherever it runs', async () => {
    const steps = (count: number) =>
      run(`let n = 0; while (n < ${count}) n++; console.log(n)`, { limits: { seconds: 0.1 } });
    expect((await steps(500_000)).stdout).toBe('500000\n');
    expect((await steps(5_000_000)).status).toBe('timeout');
  });
});

describe('the sandbox', () => {
  it('runs others after a program that it had to end', async () => {
    const endless = 'Array.prototype.indexOf.call({ length: 2 ** 53 - 1 }, 1)';
    const [held, other] = await Promise.all([run(endless, { limits: { seconds: 0.1 } }), run('console.log(1)')]);
    expect([held.status, other.stdout]).toEqual(['timeout', '1\n']);
    expect((await run('console.log(2)')).stdout).toBe('2\n');
  });

  it('ends a program that nobody waits for any more', async () => {
    const stop = new AbortController();
    const running = sandbox.run(
      { language: 'javascript', files: { main: 'for(;;);' }, entry: 'main', limits: { ...LIMITS, seconds: 500 } },
      { signal: stop.signal },
    );
    setTimeout(() => stop.abort(new Error('enough')), 200);
    await expect(running).rejects.toThrow('enough');
    expect((await run('console.log(3)')).stdout).toBe('3\n');
  });

  it('refuses what no program of a model is to blame for', async () => {
    await expect(runProgram(sandbox, { code: '', language: 'python' })).rejects.toThrow(
      'the sandbox quickjs runs javascript, not python',
    );
    await expect(run('', { files: { '../x': '' } })).rejects.toThrow('a program cannot have a file "../x"');
  });

  it('leaves no process behind, however its own ends', async () => {
    const code = `
      import { quickJsSandbox } from ${JSON.stringify(new URL('../../dist/sandbox/quickjs/sandbox.js', import.meta.url).href)};
      const sandbox = quickJsSandbox(1);
      const limits = { seconds: 500, memory_mb: 64, output_bytes: 100, processes: 1 };
      await sandbox.run({ language: 'javascript', files: { main: '1' }, entry: 'main', limits });
      void sandbox.run({ language: 'javascript', files: { main: 'for(;;);' }, entry: 'main', limits });
      setTimeout(() => process.kill(process.pid, 'SIGKILL'), 300);
    `;
    const ended = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', code]).catch(
      (error: { signal?: string }) => error.signal,
    );
    expect(ended).toBe('SIGKILL');
    await expect.poll(() => childrenOf('run_quickjs.mjs', 1), { timeout: 10_000 }).toBe(0);
  });
});

/** Processes of a script whose parent is gone. */
async function childrenOf(script: string, parent: number): Promise<number> {
  const { stdout } = await promisify(execFile)('ps', ['-eo', 'ppid,args']);
  return stdout.split('\n').filter((line) => line.trim().startsWith(`${parent} `) && line.includes(script)).length;
}

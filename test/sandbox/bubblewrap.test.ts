// Programs in bubblewrap: what they are given, how they end, and a shell whose files stay.

import { execFile } from 'node:child_process';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { WORK } from '../../src/sandbox/bubblewrap/arguments.ts';
import { runContained } from '../../src/sandbox/bubblewrap/contained.ts';
import { bubblewrapSandbox } from '../../src/sandbox/bubblewrap/sandbox.ts';
import type { SandboxResult } from '../../src/sandbox/types.ts';
import { temporaryDirectory } from '../support/temporary_directory.ts';
import { problem } from './bubblewrap_support.ts';
import { LIMITS, type Program, runProgram } from './support.ts';

const sandbox = bubblewrapSandbox({ concurrency: 2, python: null, read_only_paths: [] });
const run = (language: string, code: string, rest: Partial<Program> = {}) =>
  runProgram(sandbox, { code, language, ...rest });
const python = (code: string, rest: Partial<Program> = {}) => run('python', code, rest);
const told = ({ seconds, ...rest }: SandboxResult) => rest;

describe.skipIf(problem !== null)('a program', () => {
  it('reads what it is given, and prints, in each language', async () => {
    const rest = { stdin: '19 23', files: { 'data/notes.txt': 'hello' } };
    const printed = { status: 'ok', exit_code: 0, stdout: '42 hello\n', stderr: '' };
    const programs: [string, string][] = [
      ['python', "a, b = map(int, input().split())\nprint(a + b, open('data/notes.txt').read())"],
      ['bash', 'read a b; echo $((a + b)) $(cat data/notes.txt)'],
      [
        'javascript',
        "const fs = require('fs'); const [a, b] = fs.readFileSync(0, 'utf8').split(' ').map(Number); console.log(a + b, fs.readFileSync('data/notes.txt', 'utf8'))",
      ],
    ];
    for (const [language, code] of programs) {
      const result = await run(language, code, { ...rest, limits: { memory_mb: 256, seconds: 20 } });
      expect({ language, ...told(result) }).toEqual({ language, ...printed });
    }
  });

  it('fails with its exit code and its error', async () => {
    const { status, exit_code, stderr } = await python('import sys\nprint("x")\nsys.exit(3)');
    expect([status, exit_code, stderr]).toEqual(['error', 3, '']);
    expect((await python('1 / 0')).stderr).toContain('ZeroDivisionError');
  });

  it('may write beside its files, and leaves nothing', async () => {
    const code = "open('out.txt', 'w').write('x'); import os; print(sorted(os.listdir('.')))";
    expect((await python(code)).stdout).toBe("['main', 'out.txt']\n");
    expect((await python("import os; print(os.listdir('.'), os.listdir('/tmp'))")).stdout).toBe("['main'] ['work']\n");
  });

  it('ends with its processes when nobody waits any more', async () => {
    const stop = new AbortController();
    const run = {
      language: 'bash',
      files: { main: 'sleep 71 & sleep 71' },
      entry: 'main',
      limits: { ...LIMITS, seconds: 90 },
    };
    const running = sandbox.run(run, { signal: stop.signal });
    setTimeout(() => stop.abort(new Error('enough')), 300);
    await expect(running).rejects.toThrow('enough');
    await expect.poll(() => processes('sleep 71')).toBe(0);
  });

  it('ends with its processes when this one is killed', async () => {
    const module = new URL('../../dist/sandbox/bubblewrap/sandbox.js', import.meta.url).href;
    const code = `
      import { bubblewrapSandbox } from ${JSON.stringify(module)};
      const sandbox = bubblewrapSandbox({ concurrency: 1, python: null, read_only_paths: [] });
      const limits = { seconds: 90, memory_mb: 64, output_bytes: 100, processes: 8 };
      void sandbox.run({ language: 'bash', files: { main: 'sleep 72 & sleep 72' }, entry: 'main', limits });
      setTimeout(() => process.kill(process.pid, 'SIGKILL'), 1500);
    `;
    await promisify(execFile)(process.execPath, ['--input-type=module', '-e', code]).catch(() => undefined);
    await expect.poll(() => processes('sleep 72'), { timeout: 10_000 }).toBe(0);
  });

  it('is looked at one look after the other, however long a look takes', async () => {
    let looking = 0;
    const atOnce: number[] = [];
    const overuse = async () => {
      looking += 1;
      atOnce.push(looking);
      await sleep(200);
      looking -= 1;
      return null;
    };
    const contained = { command: ['/usr/bin/sleep', '1.6'], directory: WORK, mounts: [], limits: LIMITS };
    expect(await runContained(contained, { overuse })).toMatchObject({ status: 'ok' });
    expect(Math.max(...atOnce)).toBe(1);
  });

  it('leaves no directory on this machine', async () => {
    const directory = await temporaryDirectory();
    vi.stubEnv('TMPDIR', directory);
    expect((await python('print(1)')).stdout).toBe('1\n');
    expect(await readdir(directory)).toEqual([]);
    vi.unstubAllEnvs();
  });

  it('may read the directories that it is shown', async () => {
    const directory = await temporaryDirectory();
    await writeFile(join(directory, 'shown.txt'), 'shown');
    const shown = bubblewrapSandbox({ concurrency: 1, python: null, read_only_paths: [directory] });
    const file = JSON.stringify(join(directory, 'shown.txt'));
    const { stdout } = await runProgram(shown, { language: 'python', code: `print(open(${file}).read())` });
    expect(stdout).toBe('shown\n');
    expect((await python(`open(${file})`)).stderr).toContain('FileNotFoundError');
  });
});

describe.skipIf(problem !== null)('a shell', () => {
  async function shell() {
    const session = await sandbox.openSession?.();
    if (session === undefined) throw new Error('bubblewrap has a shell');
    onTestFinished(async () => session.close());
    return { session, exec: async (command: string) => await session.exec(command, LIMITS) };
  }

  it('keeps files from command to command, and no process', async () => {
    const { exec } = await shell();
    expect((await exec('pwd; echo one > a.txt; sleep 73 &')).stdout).toBe('/app\n');
    expect((await exec('cat a.txt; ls')).stdout).toBe('one\na.txt\n');
    expect(await processes('sleep 73')).toBe(0);
  });

  it('reads and writes files for its host, and follows no link of a program', async () => {
    const { session, exec } = await shell();
    await session.write('/tests/data/in.txt', 'in');
    expect((await exec('cat /tests/data/in.txt; echo out > /logs/out.txt')).stdout).toBe('in');
    expect(await session.read('/logs/out.txt', 100)).toBe('out\n');
    expect(await session.read('/logs/out.txt', 2)).toBe('ou');
    expect(await session.read('/logs/none.txt', 100)).toBeNull();

    const outside = await temporaryDirectory();
    await writeFile(join(outside, 'secret'), 'secret');
    await exec(
      `ln -s ${outside}/secret /logs/link; ln -s ${outside} /logs/directory; mkfifo /logs/pipe; rm -r /tests/data; ln -s ${outside} /tests/data`,
    );
    expect(await session.read('/logs/link', 100)).toBeNull();
    expect(await session.read('/logs/directory/secret', 100)).toBeNull();
    expect(await session.read('/logs/pipe', 100)).toBeNull();
    await expect(session.write('/tests/data/in.txt', 'in')).rejects.toThrow('a program has put something else there');
    await session.write('/logs/link', 'own');
    await session.clear('/logs');
    await session.clear('/tests');
    expect((await exec('ls /logs /tests')).stdout).toBe('/logs:\n\n/tests:\n');
    expect(await readdir(outside)).toEqual(['secret']);
    expect(await readFile(join(outside, 'secret'), 'utf8')).toBe('secret');
    await expect(session.write('/app/../../x', '')).rejects.toThrow('a session has no place');
  });

  it('is cleared and ends whatever modes and names a program has left', async () => {
    const { session, exec } = await shell();
    await exec("mkdir -p /tests/a/b $'/tests/\\xff/c'; chmod 000 /tests/a/b /tests/a");
    await session.clear('/tests');
    const { stdout } = await exec('ls /tests | wc -l');
    expect(stdout.trim()).toBe('0');
  });

  it('counts what cannot be looked at as too much', async () => {
    const { exec } = await shell();
    const { status, stderr } = await exec("mkdir $'/app/\\xff'; head -c 1M /dev/zero > $'/app/\\xff/x'");
    expect([status, stderr]).toEqual(['error', 'files of more than 64 MiB\n']);
  });

  it('ends a command whose files are more than it may have', async () => {
    const { exec } = await shell();
    const { status, stderr } = await exec('for i in 1 2 3 4 5; do head -c 30M /dev/zero > $i; done');
    expect([status, stderr]).toEqual(['error', 'files of more than 64 MiB\n']);
  });
});

async function processes(command: string): Promise<number> {
  const { stdout } = await promisify(execFile)('ps', ['-eo', 'args']);
  return stdout.split('\n').filter((line) => line === command).length;
}

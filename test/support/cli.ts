// The built command line as a process of its own.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const RUN_JS = join(import.meta.dirname, '../../bin/run.js');

export interface CliResult {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

export interface CliOptions {
  cwd: string;
  env?: Record<string, string>;
  /** Called with every line of stderr and its number, from 1; may kill the process. */
  onLine?(number: number, child: ChildProcess, line: string): void;
}

/** Runs `cookbook ARGS` to its end. */
export async function cookbook(
  args: string[],
  { cwd, env = {}, onLine = () => undefined }: CliOptions,
): Promise<CliResult> {
  const child = spawn(process.execPath, [RUN_JS, ...args], {
    cwd,
    env: { ...process.env, NO_COLOR: '1', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const out: Buffer[] = [];
  const err: string[] = [];
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
  const lines = createInterface({ input: child.stderr });
  lines.on('line', (line) => {
    err.push(line);
    onLine(err.length, child, line);
  });
  const ended = once(lines, 'close');
  const [code, signal] = await once(child, 'close');
  await ended;
  return { code, signal, stdout: Buffer.concat(out).toString(), stderr: err.join('\n') };
}

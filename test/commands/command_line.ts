// The built command line as a process of its own.

import { execFile } from 'node:child_process';
import { join } from 'node:path';

export const REPOSITORY = join(import.meta.dirname, '../..');

export interface Ended {
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs `cookbook` with these arguments in a directory. */
export async function cookbook(directory: string, ...argv: string[]): Promise<Ended> {
  return await node(directory, join(REPOSITORY, 'bin/run.js'), ...argv);
}

/** The same, as npx runs it. */
export async function npxCookbook(directory: string, ...argv: string[]): Promise<Ended> {
  return await execute(directory, [join(REPOSITORY, 'bin/run.js'), ...argv], { npm_command: 'exec' });
}

/** The same, as a terminal with colors runs it. */
export async function coloredCookbook(directory: string, ...argv: string[]): Promise<Ended> {
  return await execute(directory, [join(REPOSITORY, 'bin/run.js'), ...argv], { NO_COLOR: undefined, FORCE_COLOR: '1' });
}

export async function node(directory: string, ...argv: string[]): Promise<Ended> {
  return await execute(directory, argv, {});
}

async function execute(directory: string, argv: string[], more: NodeJS.ProcessEnv): Promise<Ended> {
  const env = { ...process.env, NO_COLOR: '1', NODE_ENV: '', ...more };
  return await new Promise((resolve, reject) => {
    execFile(process.execPath, argv, { cwd: directory, env }, (error, stdout, stderr) => {
      const code = error === null ? 0 : error.code;
      if (typeof code === 'number') resolve({ code, stdout, stderr });
      else reject(error);
    });
  });
}

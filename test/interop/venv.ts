// The Python environment of the reference: made once, outside the repository, and found again by what it must contain.

import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { ExecaError, execa } from 'execa';

const REQUIREMENTS = join(import.meta.dirname, 'requirements.txt');

/** The interpreter, or why there is none. */
export type ReferencePython = { path: string } | { missing: string };

export async function referencePython(env: NodeJS.ProcessEnv = process.env): Promise<ReferencePython> {
  const hash = createHash('sha256')
    .update(await readFile(REQUIREMENTS))
    .digest('hex');
  const cache = env.XDG_CACHE_HOME || join(homedir(), '.cache');
  const directory = join(cache, 'tinker-cookbook', `interop-${hash.slice(0, 12)}`);
  const path = join(directory, 'bin', 'python');
  if (existsSync(path)) return { path };
  process.stderr.write(`interop: installing PyTorch, transformers and peft in ${directory} (once; about 1 GB)\n`);
  return (await install(directory)) ?? { path };
}

/** An environment works under another name too, so it gets its own only when it is whole. */
async function install(directory: string): Promise<{ missing: string } | null> {
  const temporary = `${directory}.${process.pid}.tmp`;
  const python = join(temporary, 'bin', 'python');
  await mkdir(dirname(directory), { recursive: true });
  try {
    await execa('python3', ['-m', 'venv', temporary]);
    await execa(python, ['-m', 'pip', 'install', '--quiet', '--requirement', REQUIREMENTS]);
    // Another run may have been faster.
    if (!existsSync(directory)) await rename(temporary, directory);
    return null;
  } catch (error) {
    if (!(error instanceof ExecaError)) throw error;
    const [what, ...output] = error.message.trimEnd().split('\n');
    return { missing: [what, ...output.slice(-1)].join(': ') };
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

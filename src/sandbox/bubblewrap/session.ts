// A shell that is used command by command: files stay from one to the next, processes do not. `/app` is where it works, `/logs` and
// `/tests` lie beside it.

import { constants } from 'node:fs';
import { lstat, mkdir, mkdtemp, open, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { ConfigurationError } from '../../util/errors.ts';
import { errorCode } from '../../util/files.ts';
import { safeParts } from '../../util/safe_path.ts';
import type { SandboxSession } from '../types.ts';
import type { Mount } from './arguments.ts';
import { runContained } from './contained.ts';

export interface SessionOptions {
  limit<T>(work: () => Promise<T>): Promise<T>;
  readable: readonly Mount[];
}

const DIRECTORIES = ['app', 'logs', 'tests'];
const APP = '/app';
/** Files and directories of a session. */
const MOST_ENTRIES = 20_000;

export async function openSession({ limit, readable }: SessionOptions): Promise<SandboxSession> {
  const root = await mkdtemp(join(tmpdir(), 'cookbook-session-'));
  await Promise.all(DIRECTORIES.map((name) => mkdir(join(root, name))));
  const mounts = DIRECTORIES.map((name) => ({ from: join(root, name), to: `/${name}`, writable: true }));
  return {
    exec: async (command, limits, { signal } = {}) =>
      await limit(async () => {
        const contained = { command: ['/usr/bin/bash', '-c', command], directory: APP, limits };
        const most = limits.memory_mb * 2 ** 20;
        // The files of a session lie on the disk of this machine.
        const overuse = async () =>
          (await isLarger(root, most)) ? `files of more than ${limits.memory_mb} MiB` : null;
        const result = await runContained({ ...contained, mounts: [...readable, ...mounts] }, { signal, overuse });
        const why = result.status === 'ok' ? await overuse() : null;
        return why === null ? result : { ...result, status: 'error', exit_code: null, stderr: `${why}\n` };
      }),
    write: async (path, contents, { isExecutable = false } = {}) => {
      const file = await placeBelow(root, requireParts(path));
      await writeFile(file, contents, { flag: 'wx', mode: isExecutable ? 0o755 : 0o644 });
    },
    clear: async (directory) => {
      await removeWhole(join(root, directory));
      await mkdir(join(root, directory));
    },
    read: async (path, most) => await readBelow(root, requireParts(path), most),
    close: async () => await removeWhole(root),
  };
}

function requireParts(path: string): string[] {
  const parts = safeParts(path.replace(/^\//, ''));
  if (parts !== null && parts.length > 1 && DIRECTORIES.includes(parts[0] ?? '')) return parts;
  throw new ConfigurationError(`a session has no place ${path}, only what is below /${DIRECTORIES.join(', /')}`);
}

/** Whether what leads to a place are directories: a program may have put links there, and none of them is followed. */
async function hasDirectories(root: string, parts: readonly string[]): Promise<boolean> {
  for (let depth = 1; depth < parts.length; depth++) {
    const stats = await lstat(join(root, ...parts.slice(0, depth))).catch(() => null);
    if (stats === null || !stats.isDirectory()) return false;
  }
  return true;
}

/** Where a file is to be written, with nothing there. */
async function placeBelow(root: string, parts: readonly string[]): Promise<string> {
  for (let depth = 1; depth < parts.length; depth++) {
    // What is there already is looked at below.
    await mkdir(join(root, ...parts.slice(0, depth))).catch(() => undefined);
  }
  const file = join(root, ...parts);
  if (!(await hasDirectories(root, parts)))
    throw new Error(`/${parts.join('/')}: a program has put something else there`);
  await rm(file, { recursive: true, force: true });
  return file;
}

async function readBelow(root: string, parts: readonly string[], most: number): Promise<string | null> {
  if (!(await hasDirectories(root, parts))) return null;
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const file = await open(join(root, ...parts), flags).catch(() => null);
  if (file === null) return null;
  try {
    const stats = await file.stat();
    if (!stats.isFile()) return null;
    const { buffer, bytesRead } = await file.read(Buffer.alloc(Math.min(stats.size, most)), 0, null, 0);
    return buffer.toString('utf8', 0, bytesRead);
  } finally {
    await file.close();
  }
}

/** Whether what lies below a directory is more than it may be: by its bytes, or by its names. */
async function isLarger(directory: string, mostBytes: number): Promise<boolean> {
  let bytes = 0;
  let entries = 0;
  const left = [directory];
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    const names = await readdir(next, { withFileTypes: true }).catch(namesUnlessGone);
    // What cannot be looked at cannot be counted.
    if (names === null || names.some(({ name }) => name.includes('\uFFFD'))) return true;
    for (const entry of names) {
      entries += 1;
      const path = join(next, entry.name);
      if (entry.isDirectory()) left.push(path);
      else bytes += (await lstat(path).catch(() => null))?.size ?? 0;
      if (bytes > mostBytes || entries > MOST_ENTRIES) return true;
    }
  }
  return false;
}

function namesUnlessGone(error: unknown): [] | null {
  return errorCode(error) === 'ENOENT' ? [] : null;
}

/** Whatever modes a program has given to its directories, and whatever bytes their names are of. */
async function removeWhole(path: string): Promise<void> {
  await execa('chmod', ['-R', 'u+rwX', '--', path], { reject: false });
  await execa('rm', ['-rf', '--', path]);
}

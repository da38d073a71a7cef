// Where a report is written to: a regular file is replaced in one step, a pipe, a device or an open descriptor is written through.

import { randomBytes } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdtemp, open, readlink, realpath, rename, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { Readable, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { ConfigurationError, CookbookError, messageOf } from '../util/errors.ts';
import { errorCode } from '../util/files.ts';

export interface Place {
  write(text: string): Promise<void>;
  /** @param fill writes the contents to the file that it is given */
  writeFrom(fill: (temporary: string) => Promise<void>): Promise<void>;
}

export async function placeOf(file: string): Promise<Place> {
  const path = await followed(file);
  const descriptor = /^(?:\/proc\/[^/]+|\/dev)\/fd\/(\d+)$/.exec(path)?.[1];
  // What is open already is not opened again, which would lose its position, and a socket cannot be.
  if (descriptor === '1') return through(() => process.stdout);
  if (descriptor === '2') return through(() => process.stderr);
  const stats = await stat(path).catch(() => null);
  if (descriptor === undefined && (stats === null || stats.isFile() || stats.isDirectory())) return replacing(path);
  return through(() => createWriteStream(path, { flags: 'a' }));
}

/** The end of a chain of links. A descriptor looks like a link, but to something that may have no name. */
async function followed(file: string): Promise<string> {
  let path = resolve(file);
  for (let links = 0; links < MOST_LINKS; links++) {
    const directory = await realpath(dirname(path)).catch(() => dirname(path));
    path = join(directory, basename(path));
    if (/^(?:\/proc\/|\/dev\/fd$)/.test(directory)) return path;
    const target = await readlink(path).catch(() => null);
    if (target === null) return path;
    path = resolve(directory, target);
  }
  return path;
}

/** As many as the system follows. */
const MOST_LINKS = 40;

function replacing(path: string): Place {
  const writeFrom = async (fill: (temporary: string) => Promise<void>) => {
    const temporary = join(dirname(path), `${basename(path)}.tmp-${randomBytes(6).toString('hex')}`);
    try {
      const mode = (await stat(path).catch(() => null))?.mode;
      await fill(temporary);
      const file = await open(temporary, 'r+');
      try {
        if (mode !== undefined) await file.chmod(mode & 0o7777);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(temporary, path);
    } finally {
      await rm(temporary, { force: true });
    }
  };
  return {
    writeFrom,
    write: (text) =>
      writeFrom(async (temporary) => {
        await pipeline(Readable.from([text]), createWriteStream(temporary, { flags: 'wx' }));
      }),
  };
}

function through(target: () => Writable): Place {
  const end = (stream: Writable) => ({ end: stream !== process.stdout && stream !== process.stderr });
  return {
    async write(text) {
      const stream = target();
      await pipeline(Readable.from([text]), stream, end(stream));
    },
    async writeFrom(fill) {
      // Whole before its first byte is handed on: it is not written from its beginning to its end.
      const directory = await mkdtemp(join(tmpdir(), 'cookbook-report-'));
      try {
        const temporary = join(directory, 'report');
        await fill(temporary);
        const stream = target();
        await pipeline(createReadStream(temporary), stream, end(stream));
      } finally {
        await rm(directory, { recursive: true, force: true });
      }
    },
  };
}

/** One line that says why something could not be written. */
export function writeError(what: string, error: unknown): CookbookError {
  const code = errorCode(error) ?? '';
  const failure = FAILURES.get(code);
  if (failure !== undefined) return new CookbookError(`cannot write ${what}: ${failure}`, { cause: error });
  const reason = REFUSALS.get(code) ?? messageOf(error).split('\n')[0];
  return new ConfigurationError(`cannot write ${what}: ${reason}`, { cause: error });
}

/** What is no fault of the command. */
const FAILURES = new Map([
  ['ENOSPC', 'no space left on the device'],
  ['EDQUOT', 'the disk quota is used up'],
  ['EFBIG', 'the file would be larger than the system allows'],
  ['EPIPE', 'nobody reads it any more'],
  ['EIO', 'the device failed'],
]);

const REFUSALS = new Map([
  ['ENOENT', 'there is no such directory'],
  ['ENOTDIR', 'a part of the path is a file, not a directory'],
  ['EISDIR', 'it is a directory'],
  ['EACCES', 'permission denied'],
  ['EROFS', 'the file system is read-only'],
]);

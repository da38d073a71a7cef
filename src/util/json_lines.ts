// JSON Lines files that are appended to by one process and may be cut short by a kill: reading, appending, repairing.

import { closeSync, constants, fstatSync, fsyncSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { DataFormatError } from './errors.ts';
import {
  errorCode,
  explainingFailure,
  fileError,
  flushDirectory,
  replaceFile,
  shortPath,
  writeFileAtomic,
} from './files.ts';
import type { Shape } from './json_shape.ts';
import { APPEND_FLAGS, LOG_LIMIT_BYTES, readRegularFile, refuseIrregular } from './regular_file.ts';

const NEWLINE = 0x0a;

/** The complete lines of a file, none if there is no file. A last line without its newline was cut short by a kill and is left out. */
export async function readLines(path: string): Promise<string[]> {
  return await explainingFailure('read', path, async () => {
    try {
      return (await readRegularFile(path, LOG_LIMIT_BYTES)).split('\n').slice(0, -1);
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return [];
      throw error;
    }
  });
}

/** What each line of a file holds. A line that is no JSON, or has another shape, is named by its number. */
export async function parseLines<T>(path: string, shape: Shape<T>): Promise<T[]> {
  return (await readLines(path)).map((line, index) => {
    const value = parsedJson(line);
    if (shape.is(value)) return value;
    throw new DataFormatError(`${shortPath(path)}:${index + 1}: ${shape.problem(value) ?? 'damaged'}`, {
      hint: 'Something else than cookbook has changed the file: mend the line or delete it.',
    });
  });
}

/** Keeps the lines for which `keep` holds, byte by byte. Touches nothing if that is all of them. */
export async function filterLines(path: string, keep: (index: number) => boolean): Promise<void> {
  const lines = await readLines(path);
  const kept = lines.filter((_, index) => keep(index));
  if (kept.length < lines.length) await writeFileAtomic(path, kept.map((line) => `${line}\n`).join(''));
}

/** Replaces a file by lines that may together be longer than a text can be: each is asked for when those before it are written. */
export async function writeLinesAtomic(path: string, lines: Iterable<string>): Promise<void> {
  const write = async (file: FileHandle) => {
    for (const line of lines) await file.writeFile(`${line}\n`);
  };
  await explainingFailure('write', path, () => replaceFile(path, write));
}

/** Cuts off what a kill left behind the last complete line. Only the end of the file is read, however long it is. */
export async function repairTail(path: string): Promise<void> {
  await explainingFailure('repair', path, async () => {
    const file = await open(path, constants.O_RDWR | constants.O_NONBLOCK).catch((error) => {
      if (errorCode(error) === 'ENOENT') return null;
      throw error;
    });
    if (file === null) return;
    try {
      const stats = await file.stat();
      refuseIrregular(stats, Number.POSITIVE_INFINITY);
      const end = await endOfLines(file, stats.size);
      if (end < stats.size) await file.truncate(end);
    } finally {
      await file.close();
    }
  });
}

const TAIL_BYTES = 1 << 16;

/** Bytes up to the last newline. */
async function endOfLines(file: FileHandle, size: number): Promise<number> {
  for (let end = size; end > 0; ) {
    const start = Math.max(0, end - TAIL_BYTES);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(end - start), 0, end - start, start);
    const newline = buffer.subarray(0, bytesRead).lastIndexOf(NEWLINE);
    if (newline !== -1) return start + newline + 1;
    end = start;
  }
  return 0;
}

/** Appends whole lines, each in one call of the system, and leaves no half line behind when one cannot be written. */
export class LineAppender {
  readonly #path: string;
  readonly #lost: AbortSignal;
  #file: number | null = null;

  /** `lost`: aborted when the directory has become another process's. */
  constructor(path: string, lost: AbortSignal) {
    this.#path = path;
    this.#lost = lost;
  }

  /** Synchronous, so that lines stand in the order of the calls. */
  append(line: string): void {
    this.#lost.throwIfAborted();
    try {
      this.#file ??= openSync(this.#path, APPEND_FLAGS);
      writeWhole(this.#file, Buffer.from(`${line}\n`));
    } catch (error) {
      throw fileError('append to', this.#path, error);
    }
  }

  /** Makes everything appended survive a power cut. */
  async flush(): Promise<void> {
    await explainingFailure('flush', this.#path, async () => {
      if (this.#file === null) return;
      fsyncSync(this.#file);
      await flushDirectory(dirname(this.#path));
    });
  }

  /** The next append opens the file anew: needed once it was replaced. */
  close(): void {
    if (this.#file !== null) closeSync(this.#file);
    this.#file = null;
  }
}

/** One call unless the device runs full in the midst of the line; then what was written of it is taken back. */
function writeWhole(file: number, bytes: Buffer): void {
  let written = 0;
  try {
    while (written < bytes.length) written += writeSync(file, bytes, written);
  } catch (error) {
    if (written > 0) ftruncateSync(file, fstatSync(file).size - written);
    throw error;
  }
}

/** The value of a line; undefined, which fits no shape, when it is no JSON. */
export function parsedJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

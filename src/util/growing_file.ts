// How far a file has been read that somebody else appends to, cuts back, or replaces.

import type { Stats } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';

/** Bytes before the place that was read up to, by which a file that was cut back and has grown again is known. */
const MARK_BYTES = 64;

export class ReadPlace {
  #inode = 0;
  #offset = 0;
  #mark: Buffer = Buffer.alloc(0);

  /** Where the next bytes begin that were not read. */
  get offset(): number {
    return this.#offset;
  }

  /** Whether the file is the one that was read, with all that was read of it. */
  async isIn(file: FileHandle, { ino, size }: Pick<Stats, 'ino' | 'size'>): Promise<boolean> {
    if (ino !== this.#inode || size < this.#offset) return false;
    const { length } = this.#mark;
    return length === 0 || this.#mark.equals(await bytesAt(file, this.#offset - length, length));
  }

  /** These bytes were read of the file with this number. @param at where they begin: where the place is, unless some were passed over */
  advance(bytes: Buffer, ino: number, at = this.#offset): void {
    this.#inode = ino;
    this.#offset = at + bytes.length;
    if (bytes.length > 0) this.#mark = Buffer.from(bytes.subarray(Math.max(0, bytes.length - MARK_BYTES)));
  }

  /** @returns whether there was anything to forget */
  forget(): boolean {
    const had = this.#offset > 0;
    this.#inode = 0;
    this.#offset = 0;
    this.#mark = Buffer.alloc(0);
    return had;
  }
}

/** Fewer where the file ends before. */
export async function bytesAt(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, position);
  return buffer.subarray(0, bytesRead);
}

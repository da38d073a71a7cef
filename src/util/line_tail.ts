// The lines of a file that somebody else writes, as they come.

import { open } from 'node:fs/promises';
import { errorCode } from './files.ts';
import { bytesAt, ReadPlace } from './growing_file.ts';
import { READ_FLAGS } from './regular_file.ts';

/** Of a log that may be of any size, in memory at a time. A line that is longer is passed over. */
const MOST_BYTES = 8 * 2 ** 20;

/** The complete lines of a file that others append to, cut back, or replace. */
export class LineTail {
  readonly #path: string;
  readonly #place = new ReadPlace();
  readonly #newestBytes: number;
  /** The place is in the midst of a line that is passed over. */
  #isCut = false;

  /** @param newestBytes of what is there before it is read, only the lines in so many bytes at its end */
  constructor(path: string, newestBytes: number) {
    this.#path = path;
    this.#newestBytes = newestBytes;
  }

  /** The lines since the last call; with `anew`, all lines of a file that is no longer the one that was read. */
  async read(): Promise<{ lines: string[]; anew: boolean; isMore: boolean }> {
    const file = await open(this.#path, READ_FLAGS).catch((error) => {
      if (errorCode(error) === 'ENOENT') return null;
      throw error;
    });
    if (file === null) return { lines: [], anew: this.#place.forget(), isMore: false };
    try {
      const stats = await file.stat();
      // Whoever reads it in earnest says what is wrong with it.
      if (!stats.isFile()) return { lines: [], anew: this.#place.forget(), isMore: false };
      const { ino, size } = stats;
      const isSame = await this.#place.isIn(file, stats);
      const anew = isSame ? false : this.#place.forget();
      const begin = isSame ? this.#place.offset : Math.max(0, size - this.#newestBytes);
      this.#isCut = isSame ? this.#isCut : begin > 0;
      const bytes = await bytesAt(file, begin, Math.min(size - begin, MOST_BYTES));
      const isMore = bytes.length === MOST_BYTES;
      const end = bytes.lastIndexOf(NEWLINE) + 1 || (isMore ? bytes.length : 0);
      const start = this.#isCut ? bytes.indexOf(NEWLINE) + 1 : 0;
      this.#isCut &&= start === 0;
      this.#place.advance(bytes.subarray(0, end), ino, begin);
      return { lines: bytes.toString('utf8', start, end).split('\n').slice(0, -1), anew, isMore };
    } finally {
      await file.close();
    }
  }
}

const NEWLINE = 0x0a;

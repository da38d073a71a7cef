// Messages on a stream of bytes: each is a frame of its length and its value as V8 writes it, typed arrays as their bytes.

import { deserialize, serialize } from 'node:v8';

/** A batch of a million tokens takes some ten megabytes. */
const MOST_BYTES = 2 ** 30;
const HEADER_BYTES = 4;

/** Bytes that are no frames: whoever sent them does not speak this language. */
export class FrameError extends Error {}

/** The frame of a value. Throws for what cannot be copied (a function) or is too large. */
export function frameOf(value: unknown, most = MOST_BYTES): [header: Buffer, body: Buffer] {
  const body = serialize(value);
  if (body.length > most)
    throw new FrameError(`a message of ${body.length} bytes is more than the ${most} that can be sent`);
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt32LE(body.length);
  return [header, body];
}

/** Puts frames together again, however their bytes arrive. */
export class FrameReader {
  readonly #most: number;
  #chunks: Buffer[] = [];
  #size = 0;
  /** Bytes that have to be there before there is something to do. */
  #wanted = HEADER_BYTES;

  constructor(most = MOST_BYTES) {
    this.#most = most;
  }

  /** The values that are complete with these bytes. Throws FrameError for a length or a body that cannot be. */
  push(chunk: Buffer): unknown[] {
    this.#chunks.push(chunk);
    this.#size += chunk.length;
    const values: unknown[] = [];
    while (this.#size >= this.#wanted) {
      const bytes = this.#chunks.length === 1 ? this.#chunks[0] : Buffer.concat(this.#chunks);
      const length = bytes.readUInt32LE();
      if (length > this.#most) throw new FrameError(`a message of ${length} bytes is announced`);
      const end = HEADER_BYTES + length;
      if (bytes.length >= end) values.push(read(bytes.subarray(HEADER_BYTES, end)));
      const rest = bytes.length >= end ? bytes.subarray(end) : bytes;
      this.#chunks = [rest];
      this.#size = rest.length;
      this.#wanted = bytes.length >= end ? HEADER_BYTES : end;
    }
    return values;
  }
}

function read(body: Buffer): unknown {
  try {
    return deserialize(body);
  } catch (error) {
    throw new FrameError('a message cannot be read', { cause: error });
  }
}

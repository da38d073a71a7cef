// Bodies that travel compressed (Content-Encoding), with a bound on what they unfold to.

import zlib from 'node:zlib';
import { messageOf } from '../../util/errors.ts';
import { WireError } from './error.ts';

/** A body that is, or unfolds to, more than is taken. A server answers 413. */
export class BodyTooLargeError extends WireError {}

/** A Content-Encoding that is not known here. A server answers 415. */
export class UnknownEncodingError extends WireError {}

type Finish = (error: Error | null, result: Uint8Array) => void;
interface Bounds {
  maxOutputLength?: number;
  params?: Record<number, number>;
}
type Transform = (body: Uint8Array, options: Bounds, finish: Finish) => void;

/** Node has zstd from 22.15 on; the types of the Node that is built for do not tell of it. */
function zstdOf(name: 'zstdCompress' | 'zstdDecompress'): Transform | null {
  const found: unknown = Reflect.get(zlib, name);
  if (typeof found !== 'function') return null;
  return (body, options, finish) => void Reflect.apply(found, zlib, [body, options, finish]);
}

const zstdCompress = zstdOf('zstdCompress');
const zstdDecompress = zstdOf('zstdDecompress');

/** Whether bodies in zstd can be read and written, by the Node that this runs on. */
export const HAS_ZSTD = zstdCompress !== null && zstdDecompress !== null;

/** Of Node's constants (22.15 and later): how far back a frame in zstd may refer, as a power of two, which is memory that it takes. */
const ZSTD_WINDOW_LOG_MAX = 100;

/** Decompresses what the header `Content-Encoding` names. Memory is taken for at most `maxBytes`, what was sent, and zstd's window (8 MiB, or `maxBytes`). */
export async function decompressBody(
  body: Uint8Array,
  encoding: string | undefined,
  maxBytes: number,
): Promise<Uint8Array> {
  if (!(Number.isSafeInteger(maxBytes) && maxBytes > 0)) throw new RangeError(`maxBytes is ${maxBytes}`);
  const name = (encoding ?? 'identity').trim().toLowerCase();
  if (name === '' || name === 'identity') {
    if (body.length > maxBytes) throw bodyTooLarge(maxBytes);
    return body;
  }
  if (name === 'gzip' || name === 'x-gzip') return unfold(zlib.gunzip, 'gzip', body, { maxOutputLength: maxBytes });
  if (name === 'zstd' && zstdDecompress !== null) {
    // Encoders use windows of up to 8 MiB for small bodies too.
    const windowLog = Math.min(27, Math.max(23, Math.ceil(Math.log2(maxBytes))));
    const bounds = { maxOutputLength: maxBytes, params: { [ZSTD_WINDOW_LOG_MAX]: windowLog } };
    return unfold(zstdDecompress, 'zstd', body, bounds);
  }
  throw new UnknownEncodingError('Content-Encoding', `${JSON.stringify(encoding)} is not known here`, {
    hint:
      name === 'zstd'
        ? 'Send it as gzip or as it is, or run the service on Node 22.15 or later.'
        : 'Send it as gzip or as it is.',
  });
}

/** The body in zstd; null where Node has none, and the body is sent as it is. */
export async function compressBody(body: Uint8Array): Promise<{ encoding: 'zstd'; body: Uint8Array } | null> {
  return zstdCompress === null ? null : { encoding: 'zstd', body: await result(zstdCompress, body, {}) };
}

async function unfold(
  transform: Transform,
  name: string,
  body: Uint8Array,
  bounds: Bounds & { maxOutputLength: number },
): Promise<Uint8Array> {
  try {
    return await result(transform, body, bounds);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE') {
      throw bodyTooLarge(bounds.maxOutputLength);
    }
    throw new WireError('', `the body is not ${name}: ${messageOf(error)}`, { cause: error });
  }
}

function result(transform: Transform, body: Uint8Array, options: Bounds): Promise<Uint8Array> {
  return new Promise((resolve, reject) =>
    transform(body, options, (error, bytes) => (error === null ? resolve(bytes) : reject(error))),
  );
}

export function bodyTooLarge(maxBytes: number): BodyTooLargeError {
  return new BodyTooLargeError('', `the body is larger than ${maxBytes} bytes`, {
    hint: 'Send the data in several requests.',
  });
}

// Files that a service hands out, brought to this machine bit by bit: however large, they take no memory, and no more disk than allowed.

import { type FileHandle, open } from 'node:fs/promises';
import { RequestError } from '../../util/errors.ts';
import { ConnectionError } from './errors.ts';
import type { Transport } from './transport.ts';

/** A connection that brings nothing for so long is taken for dead. */
const SILENCE_MS = 60_000;

export interface FileDownload {
  url: string;
  /** Where to write it; what lies there is replaced. */
  path: string;
  maxBytes: number;
  signal: AbortSignal;
  /** Told of the bytes that have come, and of how many there are where the service says it. */
  progress(received: number, total: number | null): void;
}

/** Tries again from the beginning where the connection is lost. Returns the number of bytes. */
export async function downloadFile(transport: Transport, download: FileDownload): Promise<number> {
  const patience = transport.patience();
  const signal = transport.signalOf(download.signal);
  while (true) {
    try {
      return await attempt(transport, { ...download, signal });
    } catch (error) {
      await patience.again(error, signal);
    }
  }
}

async function attempt(transport: Transport, download: FileDownload): Promise<number> {
  const silence = new AbortController();
  const watch = setTimeout(() => silence.abort(), SILENCE_MS);
  const file = await open(download.path, 'w');
  try {
    const response = await transport.open(download.url, AbortSignal.any([download.signal, silence.signal]));
    return await receive(response, file, download, () => watch.refresh());
  } catch (error) {
    download.signal.throwIfAborted();
    if (!silence.signal.aborted) throw error;
    throw new ConnectionError(`${transport.address}: nothing of the file has come for ${SILENCE_MS / 1000} s`);
  } finally {
    clearTimeout(watch);
    await file.close();
  }
}

async function receive(
  { headers, body }: Response,
  file: FileHandle,
  { maxBytes, progress }: FileDownload,
  heard: () => void,
): Promise<number> {
  // What was packed for the way has another length on its arrival.
  const length = headers.has('content-encoding') ? null : headers.get('content-length');
  const total = length !== null && /^\d{1,15}$/.test(length) ? Number(length) : null;
  let received = 0;
  const refuse = () => new RequestError(`the file is larger than the ${maxBytes} bytes that are taken`);
  if (total !== null && total > maxBytes) throw refuse();
  const chunks: AsyncIterator<Uint8Array> | undefined = body?.[Symbol.asyncIterator]();
  while (chunks !== undefined) {
    const { value, done } = await chunks.next().catch((error: unknown) => {
      throw new ConnectionError('the connection was lost in the middle of the file', { cause: error });
    });
    if (done === true) break;
    heard();
    received += value.length;
    if (received > maxBytes) throw refuse();
    await file.writeFile(value);
    progress(received, total);
  }
  await file.sync();
  return received;
}

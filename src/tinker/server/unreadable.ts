// What is said to whoever sends no HTTP, or not all of it in time. Node would answer with a status alone, and a refusal has a reason.

import type { Duplex } from 'node:stream';
import { errorCode } from '../../util/files.ts';

const REFUSALS: Readonly<Record<string, readonly [status: string, detail: string]>> = {
  HPE_HEADER_OVERFLOW: ['431 Request Header Fields Too Large', 'the headers of the request are too large'],
  ERR_HTTP_REQUEST_TIMEOUT: ['408 Request Timeout', 'the request was not sent in time'],
};
const NO_HTTP = ['400 Bad Request', 'what was sent is no HTTP request'] as const;

/** Answers, and closes the connection. */
export function refuseUnreadable(error: Error, socket: Duplex): void {
  // Within an answer nothing else can be said.
  const isFresh = 'bytesWritten' in socket && socket.bytesWritten === 0;
  if (!socket.writable || !isFresh) {
    socket.destroy();
    return;
  }
  const [status, detail] = REFUSALS[errorCode(error) ?? ''] ?? NO_HTTP;
  const body = JSON.stringify({ detail });
  const head = [`HTTP/1.1 ${status}`, 'Content-Type: application/json', `Content-Length: ${body.length}`];
  socket.end(`${[...head, 'Connection: close'].join('\r\n')}\r\n\r\n${body}`, () => socket.destroy());
}

// One HTTP exchange over Node's own client: a request, and all of its answer. Passes and samples are many and small, and fetch takes
// several times as long over each.

import { constants } from 'node:buffer';
import http, { type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import https from 'node:https';

export interface Outgoing {
  method: string;
  headers: Record<string, string>;
  body: string | Uint8Array | undefined;
  timeoutMs: number;
  /** Each of them gives the exchange up. */
  signals: readonly AbortSignal[];
}

export interface Incoming {
  status: number;
  headers: IncomingHttpHeaders;
  bytes: Uint8Array;
}

/** Shorter than servers keep connections that nobody uses, so that none is closed under a request. */
const IDLE_MS = 4_000;

/** There was none: the service takes longer, or is gone. */
export class LateAnswerError extends Error {}

/** What comes does not end, or not soon enough. */
export class EndlessAnswerError extends Error {}

/** More fits no text, and no service has that much to say. */
const MOST_BYTES = constants.MAX_STRING_LENGTH;

/** The connections to one service. Redirects are answers like others. */
export class Connections {
  readonly #agent: http.Agent;
  readonly #request: typeof http.request;
  readonly #mostBytes: number;

  /** `mostBytes`: of an answer. */
  constructor(address: string, mostBytes = MOST_BYTES) {
    this.#mostBytes = mostBytes;
    const library = address.startsWith('https:') ? https : http;
    this.#agent = new library.Agent({ keepAlive: true, timeout: IDLE_MS });
    this.#request = library.request;
  }

  /** @throws the reason of the signal that is aborted; Node's error, where there is no whole answer in time */
  exchange(url: string, { method, headers, body, timeoutMs, signals }: Outgoing): Promise<Incoming> {
    return new Promise((resolve, reject) => {
      for (const signal of signals) signal.throwIfAborted();
      const request = this.#request(url, { method, headers, agent: this.#agent });
      const abort = () => giveUp(signals.find(({ aborted }) => aborted)?.reason);
      const late = () => giveUp(new LateAnswerError(`no answer within ${timeoutMs / 1000} s`));
      const timer = setTimeout(late, timeoutMs);
      const settled = () => {
        clearTimeout(timer);
        for (const signal of signals) signal.removeEventListener('abort', abort);
      };
      const giveUp = (reason: unknown) => {
        settled();
        reject(reason);
        request.destroy();
      };
      for (const signal of signals) signal.addEventListener('abort', abort, { once: true });
      request.on('error', giveUp);
      request.on('response', (response) => {
        bytesOf(response, this.#mostBytes).then((bytes) => {
          settled();
          resolve({ status: response.statusCode ?? 0, headers: response.headers, bytes });
        }, giveUp);
      });
      request.end(body);
    });
  }

  /** Lets go of the connections. */
  close(): void {
    this.#agent.destroy();
  }
}

/** @throws where the connection is lost before the end, or there is no end */
function bytesOf(response: IncomingMessage, mostBytes: number): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    let received = 0;
    response.on('data', (part: Buffer) => {
      received += part.length;
      if (received <= mostBytes) parts.push(part);
      else reject(new EndlessAnswerError(`it is larger than ${mostBytes} bytes`));
    });
    response.on('error', reject);
    response.on('end', () => {
      if (response.complete) resolve(parts.length === 1 ? parts[0] : Buffer.concat(parts));
      else reject(new Error('the connection was lost within the answer'));
    });
  });
}

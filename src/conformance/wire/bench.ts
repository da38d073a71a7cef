// What a check of the HTTP itself works with: requests as they are written down here, by no client that would mend them.

import { setTimeout as sleep } from 'node:timers/promises';
import { checkpointRoute } from '../../tinker/http/checkpoint_path.ts';
import { type ExactJson, type ExactJsonObject, exactJsonText, parseExactJson } from '../../tinker/wire/json.ts';
import { fieldOf, objectAt, textAt } from '../../tinker/wire/json_fields.ts';
import { type Bench, CLOSE_MS, demand, RefusedError } from '../check.ts';

export const PROTOBUF = 'application/x-protobuf';
export const EITHER = `${PROTOBUF}, application/json`;
const JSON_TYPE = 'application/json';

export interface WireTarget {
  address: string;
  /** Sent as X-API-Key. */
  key: string;
  /** What to train. */
  model: string;
  /** Without anything that nobody should read. */
  shown(text: string): string;
}

export interface Reply {
  status: number;
  type: string;
  bytes: Uint8Array;
  /** Undefined where the body is none. */
  json: ExactJson | undefined;
}

export interface Sending {
  json?: ExactJson;
  /** In the place of `json`, with its type. */
  body?: { bytes: Uint8Array; type: string };
  accept?: string;
  headers?: Record<string, string>;
}

export interface Promised {
  request_id: string;
  answer: ExactJsonObject;
}

/** Asks a server that is busy, or not ready yet, again. */
const BUSY = new Set([429, 503]);
const BUSY_PAUSE_MS = 1000;
const POLL_PAUSE_MS = 20;
const ERROR_CHARACTERS = 300;

export const isOk = ({ status }: Reply): boolean => status >= 200 && status < 300;

export class WireBench implements Bench {
  readonly target: WireTarget;
  readonly #closing = new AbortController();
  readonly #sessions: string[] = [];
  readonly #checkpoints: string[] = [];

  constructor(target: WireTarget) {
    this.target = target;
  }

  /** `path` is below /api/v1, or below the address where it begins with a slash. */
  async send(method: string, path: string, { json, body, accept = JSON_TYPE, headers }: Sending = {}): Promise<Reply> {
    const { address, key } = this.target;
    const sent = json === undefined ? body : { bytes: Buffer.from(exactJsonText(json)), type: JSON_TYPE };
    while (true) {
      const response = await fetch(`${address}${path.startsWith('/') ? path : `/api/v1/${path}`}`, {
        method,
        headers: { Accept: accept, 'X-API-Key': key, ...(sent && { 'Content-Type': sent.type }), ...headers },
        ...(sent && { body: Uint8Array.from(sent.bytes) }),
        redirect: 'manual',
        signal: this.#closing.signal,
      });
      const bytes = new Uint8Array(await response.arrayBuffer());
      if (BUSY.has(response.status)) {
        await sleep(BUSY_PAUSE_MS, undefined, { signal: this.#closing.signal });
        continue;
      }
      const type = (response.headers.get('content-type') ?? '').split(';')[0].trim().toLowerCase();
      return { status: response.status, type, bytes, json: type === JSON_TYPE ? jsonOf(bytes) : undefined };
    }
  }

  post(path: string, json: ExactJson, options: Omit<Sending, 'json' | 'body'> = {}): Promise<Reply> {
    return this.send('POST', path, { ...options, json });
  }

  /** The body of a success. */
  async granted(path: string, json: ExactJson): Promise<ExactJsonObject> {
    return this.objectOf(`POST ${path}`, await this.post(path, json));
  }

  async got(path: string): Promise<ExactJsonObject> {
    return this.objectOf(`GET ${path}`, await this.send('GET', path));
  }

  objectOf(place: string, reply: Reply): ExactJsonObject {
    this.requireOk(place, reply);
    demand(reply.json !== undefined, `${place}: the answer is ${reply.type || 'of no type'}, not JSON`);
    return objectAt(reply.json, place);
  }

  requireOk(place: string, reply: Reply): void {
    if (!isOk(reply)) throw new RefusedError(place, reply.status, this.wordsOf(reply));
  }

  /** What a refusal says. */
  wordsOf({ json, bytes }: Reply): string {
    const isObject = typeof json === 'object' && json !== null && !Array.isArray(json);
    const said = isObject
      ? (json.detail ?? json.message ?? json.error ?? (Object.keys(json).length > 0 ? json : ''))
      : '';
    const words = typeof said === 'string' ? said : exactJsonText(said);
    const text = json === undefined ? Buffer.from(bytes).toString() : words;
    return this.target.shown(text.trim()).slice(0, ERROR_CHARACTERS);
  }

  async promised(path: string, json: ExactJson): Promise<Promised> {
    return promiseOf(await this.granted(path, json));
  }

  /** Waits for what was promised. Throws RefusedError for an operation that failed. */
  async outcome({ request_id }: Promised, accept = EITHER): Promise<Reply> {
    while (true) {
      const json = { request_id, allow_metadata_only: false };
      const reply = await this.post('retrieve_future', json, { accept });
      const body =
        typeof reply.json === 'object' && reply.json !== null && !Array.isArray(reply.json) ? reply.json : {};
      if (reply.status === 408 || (isOk(reply) && body.type === 'try_again')) {
        await sleep(POLL_PAUSE_MS, undefined, { signal: this.#closing.signal });
        continue;
      }
      this.requireOk(`the result of ${request_id}`, reply);
      if (body.error === undefined) return reply;
      const { category } = body;
      const known = ['user', 'server', 'unknown'].some((name) => name === category);
      demand(known, `a failed result has the category ${JSON.stringify(category)}, not user, server or unknown`);
      throw new RefusedError('the operation failed', category === 'user' ? 400 : 500, this.wordsOf(reply));
    }
  }

  /** The result of a request that is promised and then kept. */
  async done(path: string, json: ExactJson): Promise<ExactJsonObject> {
    return this.objectOf(path, await this.outcome(await this.promised(path, json)));
  }

  /** Whether a request is refused, at once or by its result. A refusal must say why, and must not ask for another attempt. */
  async isRefused(path: string, json: ExactJson): Promise<boolean> {
    const reply = await this.post(path, json);
    if (isOk(reply)) {
      const body = objectAt(reply.json, path);
      if (fieldOf(body, 'request_id') === undefined) return false;
      try {
        await this.outcome(promiseOf(body));
        return false;
      } catch (error) {
        if (error instanceof RefusedError) return true;
        throw error;
      }
    }
    this.demandExplained(`POST ${path}`, reply);
    return true;
  }

  /** Clients send a request again whose refusal has no body, or a status that asks for patience. */
  demandExplained(place: string, reply: Reply): void {
    const { status } = reply;
    demand(
      status >= 400 && status < 500 && status !== 409 && status !== 408,
      `${place}: HTTP ${status}, not a refusal`,
    );
    demand(reply.json !== undefined && this.wordsOf(reply) !== '', `${place}: HTTP ${status} without a reason in JSON`);
  }

  async session(more: ExactJsonObject = {}): Promise<string> {
    const body = { tags: [], user_metadata: {}, sdk_version: '0.38.0', type: 'create_session', ...more };
    const id = textAt(fieldOf(await this.granted('create_session', body), 'session_id'), 'session_id');
    this.#sessions.push(id);
    return id;
  }

  finish(session: string): Promise<Reply> {
    const json = { reason: { type: 'success' }, detail: null };
    return this.post(`sessions/${encodeURIComponent(session)}/finish`, json);
  }

  /** A path of a checkpoint that is deleted when the check has ended. */
  deletedLater(path: string): string {
    this.#checkpoints.push(path);
    return path;
  }

  /** A server that is busy for ever is left with what it has. */
  async close(): Promise<void> {
    const end = () => this.#closing.abort(new Error('the check has ended'));
    const late = setTimeout(end, CLOSE_MS);
    await Promise.allSettled(this.#checkpoints.map(async (path) => this.send('DELETE', checkpointRoute(path))));
    await Promise.allSettled(this.#sessions.map((session) => this.finish(session)));
    clearTimeout(late);
    end();
  }
}

export function promiseOf(answer: ExactJsonObject): Promised {
  return { request_id: textAt(fieldOf(answer, 'request_id'), 'request_id'), answer };
}

function jsonOf(bytes: Uint8Array): ExactJson | undefined {
  try {
    return parseExactJson(Buffer.from(bytes).toString());
  } catch {
    return undefined;
  }
}

// One request to a service of the Tinker API and its answer.

import { setMaxListeners } from 'node:events';
import { messageOf, RequestError } from '../../util/errors.ts';
import { printable } from '../../util/printable.ts';
import { WireError } from '../wire/error.ts';
import { type ExactJson, exactJsonText, parseExactJson } from '../wire/json.ts';
import { fieldOf, objectAt, textAt } from '../wire/json_fields.ts';
import { type Clock, systemClock } from './clock.ts';
import type { Credential } from './credentials.ts';
import { ConnectionError, DamagedAnswerError, hintOf, StatusError } from './errors.ts';
import { Connections, EndlessAnswerError, type Incoming } from './exchange.ts';
import { Patience, type PatienceOptions, troubleOfRequest } from './retry.ts';
import { Tokens } from './tokens.ts';

/** The version of the official SDK whose protocol this is. */
export const SDK_VERSION = '0.38.0';
export const PROTOBUF = 'application/x-protobuf';
const JSON_TYPE = 'application/json';

const TIMEOUT_MS = 60_000;
/** As long as the official SDK tries. */
const PATIENCE_MS = 300_000;
/** With a service that has never answered: its address may be wrong, or nobody has started it. */
const FIRST_PATIENCE_MS = 30_000;
const MAX_DETAIL_CHARACTERS = 500;
const MOST_REFUSAL_BYTES = 64 * 1024;
/** From one address to the next, of a file. */
const MAX_HOPS = 5;

export interface Answer {
  /** The media type, in lower case and without parameters. */
  type: string;
  bytes: Uint8Array;
  /** Where a redirect leads to; null: it is none. */
  location: string | null;
}

export interface Call<T> {
  method?: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Below the address of the service: `/api/v1/…`. */
  path: string;
  json?: ExactJson;
  /** In the place of `json`. */
  body?: { bytes: Uint8Array; type: string; encoding?: string };
  accept?: string;
  headers?: Record<string, string>;
  timeoutMs?: number;
  signal?: AbortSignal;
  /** Sent with the key, also where tokens are used otherwise. */
  withKey?: boolean;
  /** A redirect is an answer like any other, which is read and not followed. */
  readsRedirect?: boolean;
  /** Reads the answer of a success. A WireError from it counts as an answer that was damaged on its way. */
  read(answer: Answer): T;
}

export interface TransportOptions {
  address: string;
  credential: Credential;
  notify(message: string): void;
  clock?: Clock;
}

export class Transport {
  readonly address: string;
  readonly clock: Clock;
  /** How long an account that is out of money is waited for; the service says. */
  billingLimitMs = 3_600_000;
  readonly #credential: Credential;
  readonly #notify: (message: string) => void;
  readonly #noted = new Set<string>();
  readonly #closing = new AbortController();
  readonly #connections: Connections;
  #hasAnswered = false;
  #answeredAt = Number.NEGATIVE_INFINITY;
  #tokens: Tokens | null = null;

  constructor({ address, credential, notify, clock = systemClock }: TransportOptions) {
    this.address = address;
    this.clock = clock;
    this.#connections = new Connections(address);
    // All that is under way listens to it.
    setMaxListeners(0, this.#closing.signal);
    this.#credential = credential;
    this.#notify = notify;
  }

  /** Tells the user what the service has said; the same words once. */
  tell(message: string): void {
    if (this.#noted.has(message)) return;
    this.#noted.add(message);
    this.#notify(this.shown(message));
  }

  patience(options: Partial<Pick<PatienceOptions, 'limitMs' | 'troubleOf'>> = {}): Patience {
    return new Patience({
      clock: this.clock,
      limitMs: this.#hasAnswered ? PATIENCE_MS : FIRST_PATIENCE_MS,
      billingLimitMs: this.billingLimitMs,
      troubleOf: troubleOfRequest,
      failing: (error) => this.tell(`${error.message}. Trying again`),
      paused: (error) => this.tell(`${error.message}. Waiting for the billing of the account to be settled`),
      ...options,
    });
  }

  /** Aborted with `own`, and when all that is under way is given up. */
  signalOf(own: AbortSignal | undefined): AbortSignal {
    return own === undefined ? this.#closing.signal : AbortSignal.any([this.#closing.signal, own]);
  }

  /** Whether the service has answered anything in the last milliseconds. */
  hasAnsweredWithin(milliseconds: number): boolean {
    return this.clock.now() - this.#answeredAt <= milliseconds;
  }

  /** Gives up all that is under way. */
  close(): void {
    this.#closing.abort(new RequestError('this service client is closed'));
    this.#connections.close();
  }

  /** Tries until there is an answer, or no hope of one. For what the service does once, however often it is sent. */
  async request<T>(call: Call<T>): Promise<T> {
    const patience = this.patience();
    const signal = this.signalOf(call.signal);
    while (true) {
      try {
        return await this.attempt(call);
      } catch (error) {
        await patience.again(error, signal);
      }
    }
  }

  /**
   * Tries once; with another key or token once more, where the first is refused and there is another.
   * @throws ConnectionError, StatusError, DamagedAnswerError; the signal's reason
   */
  async attempt<T>(call: Call<T>): Promise<T> {
    const secret = await this.#secretOf(call);
    const first = await this.#exchange(call, secret);
    const renewed = first.status === 401 && (await this.#renew(secret));
    const incoming = renewed ? await this.#exchange(call, await this.#secretOf(call)) : first;
    const { status, headers, bytes } = incoming;
    this.#hearDeprecation(headers);
    const location = status >= 300 && status < 400 ? headerOf(headers, 'location') : null;
    const isRead = (status >= 200 && status < 300) || (call.readsRedirect === true && location !== null);
    if (!isRead) throw this.#refusal(call, incoming);
    const type = (headerOf(headers, 'content-type') ?? '').split(';')[0].trim().toLowerCase();
    try {
      return call.read({ type, bytes, location });
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      throw this.#damaged(call, error.message);
    }
  }

  #damaged(call: Call<unknown>, problem: string): DamagedAnswerError {
    return new DamagedAnswerError(this.shown(`${placeOf(call)}: the answer cannot be read: ${problem}`), {
      hint: `See that ${this.address} is a service of the Tinker API.`,
    });
  }

  /**
   * Begins to get a file from wherever the service says that it lies. The key goes along to the service's own address alone.
   * @throws ConnectionError, StatusError; RequestError for an address that is not to be followed
   */
  async open(url: string, signal: AbortSignal): Promise<Response> {
    let next = url;
    for (let hop = 0; hop <= MAX_HOPS; hop++) {
      const target = this.#fileAddress(next);
      const call: Call<void> = { method: 'GET', path: target.pathname, read: noAnswer };
      const isOwn = target.href.startsWith(`${this.address}/`);
      const headers = {
        'User-Agent': 'tinker-cookbook-js',
        ...(isOwn && { 'X-API-Key': await this.#secretOf(call) }),
      };
      const response = await fetch(target, { headers, redirect: 'manual', signal }).catch((error: unknown) => {
        signal.throwIfAborted();
        throw new ConnectionError(
          this.shown(`${placeOf(call)}: no answer from ${target.host}: ${messageOf(causeOf(error))}`),
          {
            hint: 'Run the command again.',
            cause: error,
          },
        );
      });
      if (response.ok) return response;
      const location = response.headers.get('location');
      const bytes = await beginningOf(response);
      if (response.status < 300 || response.status >= 400 || location === null) {
        throw this.#refusal(call, { status: response.status, headers: Object.fromEntries(response.headers), bytes });
      }
      next = URL.canParse(location, target.href) ? new URL(location, target.href).href : location;
    }
    throw new RequestError(`the file that ${this.address} names is redirected for ever`);
  }

  /** A service that is reached by an encrypted connection hands out no file by another. */
  #fileAddress(url: string): URL {
    const base = `${this.address}/`;
    if (!URL.canParse(url, base)) {
      throw new RequestError(this.shown(`${this.address} names a file at ${shortened(url)}, which is no address`));
    }
    const target = new URL(url, base);
    const allowed = this.address.startsWith('https:') ? ['https:'] : ['http:', 'https:'];
    if (allowed.includes(target.protocol)) return target;
    throw new RequestError(`${this.address} names a file at ${target.protocol}, which is not opened`);
  }

  /** From now on short-lived tokens are sent in the place of the key. */
  useTokens(): void {
    this.#tokens ??= new Tokens(async () => {
      const token = await this.request({
        path: '/api/v1/auth/token',
        json: {},
        withKey: true,
        read: jsonAnswer((value) => textAt(fieldOf(objectAt(value, 'the token'), 'jwt'), 'jwt')),
      });
      this.#credential.hide(token);
      return token;
    });
  }

  async #secretOf({ withKey = false }: Call<unknown>): Promise<string> {
    return this.#tokens === null || withKey ? this.#credential.header() : await this.#tokens.current();
  }

  /** Whether there is, or may be, another than the one that was refused. */
  async #renew(refused: string): Promise<boolean> {
    return this.#tokens?.refuse(refused) || (await this.#credential.renew(refused));
  }

  async #exchange(call: Call<unknown>, secret: string): Promise<Incoming> {
    const { method = 'POST', path, json, body, accept = JSON_TYPE, headers, timeoutMs = TIMEOUT_MS, signal } = call;
    const signals = signal === undefined ? [this.#closing.signal] : [this.#closing.signal, signal];
    try {
      // The key is for this address alone: redirects are not followed.
      const incoming = await this.#connections.exchange(`${this.address}${path}`, {
        method,
        headers: {
          Accept: accept,
          'User-Agent': 'tinker-cookbook-js',
          'X-API-Key': secret,
          'X-Sdk-Version': SDK_VERSION,
          ...(json !== undefined && { 'Content-Type': JSON_TYPE }),
          ...(body !== undefined && { 'Content-Type': body.type }),
          ...(body?.encoding !== undefined && { 'Content-Encoding': body.encoding }),
          ...headers,
        },
        body: json === undefined ? body?.bytes : exactJsonText(json),
        timeoutMs,
        signals,
      });
      this.#hasAnswered = true;
      this.#answeredAt = this.clock.now();
      return incoming;
    } catch (error) {
      for (const each of signals) each.throwIfAborted();
      if (error instanceof EndlessAnswerError) throw this.#damaged(call, error.message);
      throw new ConnectionError(this.shown(`${placeOf(call)}: no answer from ${this.address}: ${messageOf(error)}`), {
        hint: `See that the service runs there, then run the command again.`,
        cause: error,
      });
    }
  }

  #refusal(call: Call<unknown>, { status, headers, bytes }: Incoming): ConnectionError | StatusError {
    const text = Buffer.from(bytes).toString();
    const body = jsonOf(text);
    const detail =
      status >= 300 && status < 400
        ? `it redirects to ${headerOf(headers, 'location') ?? 'nowhere'}`
        : detailOf(body, text);
    const said = detail === '' ? '' : `: ${shortened(this.#credential.redact(detail))}`;
    const message = this.shown(`${placeOf(call)}: HTTP ${status}${said}`);
    // A proxy's way to say that the connection is of no use any more.
    if (status === 400 && bytes.length === 0) return new ConnectionError(message);
    const shouldRetry = headerOf(headers, 'x-should-retry');
    return new StatusError(message, {
      status,
      body,
      retryAfterMs: retryAfterOf(headers),
      shouldRetry: shouldRetry === 'true' ? true : shouldRetry === 'false' ? false : null,
      hint: hintOf(status),
    });
  }

  #hearDeprecation(headers: Incoming['headers']): void {
    const note = headerOf(headers, 'x-deprecation-note');
    if (note !== null) this.tell(`the service says: ${note}`);
  }

  /** Words of the service as a terminal and a log may have them. */
  shown(text: string): string {
    return printable(this.#credential.redact(text));
  }
}

/** Reads an answer in JSON. */
export function jsonAnswer<T>(read: (value: ExactJson) => T): (answer: Answer) => T {
  return ({ type, bytes }) => {
    if (type !== JSON_TYPE) throw new WireError('', `it is ${type === '' ? 'of no type' : type}, not JSON`);
    return read(parseExactJson(Buffer.from(bytes).toString()));
  };
}

/** For what is answered by its status alone. */
export const noAnswer = (): void => undefined;

/** What fetch says itself is that it failed. */
const causeOf = (error: unknown): unknown => (error instanceof Error ? (error.cause ?? error) : error);

const placeOf = ({ method = 'POST', path }: Call<unknown>) => `${method} ${path}`;

/** The one value, or the first of several. */
function headerOf(headers: Incoming['headers'], name: string): string | null {
  const value = headers[name];
  return (Array.isArray(value) ? value[0] : value) ?? null;
}

function jsonOf(text: string): ExactJson | undefined {
  try {
    return parseExactJson(text);
  } catch {
    return undefined;
  }
}

/** What the service says of its refusal: in most services the field `detail`. */
function detailOf(body: ExactJson | undefined, text: string): string {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return text.trim();
  return wordsOf(body.detail ?? body.message ?? body.error ?? body);
}

/** What a service says, text or not. */
export function wordsOf(said: ExactJson): string {
  if (typeof said === 'string') return said;
  try {
    return exactJsonText(said);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return 'something that is nested too deep to be shown';
  }
}

/** Of a refusal no more than is shown: nobody says where it ends. */
async function beginningOf({ body }: Response): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let received = 0;
  const chunks: AsyncIterable<Uint8Array> | null = body;
  for await (const part of chunks ?? []) {
    parts.push(part);
    received += part.length;
    if (received >= MOST_REFUSAL_BYTES) break;
  }
  return Buffer.concat(parts);
}

function shortened(text: string): string {
  return text.length > MAX_DETAIL_CHARACTERS ? `${text.slice(0, MAX_DETAIL_CHARACTERS)}…` : text;
}

function retryAfterOf(headers: Incoming['headers']): number | null {
  const milliseconds = numberIn(headerOf(headers, 'retry-after-ms'));
  if (milliseconds !== null) return milliseconds;
  const seconds = numberIn(headerOf(headers, 'retry-after'));
  return seconds === null ? null : seconds * 1000;
}

function numberIn(text: string | null): number | null {
  const value = text === null || text.trim() === '' ? Number.NaN : Number(text);
  return Number.isFinite(value) && value >= 0 ? value : null;
}

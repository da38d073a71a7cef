// The Jobs API of a Ray cluster over HTTP, as far as a sweep needs it: bounded answers of a known shape, in bounded time.

import { type Clock, systemClock } from '../../../tinker/http/clock.ts';
import { ConnectionError, DamagedAnswerError, StatusError } from '../../../tinker/http/errors.ts';
import { Connections, type Incoming } from '../../../tinker/http/exchange.ts';
import { Patience, troubleOfRequest } from '../../../tinker/http/retry.ts';
import { ConfigurationError, messageOf } from '../../../util/errors.ts';
import { isJsonObject, type JsonObject, type JsonValue, objectOf, textOf } from '../../../util/json.ts';
import { printable } from '../../../util/printable.ts';

const TIMEOUT_MS = 60_000;
/** Of the list of all jobs, each with the end of its log. */
const MOST_BYTES = 256 * 2 ** 20;
const MOST_SHOWN = 300;
const PATIENCE_MS = 300_000;
/** With a cluster that has never answered: its address may be wrong. */
const FIRST_PATIENCE_MS = 10_000;

const STATUSES = ['PENDING', 'RUNNING', 'STOPPED', 'SUCCEEDED', 'FAILED'] as const;

/** What Ray says of a job. */
export interface RayJobInfo {
  status: (typeof STATUSES)[number];
  /** One line of it. */
  message: string;
  errorType: string | null;
}

export interface RayJobRequest {
  submission_id: string;
  /** For a shell. */
  entrypoint: string;
  runtime_env: JsonObject;
  metadata: Record<string, string>;
  entrypoint_num_cpus?: number;
  entrypoint_num_gpus?: number;
  entrypoint_memory?: number;
  entrypoint_resources?: Record<string, number>;
}

export interface RayApiOptions {
  env: NodeJS.ProcessEnv;
  clock?: Clock;
}

export class RayApi {
  readonly address: string;
  readonly #connections: Connections;
  readonly #token: string | null;
  readonly #clock: Clock;
  readonly #closing = new AbortController();
  #hasAnswered = false;

  /**
   * @param given the address of the dashboard; null = that of the environment
   * @throws ConfigurationError for what is no address
   */
  constructor(given: string | null, { env, clock = systemClock }: RayApiOptions) {
    this.address = dashboardAddress(given, env);
    this.#connections = new Connections(this.address, MOST_BYTES);
    this.#token = env.RAY_AUTH_TOKEN || null;
    this.#clock = clock;
  }

  patience(): Patience {
    return new Patience({
      clock: this.#clock,
      limitMs: this.#hasAnswered ? PATIENCE_MS : FIRST_PATIENCE_MS,
      billingLimitMs: 0,
      troubleOf: troubleWithRay,
      failing: () => undefined,
      paused: () => undefined,
    });
  }

  /** The version of the cluster. @throws ServiceError where there is none at the address */
  async version(): Promise<string> {
    const version = textOf(objectOf(await this.#patiently('GET', '/api/version')).ray_version);
    return version ?? this.#damaged('it has no ray_version');
  }

  /** Tries once. A job of the same id that is there already is the one that an answer was lost of. */
  async submit(request: RayJobRequest): Promise<void> {
    try {
      await this.#call('POST', '/api/jobs/', request);
    } catch (error) {
      if (!(error instanceof StatusError) || (await this.job(request.submission_id)) === null) throw error;
    }
  }

  /** Null where the cluster does not know it. */
  async job(id: string): Promise<RayJobInfo | null> {
    try {
      const path = `/api/jobs/${encodeURIComponent(id)}`;
      return jobIn(objectOf(await this.#patiently('GET', path))) ?? this.#damaged('it has no status');
    } catch (error) {
      if (error instanceof StatusError && error.status === 404) return null;
      throw error;
    }
  }

  /** All that were submitted, by their ids. Tries once. */
  async jobs(): Promise<ReadonlyMap<string, RayJobInfo>> {
    const list = await this.#call('GET', '/api/jobs/');
    if (!Array.isArray(list)) return this.#damaged('it is no list of jobs');
    const jobs = new Map<string, RayJobInfo>();
    for (const each of list) {
      const { submission_id } = objectOf(each);
      const job = jobIn(objectOf(each));
      if (typeof submission_id === 'string' && job !== null) jobs.set(submission_id, job);
    }
    return jobs;
  }

  /** Asks it to end by SIGTERM, and after a while by SIGKILL. Of one that has ended, nothing. */
  async stop(id: string): Promise<void> {
    await this.#patiently('POST', `/api/jobs/${encodeURIComponent(id)}/stop`);
  }

  close(): void {
    this.#closing.abort();
    this.#connections.close();
  }

  async #patiently(method: string, path: string): Promise<JsonValue> {
    const patience = this.patience();
    while (true) {
      try {
        return await this.#call(method, path);
      } catch (error) {
        await patience.again(error, this.#closing.signal);
      }
    }
  }

  async #call(method: string, path: string, body?: object): Promise<JsonValue> {
    const { signal } = this.#closing;
    const incoming = await this.#connections
      .exchange(`${this.address}${path}`, {
        method,
        headers: {
          Accept: 'application/json',
          'User-Agent': 'tinker-cookbook-js',
          ...(body !== undefined && { 'Content-Type': 'application/json' }),
          ...(this.#token !== null && { Authorization: `Bearer ${this.#token}` }),
        },
        body: body === undefined ? undefined : JSON.stringify(body),
        timeoutMs: TIMEOUT_MS,
        signals: [signal],
      })
      .catch((error: unknown) => {
        signal.throwIfAborted();
        const message = `no answer from the Ray cluster at ${this.address}: ${this.#shown(messageOf(error))}`;
        throw new ConnectionError(message, { cause: error, hint: WHERE });
      });
    if (incoming.status !== 200) throw this.#refusal(`${method} ${path}`, incoming);
    this.#hasAnswered = true;
    return jsonIn(incoming.bytes) ?? this.#damaged('it is no JSON');
  }

  #damaged(problem: string): never {
    throw new DamagedAnswerError(`the answer of ${this.address} is none of Ray's Jobs API: ${problem}`, {
      hint: WHERE,
    });
  }

  #refusal(place: string, { status, bytes }: Incoming): StatusError {
    const said = lastLine(Buffer.from(bytes).toString('utf8', 0, 64 * 1024));
    return new StatusError(this.#shown(`${place}: Ray answered ${status}${said === '' ? '' : `: ${said}`}`), {
      status,
      body: undefined,
      retryAfterMs: null,
      shouldRetry: null,
      hint: status === 401 || status === 403 ? 'Set RAY_AUTH_TOKEN to the token of the cluster.' : WHERE,
    });
  }

  /** An answer may say the token again. */
  #shown(text: string): string {
    const hidden = this.#token === null ? text : text.replaceAll(this.#token, '…');
    return printable(hidden).slice(0, MOST_SHOWN);
  }
}

/** Ray answers 500 to whatever it cannot do, for now or for good. */
function troubleWithRay(error: unknown): ReturnType<typeof troubleOfRequest> {
  if (!(error instanceof StatusError) || error.status !== 500) return troubleOfRequest(error);
  return /try again later/.test(error.message) ? 'passing' : 'odd';
}

const WHERE =
  'See that the cluster runs, and that execution.executor.address (or RAY_API_SERVER_ADDRESS, RAY_ADDRESS) is that of its dashboard.';

/** @throws ConfigurationError for what is no address, or has a password or a query in it */
function dashboardAddress(given: string | null, env: NodeJS.ProcessEnv): string {
  const address = given ?? (env.RAY_API_SERVER_ADDRESS || env.RAY_ADDRESS || null);
  const hint = 'It is that of the dashboard, as in address: http://127.0.0.1:8265.';
  if (address === null) {
    throw new ConfigurationError('nothing says where the Ray cluster is', {
      hint: 'Set execution.executor.address, or RAY_ADDRESS, to http://HOST:8265.',
    });
  }
  const where = given === null ? 'RAY_ADDRESS' : 'execution.executor.address';
  const url = URL.canParse(address) ? new URL(address) : null;
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw new ConfigurationError(`${where} is no http address`, { hint });
  }
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') {
    throw new ConfigurationError(`${where} must hold no name, no password, no ? and no #`, {
      hint: 'The token of the cluster comes from RAY_AUTH_TOKEN.',
    });
  }
  return url.href.replace(/\/+$/, '');
}

function jobIn({ status, message, error_type }: JsonObject): RayJobInfo | null {
  const known = STATUSES.find((each) => each === status);
  if (known === undefined) return null;
  return { status: known, message: firstLine(textOf(message) ?? ''), errorType: textOf(error_type) };
}

const firstLine = (text: string): string => printable(text.trim().split('\n')[0] ?? '').slice(0, MOST_SHOWN);

/** Ray answers with a traceback, which says at its end what was wrong. */
const lastLine = (text: string): string =>
  text
    .trim()
    .split('\n')
    .filter((line) => /\w/.test(line))
    .at(-1)
    ?.trim() ?? '';

function jsonIn(bytes: Uint8Array): JsonObject | JsonValue[] | null {
  try {
    const value: unknown = JSON.parse(Buffer.from(bytes).toString());
    return Array.isArray(value) || isJsonObject(value) ? value : null;
  } catch {
    return null;
  }
}

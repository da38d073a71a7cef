// MLflow's REST API, as far as a run needs it: bounded answers, bounded time, and credentials that no message shows.

import { Connections, type Incoming } from '../../tinker/http/exchange.ts';
import { ConfigurationError, CookbookError, messageOf } from '../../util/errors.ts';
import { isJsonObject, type JsonObject, objectOf, spellNumber, textOf } from '../../util/json.ts';
import { printable } from '../../util/printable.ts';

const TIMEOUT_MS = 20_000;
/** As much as there is to say of a run of a hundred thousand metrics. Parsed, it may take fifty times as much beside what trains. */
const MOST_BYTES = 16 * 2 ** 20;
const MOST_SHOWN = 300;

export class MlflowError extends CookbookError {
  override readonly code = 'MLFLOW';
  /** MLflow's own name of what is wrong, or null where the answer was none of MLflow's. */
  readonly reason: string | null;

  constructor(message: string, reason: string | null) {
    super(message);
    this.reason = reason;
  }
}

type Environment = Readonly<Record<string, string | undefined>>;

export class MlflowApi {
  readonly address: string;
  readonly #connections: Connections;
  readonly #authorization: string | null;
  readonly #secrets: readonly string[];
  readonly #signal: AbortSignal;

  /** @throws ConfigurationError for what is no address of a server */
  constructor(address: string, { env, signal }: { env: Environment; signal: AbortSignal }) {
    this.address = serverAddress(address);
    this.#connections = new Connections(this.address, MOST_BYTES);
    const { MLFLOW_TRACKING_TOKEN: token = '', MLFLOW_TRACKING_USERNAME: user = '' } = env;
    const { MLFLOW_TRACKING_PASSWORD: password = '' } = env;
    const basic = Buffer.from(`${user}:${password}`).toString('base64');
    this.#authorization = user !== '' ? `Basic ${basic}` : token !== '' ? `Bearer ${token}` : null;
    this.#secrets = [token, password, basic].filter((secret) => secret.length > 3);
    this.#signal = signal;
    signal.addEventListener('abort', () => this.#connections.close(), { once: true });
  }

  get sendsCredentials(): boolean {
    return this.#authorization !== null;
  }

  async get(path: string, query: Record<string, string>): Promise<JsonObject> {
    return await this.#call('GET', `${path}?${new URLSearchParams(query)}`, undefined);
  }

  async post(path: string, body: object): Promise<JsonObject> {
    return await this.#call('POST', path, JSON.stringify(body, spellNumber));
  }

  close(): void {
    this.#connections.close();
  }

  async #call(method: string, path: string, body: string | undefined): Promise<JsonObject> {
    const place = `${method} ${path.replace(/\?.*/, '')}`;
    let answer: Incoming;
    try {
      answer = await this.#connections.exchange(`${this.address}/api/2.0/mlflow/${path}`, {
        method,
        headers: {
          Accept: 'application/json',
          ...(body !== undefined && { 'Content-Type': 'application/json' }),
          ...(this.#authorization !== null && { Authorization: this.#authorization }),
        },
        body,
        timeoutMs: TIMEOUT_MS,
        signals: [this.#signal],
      });
    } catch (error) {
      throw new MlflowError(this.#shown(`${place}: no answer from ${this.address}: ${messageOf(error)}`), null);
    }
    const value = jsonIn(answer.bytes);
    if (answer.status === 200 && isJsonObject(value)) return value;
    const { error_code, message } = objectOf(isJsonObject(value) ? value : undefined);
    const said = textOf(message) ?? (isJsonObject(value) ? '' : 'the answer is none of MLflow');
    throw new MlflowError(this.#shown(`${place}: HTTP ${answer.status} ${said}`), textOf(error_code));
  }

  #shown(text: string): string {
    const redacted = this.#secrets.reduce((shown, secret) => shown.replaceAll(secret, '***'), text);
    return printable(redacted.slice(0, MOST_SHOWN));
  }
}

function jsonIn(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString());
  } catch {
    return undefined;
  }
}

function serverAddress(text: string): string {
  const hint = 'A server is named by its address, as in tracking_uri: http://127.0.0.1:5000.';
  if (!URL.canParse(text)) throw new ConfigurationError('the address of the MLflow server is none', { hint });
  const { protocol, username, password, origin, pathname } = new URL(text);
  if (protocol !== 'http:' && protocol !== 'https:') {
    throw new ConfigurationError(`an MLflow server is reached by http or https, not by ${protocol}`, { hint });
  }
  if (username !== '' || password !== '') {
    throw new ConfigurationError('the address of the MLflow server holds credentials', {
      hint: 'Give them by MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD.',
    });
  }
  return `${origin}${pathname.replace(/\/+$/, '')}`;
}

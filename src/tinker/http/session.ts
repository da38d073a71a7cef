// A session with a service: opened once for all clients of a run, kept alive by a heartbeat, and finished when the run is closed.

import { messageOf, RequestError } from '../../util/errors.ts';
import { fieldOf, objectAt, optional, textAt } from '../wire/json_fields.ts';
import { type ClientConfig, type DynamicConfig, fetchClientConfig, fetchDynamicConfig } from './config.ts';
import { StatusError } from './errors.ts';
import { jsonAnswer, noAnswer, SDK_VERSION, type Transport } from './transport.ts';

const HEARTBEAT_MS = 10_000;
const HEARTBEAT_TIMEOUT_MS = 10_000;
/** Silence after which the user is told. */
const HEARTBEAT_PATIENCE_MS = 120_000;
const FINISH_TIMEOUT_MS = 10_000;

export interface SessionOptions {
  project_id: string | null;
  user_metadata: Record<string, string>;
}

interface Opened {
  id: string;
  messages: string[];
}

export class Session {
  readonly id: string;
  readonly transport: Transport;
  readonly config: ClientConfig;
  /** Aborted when the session is closed. */
  readonly closing = new AbortController();
  /** Whether the service has taken a pass, and with it the form that it was sent in. */
  passesTaken = false;
  readonly #heartbeat: NodeJS.Timeout;
  #dynamic: DynamicConfig;
  /** When that was asked for last. */
  #refreshed: number;
  #lastHeard: number;
  #models = 0;
  #samplers = 0;

  static async open(transport: Transport, { project_id, user_metadata }: SessionOptions): Promise<Session> {
    const config = await fetchClientConfig(transport);
    transport.billingLimitMs = config.billing_exception_max_pause_duration_sec * 1000;
    if (config.pjwt_auth_enabled) transport.useTokens();
    const dynamic = await fetchDynamicConfig(transport);
    const { id, messages } = await transport.request({
      path: '/api/v1/create_session',
      json: {
        tags: [],
        user_metadata,
        sdk_version: SDK_VERSION,
        ...(project_id !== null && { project_id }),
        type: 'create_session',
      },
      read: jsonAnswer((value): Opened => {
        const object = objectAt(value, 'the session');
        const messages = ['info_message', 'warning_message', 'error_message'].flatMap(
          (name) => optional(fieldOf(object, name), name, textAt) ?? [],
        );
        return { id: textAt(fieldOf(object, 'session_id'), 'session_id'), messages };
      }),
    });
    for (const message of messages) transport.tell(`the service says: ${message}`);
    return new Session(transport, { id, config, dynamic });
  }

  private constructor(
    transport: Transport,
    { id, config, dynamic }: { id: string; config: ClientConfig; dynamic: DynamicConfig },
  ) {
    this.id = id;
    this.transport = transport;
    this.config = config;
    this.#dynamic = dynamic;
    this.#refreshed = transport.clock.now();
    this.#lastHeard = transport.clock.now();
    this.#heartbeat = setInterval(() => void this.beat(), HEARTBEAT_MS);
    // Nothing waits for it: a process that has nothing else to do may end.
    this.#heartbeat.unref();
  }

  /** Whether a sample that nobody waits for any more may be given up at the service. */
  get cancelAllowed(): boolean {
    return this.#dynamic.sample_cancel_enabled;
  }

  /** Numbers of the models of this session, which also name them. */
  nextModelSeqId(): number {
    return this.#models++;
  }

  /** Numbers of its samplers. */
  nextSamplingSeqId(): number {
    return this.#samplers++;
  }

  throwIfClosed(): void {
    if (this.closing.signal.aborted) throw new RequestError('this service client is closed');
  }

  /** Tells the service that somebody is there. Never rejects: a service that is gone for long shows in the requests. */
  async beat(): Promise<void> {
    const { transport } = this;
    try {
      await transport.attempt({
        path: '/api/v1/session_heartbeat',
        json: { session_id: this.id, type: 'session_heartbeat' },
        timeoutMs: HEARTBEAT_TIMEOUT_MS,
        read: noAnswer,
      });
      this.#lastHeard = transport.clock.now();
      await this.#refresh();
    } catch (error) {
      // The session is finished.
      if (error instanceof StatusError && error.status === 410) clearInterval(this.#heartbeat);
      const silence = transport.clock.now() - this.#lastHeard;
      if (silence < HEARTBEAT_PATIENCE_MS) return;
      this.#lastHeard = transport.clock.now();
      transport.tell(`the service has not answered for ${Math.round(silence / 1000)} s: ${messageOf(error)}`);
    }
  }

  /** What the service says at every so many beats counts from then on; where it cannot say, what it said before does. */
  async #refresh(): Promise<void> {
    const now = this.transport.clock.now();
    if (now - this.#refreshed < 1000 * this.#dynamic.refresh_interval_sec) return;
    this.#refreshed = now;
    this.#dynamic = await fetchDynamicConfig(this.transport).catch(() => this.#dynamic);
  }

  /** Says that nothing more will come. A service that does not hear it finds out by the silence. */
  async close(): Promise<void> {
    if (this.closing.signal.aborted) return;
    this.closing.abort(new RequestError('this service client is closed'));
    clearInterval(this.#heartbeat);
    await this.transport
      .attempt({
        path: `/api/v1/sessions/${encodeURIComponent(this.id)}/finish`,
        json: { reason: { type: 'success' }, detail: null },
        timeoutMs: FINISH_TIMEOUT_MS,
        read: noAnswer,
      })
      .catch(() => undefined);
  }
}

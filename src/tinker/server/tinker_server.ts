// All that the server knows, without the HTTP around it: sessions, what was made in them, and what they wait for.

import { join } from 'node:path';
import type { ServiceClient } from '../clients.ts';
import type { Backend } from './backend.ts';
import { Bodies } from './bodies.ts';
import { Checkpoints } from './checkpoints.ts';
import { Counters } from './counters.ts';
import { Downloads } from './downloads.ts';
import { Futures } from './futures.ts';
import type { Limits } from './limits.ts';
import { Samplers } from './samplers.ts';
import { type SessionEnd, Sessions } from './sessions.ts';
import { TrainingRuns } from './training_runs.ts';

/** How often what is over is looked for. */
const UPKEEP_MS = 5000;

export interface TinkerServerOptions {
  backend: Backend;
  /** Where checkpoints lie. */
  data: string;
  limits: Limits;
  /** Whether clients are told to hand over their custom losses, rather than to compute them. */
  customLosses: boolean;
  notify(message: string): void;
  /** Told of failures that no client is to blame for. */
  report(error: unknown): void;
}

export class TinkerServer {
  readonly limits: Limits;
  readonly backend: Backend;
  readonly bodies: Bodies;
  readonly checkpoints: Checkpoints;
  readonly counters = new Counters();
  readonly futures: Futures;
  readonly sessions: Sessions;
  readonly runs: TrainingRuns;
  readonly samplers: Samplers;
  readonly downloads = new Downloads();
  readonly #options: TinkerServerOptions;
  /** Of sessions that sample from what they do not train. */
  readonly #services = new Map<string, ServiceClient>();
  readonly #upkeep: NodeJS.Timeout;
  #upkeptAt = Date.now();
  #tidying: Promise<void> | null = null;
  #isClosing = false;

  private constructor(options: TinkerServerOptions, checkpoints: Checkpoints) {
    const { backend, limits, report } = options;
    this.#options = options;
    this.limits = limits;
    this.backend = backend;
    this.bodies = new Bodies(limits);
    this.checkpoints = checkpoints;
    this.futures = new Futures(limits, report);
    this.sessions = new Sessions(limits);
    this.runs = new TrainingRuns(backend, checkpoints, limits);
    this.samplers = new Samplers(limits, this.counters);
    this.#upkeep = setInterval(() => this.#upkeepDue(), UPKEEP_MS).unref();
  }

  static async open(options: TinkerServerOptions): Promise<TinkerServer> {
    return new TinkerServer(options, await Checkpoints.open(options.data, options.notify));
  }

  /** Whether it finishes what it has begun, and begins nothing more. */
  get isClosing(): boolean {
    return this.#isClosing;
  }

  get customLosses(): boolean {
    return this.#options.customLosses;
  }

  /** A service to sample with, of a session. */
  serviceOf(sessionId: string): ServiceClient {
    const service =
      this.#services.get(sessionId) ?? this.backend.session({ checkpoints: join(this.#options.data, 'none') });
    this.#services.set(sessionId, service);
    return service;
  }

  /** Ends a session, unless it has ended: gives back what it has, when what it computes is done. */
  async endSession(id: string, why: string, finished: SessionEnd['finished'] = null): Promise<void> {
    const session = this.sessions.end(id, { why, finished });
    if (session === null) return;
    this.futures.forget(`${id}:`);
    // Models first: a request that one of them still computes may make a sampler.
    await Promise.all([...session.models].map((each) => this.runs.end(each)));
    await Promise.all([...session.samplers].map((each) => this.samplers.end(each)));
    const service = this.#services.get(id);
    this.#services.delete(id);
    await service?.close();
  }

  /** Finishes what is computed, and no more. */
  async close(): Promise<void> {
    this.#isClosing = true;
    clearInterval(this.#upkeep);
    await this.#tidying;
    const open = this.sessions.ids();
    // Requests that wait are refused first, so that their clients hear of it.
    await this.runs.close();
    this.futures.close();
    await Promise.all(open.map((id) => this.endSession(id, 'ended when the server did')));
  }

  /** One after the other, however long one takes. */
  #upkeepDue(): void {
    const now = Date.now();
    const late = now - this.#upkeptAt - UPKEEP_MS;
    this.#upkeptAt = now;
    // The machine slept, or computed: clients may have spoken, and were not heard.
    if (late > 0) this.sessions.excuse(late);
    if (this.#tidying !== null) return;
    this.#tidying = this.#tidy(now)
      .catch(this.#options.report)
      .finally(() => {
        this.#tidying = null;
      });
  }

  async #tidy(now: number): Promise<void> {
    this.futures.tidy(now);
    for (const id of this.sessions.silent(now)) {
      // Others took their time to end, and this one may have spoken.
      if (this.sessions.isSilent(id, now)) await this.endSession(id, 'has ended: nothing was heard of it for long');
    }
    await this.checkpoints.expire(now);
  }
}

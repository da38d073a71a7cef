// The embedded engine: the models that are open, and one queue of work, for the sessions of any number of runs.

import type { Device } from './device.ts';
import { FairQueue } from './fair_queue.ts';
import { Models } from './models.ts';
import { LocalServiceClient, type SessionOptions } from './service.ts';

export interface EngineOptions {
  threads: number;
  /** What computes; the CPU unless said otherwise. */
  device?: Device;
}

export class Engine {
  readonly #options: Required<EngineOptions>;
  readonly #queue = new FairQueue();
  readonly #models = new Models(this.#queue.session().lane());
  readonly #sessions = new Set<LocalServiceClient>();

  constructor({ threads, device = 'cpu' }: EngineOptions) {
    this.#options = { threads, device };
  }

  /** A service for one run: its own checkpoints and seed, and its own turns in the queue; models are shared by all. */
  session(options: SessionOptions): LocalServiceClient {
    const session = new LocalServiceClient(options, {
      ...this.#options,
      models: this.#models,
      queue: this.#queue.session(),
      closed: () => this.#sessions.delete(session),
    });
    this.#sessions.add(session);
    return session;
  }

  /** Closes every session that is still open. */
  async close(): Promise<void> {
    await Promise.all([...this.#sessions].map((session) => session.close()));
  }
}

/** An engine with one session, as a command or a test has it. */
export function openLocalService(options: EngineOptions & SessionOptions): LocalServiceClient {
  return new Engine(options).session(options);
}

// Sessions of clients: each ends when its client says so, or when nothing is heard of it any more.

import { randomUUID } from 'node:crypto';
import type { CustomLossFn } from '../clients.ts';
import type { Limits } from './limits.ts';
import { Refusal } from './refusal.ts';

export interface Session {
  readonly id: string;
  readonly user_metadata: Record<string, string>;
  readonly display_name: string | null;
  /** Ids of what was made in it. */
  readonly models: Set<string>;
  readonly samplers: Set<string>;
  /** What its client has taught the server, by the ids that passes name. */
  readonly losses: Map<string, CustomLossFn>;
  /** Numbers for clients that sample through copies of one sampler. */
  clones: number;
  heardAt: number;
}

/** How many that have ended are told from those that never were. */
const MAX_ENDED = 10_000;

export class Sessions {
  readonly #limits: Pick<Limits, 'sessions' | 'silenceMs'>;
  readonly #open = new Map<string, Session>();
  readonly #ended = new Map<string, string>();

  constructor(limits: Pick<Limits, 'sessions' | 'silenceMs'>) {
    this.#limits = limits;
  }

  create(about: Pick<Session, 'user_metadata' | 'display_name'>): Session {
    if (this.#open.size >= this.#limits.sessions) {
      throw new Refusal(429, `${this.#open.size} sessions are open, which is all that this server takes`);
    }
    const id = randomUUID();
    const session = {
      ...about,
      id,
      models: new Set<string>(),
      samplers: new Set<string>(),
      losses: new Map<string, CustomLossFn>(),
      clones: 0,
      heardAt: Date.now(),
    };
    this.#open.set(id, session);
    return session;
  }

  /** The session of this id, of which something is heard now. Throws a Refusal for one that has ended or never was. */
  get(id: string): Session {
    const session = this.#open.get(id);
    if (session !== undefined) {
      session.heardAt = Date.now();
      return session;
    }
    const why = this.#ended.get(id);
    if (why !== undefined) throw new Refusal(410, `session ${id} ${why}`);
    throw new Refusal(404, `there is no session ${id}; after a restart of the server, clients create a new one`);
  }

  /** The session in which this was made: ids of models, samplers and requests begin with that of their session. */
  of(id: string): Session {
    return this.get(id.split(':', 1)[0]);
  }

  ids(): string[] {
    return [...this.#open.keys()];
  }

  /** False if it had ended before: the first end counts. */
  end(id: string, why: string): boolean {
    const wasOpen = this.#open.delete(id);
    if (!wasOpen) return false;
    this.#ended.set(id, why);
    for (const oldest of this.#ended.keys()) {
      if (this.#ended.size <= MAX_ENDED) break;
      this.#ended.delete(oldest);
    }
    return true;
  }

  /** Those of which nothing has been heard for long. */
  silent(now: number): string[] {
    return [...this.#open.values()].flatMap(({ id, heardAt }) => (now - heardAt > this.#limits.silenceMs ? [id] : []));
  }
}

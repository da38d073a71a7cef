// Sessions of clients: each ends when its client says so, or when nothing is heard of it any more.

import { randomUUID } from 'node:crypto';
import type { CustomLossFn } from '../clients.ts';
import { endsOf, type Limits } from './limits.ts';
import { Refusal } from './refusal.ts';

export interface Session {
  readonly id: string;
  readonly created_at: string;
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
  end: SessionEnd | null;
}

export interface SessionEnd {
  /** For whoever still asks for it. */
  why: string;
  /** What its client said; null where it said nothing. */
  finished: { reason: string; detail: string | null } | null;
}

/** How many that have ended are known, with what their clients said of them. */
const MAX_ENDED = 1000;

export class Sessions {
  readonly #limits: Pick<Limits, 'sessions' | 'silenceMs'>;
  readonly #open = new Map<string, Session>();
  readonly #ended = new Map<string, Session>();

  constructor(limits: Pick<Limits, 'sessions' | 'silenceMs'>) {
    this.#limits = limits;
  }

  create(about: Pick<Session, 'user_metadata' | 'display_name'>): Session {
    if (this.#open.size >= this.#limits.sessions) {
      throw new Refusal(
        429,
        `${this.#open.size} sessions are open, which is all that this server takes: ${endsOf(this.#limits)}`,
      );
    }
    const id = randomUUID();
    const now = Date.now();
    const session = {
      ...about,
      id,
      created_at: new Date(now).toISOString(),
      models: new Set<string>(),
      samplers: new Set<string>(),
      losses: new Map<string, CustomLossFn>(),
      clones: 0,
      heardAt: now,
      end: null,
    };
    this.#open.set(id, session);
    return session;
  }

  /** Whether it is open; it is not heard of by this. */
  has(id: string): boolean {
    return this.#open.has(id);
  }

  /** The session of this id, of which something is heard now. Throws a Refusal for one that has ended or never was. */
  get(id: string): Session {
    const session = this.#open.get(id);
    if (session !== undefined) {
      session.heardAt = Date.now();
      return session;
    }
    const why = this.#ended.get(id)?.end?.why;
    if (why !== undefined) throw new Refusal(410, `session ${id} ${why}`);
    throw new Refusal(404, `there is no session ${id}; after a restart of the server, clients create a new one`);
  }

  /** The session in which this was made: ids of models, samplers and requests begin with that of their session. */
  of(id: string): Session {
    return this.get(id.split(':', 1)[0]);
  }

  /** Open or not; it is not heard of by this. Throws a Refusal for one of which nothing is known. */
  about(id: string): Session {
    return this.#ended.get(id) ?? this.#open.get(id) ?? this.get(id);
  }

  open(): readonly Session[] {
    return [...this.#open.values()];
  }

  /** Of those that are open. */
  ids(): string[] {
    return [...this.#open.keys()];
  }

  /** Open or not, newest first. */
  all(): Session[] {
    return [...this.#ended.values(), ...this.#open.values()].sort(newestFirst);
  }

  /** The session, for whoever gives back what it has; null if it had ended before: the first end counts. */
  end(id: string, end: SessionEnd): Session | null {
    const session = this.#open.get(id);
    if (session === undefined) return null;
    this.#open.delete(id);
    // Samplers and losses end with it, and there may be many.
    this.#ended.set(id, { ...session, samplers: new Set(), losses: new Map(), end });
    for (const oldest of this.#ended.keys()) {
      if (this.#ended.size <= MAX_ENDED) break;
      this.#ended.delete(oldest);
    }
    return session;
  }

  /** Those of which nothing has been heard for long. */
  silent(now: number): string[] {
    return this.ids().filter((id) => this.isSilent(id, now));
  }

  isSilent(id: string, now: number): boolean {
    const session = this.#open.get(id);
    return session !== undefined && now - session.heardAt > this.#limits.silenceMs;
  }

  /** Time in which nobody could be heard is no silence. */
  excuse(ms: number): void {
    for (const session of this.#open.values()) session.heardAt += ms;
  }
}

/** The order in which sessions are shown. */
export function newestFirst(a: Pick<Session, 'created_at' | 'id'>, b: Pick<Session, 'created_at' | 'id'>): number {
  return order(b.created_at, a.created_at) || order(b.id, a.id);
}

const order = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

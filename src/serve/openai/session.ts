// The session in which clients of OpenAI's API sample, who have none of their own: opened for the first of them, ended by the
// server when none of them is heard of any more, and then opened again.

import { isOfUser, shuttingDown } from '../../tinker/server/refusal.ts';
import type { SampleRequest } from '../../tinker/server/samplers.ts';
import type { Session } from '../../tinker/server/sessions.ts';
import type { TinkerServer } from '../../tinker/server/tinker_server.ts';
import type { SampleResponse } from '../../tinker/types.ts';
import { seedFor } from '../../util/random.ts';
import { OpenAiError } from './errors.ts';
import type { NamedModel } from './models.ts';

/** Samplers that are kept for the next request. Weights are held by fewer: the server sees to that. */
const MAX_SAMPLERS = 64;

interface Kept {
  id: string;
  /** Requests that are computed. */
  busy: number;
}

export class OpenAiSession {
  readonly #server: TinkerServer;
  #session: Session | null = null;
  /** By model; the one that was used last comes last. */
  #samplers = new Map<string, Kept>();
  #opened = 0;
  #requests = 0;
  #waiting = 0;

  constructor(server: TinkerServer) {
    this.#server = server;
  }

  /** Requests that are not answered yet. */
  get waiting(): number {
    return this.#waiting;
  }

  /** A seed for a request that has none: another one for each, and the same ones after a restart. */
  nextSeed(): number {
    return seedFor(0, 'openai', this.#requests++);
  }

  /** @throws OpenAiError while too many requests wait, Refusal when the server ends */
  async sample(model: NamedModel, request: SampleRequest): Promise<SampleResponse> {
    const { futures, limits, samplers } = this.#server;
    if (futures.pending + this.#waiting >= limits.pendingRequests) {
      throw new OpenAiError(`${this.#waiting} requests wait; send this one again when some of them are done`, {
        status: 429,
      });
    }
    if (this.#server.isClosing) throw shuttingDown();
    const session = this.#heard();
    const kept = this.#samplerOf(model, session);
    kept.busy += 1;
    this.#waiting += 1;
    const { onToken } = request.options;
    const heard = (token: number, member: number) => {
      session.heardAt = Date.now();
      onToken?.(token, member);
    };
    try {
      return await samplers.sample(kept.id, { ...request, options: { ...request.options, onToken: heard } });
    } catch (error) {
      // Its sampler was closed under it: nothing is wrong with the request.
      throw this.#server.isClosing && isOfUser(error) ? shuttingDown() : error;
    } finally {
      kept.busy -= 1;
      this.#waiting -= 1;
      session.heardAt = Date.now();
    }
  }

  #heard(): Session {
    const { sessions } = this.#server;
    if (this.#session === null || !sessions.has(this.#session.id)) {
      this.#session = sessions.create({ user_metadata: {}, display_name: 'OpenAI API' });
      this.#samplers = new Map();
    }
    return sessions.get(this.#session.id);
  }

  #samplerOf(model: NamedModel, session: Session): Kept {
    const { served, checkpoint } = model;
    const key = checkpoint === null ? served.name : `${checkpoint.path} ${checkpoint.time}`;
    const known = this.#samplers.get(key);
    const kept = known ?? { id: `${session.id}:sample:${this.#opened++}`, busy: 0 };
    if (known === undefined) this.#add(kept.id, model, session);
    this.#samplers.delete(key);
    this.#samplers.set(key, kept);
    this.#makeRoom(session);
    return kept;
  }

  #add(id: string, { served, checkpoint }: NamedModel, session: Session): void {
    const { samplers } = this.#server;
    const service = this.#server.serviceOf(session.id);
    const weights = checkpoint === null ? {} : { model_path: checkpoint.directory };
    samplers.add({ id, base_model: served.name, model_path: checkpoint?.path ?? null }, () =>
      service.createSamplingClient({ base_model: served.source, ...weights }),
    );
    session.samplers.add(id);
  }

  #makeRoom(session: Session): void {
    for (const [key, { id, busy }] of [...this.#samplers].slice(0, -1)) {
      if (this.#samplers.size <= MAX_SAMPLERS) return;
      if (busy > 0) continue;
      this.#samplers.delete(key);
      session.samplers.delete(id);
      void this.#server.samplers.end(id);
    }
  }
}

// A run's end of the connection to its engine: requests and their answers, any number at a time.

import { connect } from 'node:net';
import { EngineLostError } from '../../tinker/shared_engine.ts';
import { unlessAborted } from '../../util/abort.ts';
import { RequestError } from '../../util/errors.ts';
import { receivedError } from './errors.ts';
import { Link } from './link.ts';
import { type Reply, type Request, replyOf, type Submission } from './protocol.ts';

type Guard<T> = (value: unknown) => value is T;

interface Waiting {
  accepted(): void;
  resolve(value: unknown): void;
  reject(error: unknown): void;
  told(token: number, member: number): void;
}

const nothing = (): void => undefined;

/** A request that has no number yet. */
type Unnumbered<R> = R extends { id: number } ? Omit<R, 'id'> : never;

export interface AskOptions {
  /** Aborted, the request rejects at once, and the engine computes it no further. */
  signal?: AbortSignal;
  /** Told of tokens. If it throws, the request fails with that. */
  onToken?: (token: number, member: number) => void;
}

export class Connection {
  /** Rejects when the engine has gone, before any request does. */
  readonly lost: Promise<never>;
  readonly #link: Link;
  readonly #waiting = new Map<number, Waiting>();
  #lose: (error: EngineLostError) => void = nothing;
  #requests = 0;
  /** Whether nothing is answered any more: this end has closed it, or the engine has gone. */
  #over: 'closed' | EngineLostError | null = null;

  /** `notify` is told of what takes long. */
  constructor(socket: string, notify: (message: string) => void) {
    this.lost = new Promise((_, reject) => {
      this.#lose = reject;
    });
    this.lost.catch(nothing);
    this.#link = new Link(connect(socket), {
      side: 'run',
      onTurn: (messages) => {
        for (const message of messages) this.#hear(replyOf(message), notify);
      },
      onEnd: (cause) => this.#end(cause),
    });
  }

  async ask<T>(request: Unnumbered<Request>, guard: Guard<T>, { signal, onToken }: AskOptions = {}): Promise<T> {
    this.#requests += 1;
    const id = this.#requests;
    const told = (token: number, member: number) => {
      try {
        onToken?.(token, member);
      } catch (error) {
        this.#waiting.get(id)?.reject(error);
      }
    };
    try {
      return await unlessAborted(signal, this.#answer({ ...request, id }, { guard, told }));
    } catch (error) {
      // Nobody waits for it any more.
      if (this.#waiting.delete(id)) this.#link.send({ op: 'abort', id });
      throw error;
    }
  }

  /** A request whose place among others counts: resolves when it has one. */
  submit<T>(request: Unnumbered<Submission>, guard: Guard<T>): Promise<{ result(): Promise<T> }> {
    this.#requests += 1;
    const id = this.#requests;
    return new Promise((resolve, reject) => {
      const accepted = () => resolve({ result: () => done });
      const done = this.#answer({ ...request, id }, { guard, accepted });
      // A refusal; later, whoever submits may never ask what came of it.
      done.catch(reject);
    });
  }

  close(): void {
    this.#over ??= 'closed';
    this.#link.end();
  }

  #answer<T>(
    request: Request,
    { guard, accepted = nothing, told = nothing }: { guard: Guard<T> } & Partial<Pick<Waiting, 'accepted' | 'told'>>,
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.#over !== null) return reject(this.#over === 'closed' ? closed(request) : this.#over);
      this.#link.send(request);
      this.#waiting.set(request.id, {
        accepted,
        told,
        reject,
        resolve: (value) =>
          guard(value)
            ? resolve(value)
            : reject(new Error(`the engine has answered ${request.op} with something else`)),
      });
    });
  }

  #hear(reply: Reply, notify: (message: string) => void): void {
    if (reply.type === 'notice') {
      notify(reply.message);
      return;
    }
    const waiting = this.#waiting.get(reply.id);
    if (reply.type === 'result' || reply.type === 'error') this.#waiting.delete(reply.id);
    switch (reply.type) {
      case 'accepted':
        waiting?.accepted();
        break;
      case 'token':
        waiting?.told(reply.token, reply.member);
        break;
      case 'result':
        waiting?.resolve(reply.value);
        break;
      case 'error':
        waiting?.reject(receivedError(reply.error));
    }
  }

  #end(cause: unknown): void {
    if (this.#over === null) {
      const lost = new EngineLostError(cause ?? undefined);
      this.#over = lost;
      this.#lose(lost);
    }
    const over = this.#over;
    for (const { reject } of this.#waiting.values()) reject(over === 'closed' ? new RequestError(CLOSED) : over);
    this.#waiting.clear();
  }
}

const CLOSED = 'this service client is closed';

function closed(request: Request): RequestError {
  const isOfClient = 'client' in request && request.client !== null;
  return new RequestError(isOfClient ? 'this client is closed' : CLOSED);
}

// Which requests of a sampler are done, for clients that ask about all of them at once: in the order in which they were done, each told
// until the client says that it has heard of it.

import { woken } from './waiting.ts';

export interface Completion {
  request_id: string;
  state: 'finished' | 'failed';
}

interface Target {
  /** By request; `at` counts over all targets, so that a cursor stays right when a target is forgotten in between. */
  readonly done: Map<string, { at: number; state: Completion['state'] }>;
  /** Polls that wait. */
  readonly waiting: Set<() => void>;
}

export class Completions {
  readonly #targets = new Map<string, Target>();
  #last = 0;
  #isClosed = false;

  add(target: string, request_id: string, state: Completion['state']): void {
    const { done, waiting } = this.#target(target);
    done.set(request_id, { at: ++this.#last, state });
    for (const wake of [...waiting]) wake();
  }

  /** Of a request whose result is not kept any more. */
  drop(target: string, request_id: string): void {
    this.#targets.get(target)?.done.delete(request_id);
    this.#forget(target);
  }

  /** What was done behind `cursor`, which the client has heard of up to there; waits for something, if there is nothing yet. */
  async poll(
    target: string,
    { cursor, timeoutMs, signal }: { cursor: number; timeoutMs: number; signal: AbortSignal },
  ): Promise<{ completions: Completion[]; cursor: number }> {
    const known = this.#target(target);
    for (const [id, { at }] of known.done) if (at <= cursor) known.done.delete(id);
    if (known.done.size === 0 && timeoutMs > 0 && !this.#isClosed) await woken(known.waiting, timeoutMs, signal);
    const completions = [...known.done].map(([request_id, { state }]) => ({ request_id, state }));
    const last = Math.max(cursor, ...[...known.done.values()].map(({ at }) => at));
    this.#forget(target);
    return { completions, cursor: last };
  }

  /** Polls are answered at once from now on. */
  close(): void {
    this.#isClosed = true;
    for (const { waiting } of this.#targets.values()) for (const wake of [...waiting]) wake();
  }

  #target(name: string): Target {
    const target = this.#targets.get(name) ?? { done: new Map(), waiting: new Set() };
    this.#targets.set(name, target);
    return target;
  }

  #forget(name: string): void {
    const target = this.#targets.get(name);
    if (target?.done.size === 0 && target.waiting.size === 0) this.#targets.delete(name);
  }
}

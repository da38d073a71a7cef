// The requests of one model in the order of their numbers, whatever order they arrive in.

import { RequestError } from '../../util/errors.ts';

interface Turn {
  run(): Promise<void>;
  refuse(reason: unknown): void;
}

const NOTHING: Turn = { run: () => Promise.resolve(), refuse: () => undefined };

export class Sequence {
  readonly #gapMs: number;
  readonly #arrived = new Map<number, Turn>();
  /** Of the request that is neither done nor begun. */
  #next = 1;
  #running: Promise<void> | null = null;
  #gap: NodeJS.Timeout | undefined;
  #closed: { reason: unknown } | null = null;

  constructor(gapMs: number) {
    this.#gapMs = gapMs;
  }

  /** Whether the request of this number has arrived before, or will not be waited for any more. */
  isTaken(seq: number): boolean {
    return seq < this.#next || this.#arrived.has(seq);
  }

  /** Does the work when that of all smaller numbers is done; one that fails does not stop those behind it. */
  run<T>(seq: number, work: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.#closed !== null) return reject(this.#closed.reason);
      this.#arrived.set(seq, { run: () => work().then(resolve, reject), refuse: reject });
      this.#go();
    });
  }

  /** Counts a request that was refused as done: its client takes the next number for the next. */
  skip(seq: number): void {
    if (this.#closed !== null || this.isTaken(seq)) return;
    this.#arrived.set(seq, NOTHING);
    this.#go();
  }

  /** Refuses what has not begun, and waits for what has. */
  async close(reason: unknown): Promise<void> {
    this.#closed ??= { reason };
    this.#refuseAll(reason);
    await this.#running;
  }

  #go(): void {
    if (this.#running === null && this.#arrived.has(this.#next)) {
      this.#running = this.#runAll().finally(() => {
        this.#running = null;
        this.#go();
      });
    }
    this.#watchGap();
  }

  async #runAll(): Promise<void> {
    for (let turn = this.#take(); turn !== undefined; turn = this.#take()) await turn.run();
  }

  #take(): Turn | undefined {
    const turn = this.#arrived.get(this.#next);
    if (turn !== undefined) this.#arrived.delete(this.#next++);
    return turn;
  }

  /** A client that could not send a request goes on with the next: nothing of what follows may wait for ever. */
  #watchGap(): void {
    const isGap = this.#running === null && this.#arrived.size > 0;
    if (!isGap) {
      clearTimeout(this.#gap);
      this.#gap = undefined;
      return;
    }
    this.#gap ??= setTimeout(() => this.#giveUp(), this.#gapMs).unref();
  }

  #giveUp(): void {
    this.#gap = undefined;
    const missing = this.#next;
    const last = Math.max(...this.#arrived.keys());
    this.#refuseAll(
      new RequestError(
        `request ${missing} of this model has not arrived in ${Math.round(this.#gapMs / 1000)} s, so what came behind it is not computed`,
        { hint: 'Go on from the last checkpoint: what the missing request was to do is not done.' },
      ),
    );
    this.#next = last + 1;
  }

  #refuseAll(reason: unknown): void {
    clearTimeout(this.#gap);
    this.#gap = undefined;
    const turns = [...this.#arrived.values()];
    this.#arrived.clear();
    for (const { refuse } of turns) refuse(reason);
  }
}

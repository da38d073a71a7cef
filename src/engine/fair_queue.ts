// One thing at a time, by turns: sessions take turns, in a session its clients do, and what one client asks for keeps its order.

interface Taker {
  /** Whether there is something to do. */
  readonly waits: boolean;
  serve(): Promise<void>;
}

/** Those who wait, next first. Whoever was served goes to the end. */
class Turns implements Taker {
  readonly #waiting: Taker[] = [];
  #served: Taker | undefined;

  get waits(): boolean {
    return this.#waiting.length > 0;
  }

  join(taker: Taker): void {
    if (taker !== this.#served && !this.#waiting.includes(taker)) this.#waiting.push(taker);
  }

  async serve(): Promise<void> {
    const next = this.#waiting.shift();
    this.#served = next;
    await next?.serve();
    this.#served = undefined;
    // Only now, behind all who came meanwhile.
    if (next?.waits) this.join(next);
  }
}

/** Runs work for many sessions. Each piece of work is short (one pass of a graph), so a turn comes soon to everybody. */
export class FairQueue {
  readonly #sessions = new Turns();
  #busy = false;

  /** A place for a session, of which its clients take lanes. */
  session(): { lane(): Lane } {
    const lanes = new Turns();
    return {
      lane: () => {
        const lane = new Lane(() => {
          lanes.join(lane);
          this.#sessions.join(lanes);
          void this.#run();
        });
        return lane;
      },
    };
  }

  async #run(): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    while (this.#sessions.waits) await this.#sessions.serve();
    this.#busy = false;
  }
}

interface Entry {
  run(): Promise<void>;
  refuse(reason: unknown): void;
}

/** A client's place in the queue. */
export class Lane implements Taker {
  readonly #join: () => void;
  #entries: Entry[] = [];
  #closed: { reason: unknown } | null = null;

  constructor(join: () => void) {
    this.#join = join;
  }

  /** Runs the work when its turn comes. */
  run<T>(work: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.#closed !== null) return reject(this.#closed.reason);
      this.#entries.push({ run: () => work().then(resolve, reject), refuse: reject });
      this.#join();
    });
  }

  throwIfClosed(): void {
    if (this.#closed !== null) throw this.#closed.reason;
  }

  /** What waits is refused with the reason, and so is all that comes; what runs is finished. */
  close(reason: unknown): void {
    this.#closed ??= { reason };
    for (const { refuse } of this.#entries.splice(0)) refuse(reason);
  }

  get waits(): boolean {
    return this.#entries.length > 0;
  }

  async serve(): Promise<void> {
    await this.#entries.shift()?.run();
  }
}

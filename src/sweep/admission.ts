// Which runs may run side by side: as many as there are slots, and no more than the machine has room for.

import { type Capacity, type Resources, SHARED } from './resources.ts';

/** So often the run that waits longest is passed by smaller ones; then room is kept until it fits. */
const MOST_OVERTAKEN = 8;

interface Waiting {
  /** Its place in the order of arrival. */
  number: number;
  overtaken: number;
  admit(): void;
}

/** Runs of one size, in the order of their arrival. */
interface Lane {
  size: Resources;
  waiting: Waiting[];
}

/**
 * A run that does not fit now waits, and others that do fit go before it, a bounded number of times. What a run's size leaves open
 * is nothing that it waits for. One that is larger than the machine runs alone.
 */
export class Admission {
  readonly #slots: number;
  readonly #capacity: Capacity | null;
  readonly #lanes = new Map<Resources, Lane>();
  readonly #used = { cpus: 0, memory_gb: 0, gpus: 0 };
  #running = 0;
  #arrivals = 0;

  constructor({ slots, capacity = null }: { slots: number; capacity?: Capacity | null }) {
    this.#slots = slots;
    this.#capacity = capacity;
  }

  /** Runs the operation once there is room for it. */
  async run<T>(size: Resources, operation: () => Promise<T>): Promise<T> {
    await new Promise<void>((admit) => {
      const lane = this.#lanes.get(size) ?? { size, waiting: [] };
      this.#lanes.set(size, lane);
      lane.waiting.push({ number: this.#arrivals++, overtaken: 0, admit });
      this.#admit();
    });
    try {
      return await operation();
    } finally {
      this.#running -= 1;
      for (const name of SHARED) this.#used[name] -= size[name] ?? 0;
      // Sums of fractions leave crumbs.
      if (this.#running === 0) for (const name of SHARED) this.#used[name] = 0;
      this.#admit();
    }
  }

  #admit(): void {
    while (this.#running < this.#slots) {
      const lane = this.#next();
      const next = lane?.waiting.shift();
      if (lane === undefined || next === undefined) return;
      this.#running += 1;
      for (const name of SHARED) this.#used[name] += lane.size[name] ?? 0;
      next.admit();
    }
  }

  /** The lane whose first is next; undefined where nobody waits who may go now. */
  #next(): Lane | undefined {
    const lanes = [...this.#lanes.values()].filter(({ waiting }) => waiting.length > 0);
    lanes.sort((a, b) => (a.waiting[0]?.number ?? 0) - (b.waiting[0]?.number ?? 0));
    const fitting = lanes.find(({ size }) => this.#fits(size));
    const [oldest] = lanes;
    if (fitting === undefined || fitting === oldest) return fitting;
    const first = oldest?.waiting[0];
    if (first === undefined || first.overtaken === MOST_OVERTAKEN) return undefined;
    first.overtaken += 1;
    return fitting;
  }

  #fits(size: Resources): boolean {
    const capacity = this.#capacity;
    if (capacity === null || this.#running === 0) return true;
    return SHARED.every((name) => this.#used[name] + (size[name] ?? 0) <= capacity[name] + CRUMB);
  }
}

const CRUMB = 1e-9;

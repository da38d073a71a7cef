// Groups that are rolled out while others are trained on: a bounded number of slots, each taken by a group from the moment it
// is begun until it has been trained on. The number of slots bounds how far behind policies are, but for a group that younger
// ones overtake.

import type { Sampler } from './run.ts';
import type { EnvGroupBuilder, RolledOutGroup } from './types.ts';

/** A group that is still to come. */
export interface PlannedGroup {
  ordinal: number;
  builder: EnvGroupBuilder;
}

export interface QueueOptions {
  /** Groups that are begun and not yet trained on. */
  slots: number;
  /** Groups that are taken in all: no more are begun than that takes. */
  wanted: number;
  planned: Iterator<PlannedGroup>;
  sampler: Sampler;
  /** Null: it came to nothing, and its slot is free again. */
  rollOut(planned: PlannedGroup, sampler: Sampler, signal: AbortSignal): Promise<RolledOutGroup | null>;
  /** Aborted when the run is asked to stop. */
  signal: AbortSignal;
}

/** The policy of the moment, which is closed when no group needs it any more. */
interface SharedSampler {
  sampler: Sampler;
  users: number;
  retired: boolean;
}

export class RolloutQueue {
  readonly #options: QueueOptions;
  readonly #closing = new AbortController();
  readonly #signal: AbortSignal;
  /** By ordinal. A group that failed or was given up stays, since it is still to be trained on. */
  readonly #inFlight = new Map<number, Promise<void>>();
  readonly #ready: RolledOutGroup[] = [];
  /** Handed out and not yet released. */
  #taken: RolledOutGroup[] = [];
  #wanted: number;
  #exhausted = false;
  #shared: SharedSampler;
  #failure: { error: unknown } | null = null;
  #changed = signalOnce();

  constructor(options: QueueOptions) {
    this.#options = options;
    this.#wanted = options.wanted;
    this.#shared = { sampler: options.sampler, users: 0, retired: false };
    this.#signal = AbortSignal.any([options.signal, this.#closing.signal]);
    this.#fill();
  }

  /** Ordinals of the groups that are begun and not yet trained on: a run that goes on rolls them out again. */
  get pending(): number[] {
    const there = [...this.#ready, ...this.#taken].map(({ ordinal }) => ordinal);
    return [...this.#inFlight.keys(), ...there].sort((a, b) => a - b);
  }

  /**
   * The next `count` groups, those of the oldest policy first; fewer when no more are to come. Their slots stay taken until
   * `release`.
   */
  async take(count: number): Promise<RolledOutGroup[]> {
    while (this.#failure === null && this.#ready.length < count && this.#inFlight.size > 0)
      await this.#changed.happened;
    this.#signal.throwIfAborted();
    if (this.#failure !== null) throw this.#failure.error;
    this.#ready.sort((a, b) => a.sampling_client_step - b.sampling_client_step || a.ordinal - b.ordinal);
    const groups = this.#ready.splice(0, count);
    this.#taken.push(...groups);
    this.#wanted -= groups.length;
    return groups;
  }

  /** What was taken has been trained on. New groups are begun in its place, with the policy that came of it. */
  async release(sampler: Sampler): Promise<void> {
    this.#taken = [];
    const before = this.#shared;
    if (sampler !== before.sampler) {
      this.#shared = { sampler, users: 0, retired: false };
      before.retired = true;
      await closeIfUnused(before);
    }
    this.#fill();
  }

  /** Gives up what is under way, and waits until it has let go. */
  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.all(this.#inFlight.values());
    this.#shared.retired = true;
    await closeIfUnused(this.#shared);
  }

  get #hasSlot(): boolean {
    const begun = this.#inFlight.size + this.#ready.length;
    return begun + this.#taken.length < this.#options.slots && begun < this.#wanted;
  }

  #fill(): void {
    while (this.#hasSlot && !this.#exhausted && !this.#signal.aborted && this.#failure === null) {
      const next = this.#options.planned.next();
      if (next.done === true) this.#exhausted = true;
      else this.#inFlight.set(next.value.ordinal, this.#rollOut(next.value, this.#shared));
    }
    this.#changed.happen();
    this.#changed = signalOnce();
  }

  async #rollOut(planned: PlannedGroup, shared: SharedSampler): Promise<void> {
    shared.users++;
    try {
      const group = await this.#options.rollOut(planned, shared.sampler, this.#signal);
      if (group !== null) this.#ready.push(group);
      this.#inFlight.delete(planned.ordinal);
    } catch (error) {
      this.#failure ??= { error };
    }
    shared.users--;
    await closeIfUnused(shared).catch((error: unknown) => {
      this.#failure ??= { error };
    });
    this.#fill();
  }
}

async function closeIfUnused({ sampler, users, retired }: SharedSampler): Promise<void> {
  if (retired && users === 0) await sampler.client.close();
}

/** Something to wait for that happens once. */
function signalOnce(): { happened: Promise<void>; happen(): void } {
  let happen = () => {};
  const happened = new Promise<void>((resolve) => {
    happen = resolve;
  });
  return { happened, happen };
}

// Which group is begun next: those of the dataset in order, after those that an earlier attempt had begun and not trained on.

import { isJsonObject, type JsonValue } from '../util/json.ts';
import type { PlannedGroup } from './rollout_queue.ts';
import type { RLDataset } from './types.ts';

export class GroupPlan implements Iterator<PlannedGroup> {
  readonly #dataset: RLDataset;
  readonly #end: number;
  /** Ordinals that a batch takes: the last of an epoch may have fewer groups, and no more ordinals than it has groups. */
  readonly #stride: number;
  readonly #again: number[];
  #next: number;

  /** `restored`: what a checkpoint kept of `position` and of the groups that were pending. */
  constructor(dataset: RLDataset, epochs: number, restored: JsonValue | undefined) {
    const { next = 0, pending = [] } = isJsonObject(restored) ? restored : {};
    this.#dataset = dataset;
    this.#stride = dataset.getBatch(0).length;
    this.#end = dataset.length * epochs * this.#stride;
    this.#next = Number(next);
    this.#again = Array.isArray(pending) ? pending.map(Number) : [];
  }

  /** The ordinal that comes next. */
  get position(): number {
    return this.#next;
  }

  next(): IteratorResult<PlannedGroup, undefined> {
    const ordinal = this.#again.shift() ?? this.#next++;
    if (ordinal >= this.#end) return { done: true, value: undefined };
    const batch = Math.floor(ordinal / this.#stride) % this.#dataset.length;
    const builder = this.#dataset.getBatch(batch)[ordinal % this.#stride];
    return builder === undefined ? this.next() : { done: false, value: { ordinal, builder } };
  }
}

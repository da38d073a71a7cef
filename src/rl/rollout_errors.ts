// How many rollouts have failed in a run, and of what; a checkpoint takes the counts along.

import type { Metrics } from '../training/types.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../util/json.ts';
import type { RolloutError } from './types.ts';

const PREFIX = 'rollout_errors';

const TOTAL = 'total';
const GROUPS_SKIPPED = 'groups_skipped';
/** Kinds that have a metric each; errors with a name of their own every time must not fill the log. */
const MOST_TYPES = 50;
const OTHERS = 'others';

export class RolloutErrorCounter {
  readonly #counts = new Map<string, number>();
  readonly #warn: (message: string) => void;
  readonly #warned = new Set<string>();
  #warnedOfNone = false;

  /** Each kind of error is warned of once. */
  constructor(warn: (message: string) => void, restored?: JsonValue) {
    this.#warn = warn;
    if (!isJsonObject(restored)) return;
    for (const [key, count] of Object.entries(restored)) if (typeof count === 'number') this.#counts.set(key, count);
  }

  count(errors: readonly RolloutError[], { skipped }: { skipped: boolean }): void {
    for (const { error_type: given, error_message } of errors) {
      const error_type = this.#nameOf(given);
      this.#add(error_type);
      this.#add(TOTAL);
      if (this.#warned.has(error_type)) continue;
      this.#warned.add(error_type);
      this.#warn(
        `a rollout failed: ${error_type}: ${error_message} (counted under ${PREFIX}/${error_type} from now on)`,
      );
    }
    if (skipped) this.#add(GROUPS_SKIPPED);
  }

  /** Warns, once, of a step that is left with no group to train on. */
  ofStep(step: number, groups: number): void {
    if (groups > 0 || this.#warnedOfNone) return;
    this.#warnedOfNone = true;
    this.#warn(
      `step ${step} trains on nothing: all of its groups were left out; rollout_error_tolerance=fail_fast ends a run with the first error and its stack`,
    );
  }

  /** `rollout_errors/TYPE`, `/total` and `/groups_skipped` of all that there was so far; nothing where nothing failed. */
  metrics(): Metrics {
    return Object.fromEntries([...this.#counts].sort().map(([key, count]) => [`${PREFIX}/${key}`, count]));
  }

  /** For the checkpoint. */
  get state(): JsonObject {
    return Object.fromEntries([...this.#counts].sort());
  }

  /** The totals are no names of errors. */
  #nameOf(type: string): string {
    const name = type === TOTAL || type === GROUPS_SKIPPED ? `${type}_` : type;
    return this.#counts.has(name) || this.#counts.size < MOST_TYPES ? name : OTHERS;
  }

  #add(key: string): void {
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
  }
}

// The models that an engine has open: each once, however many clients use it, and let go of when the last of them is closed.

import type { Lane } from './fair_queue.ts';
import type { Model } from './model.ts';

/** A counted reference. */
export interface ModelReference {
  readonly model: Model;
  /** Another reference to the same model. */
  again(): ModelReference;
  /** Gives this one back; waits until the model is let go of if it was the last. */
  release(): Promise<void>;
}

interface Entry {
  key: string;
  model: Promise<Model>;
  references: number;
}

export class Models {
  readonly #entries = new Map<string, Entry>();
  readonly #upkeep: Lane;

  /** What is released is released in turn, when no graph runs. */
  constructor(upkeep: Lane) {
    this.#upkeep = upkeep;
  }

  /** The model of that key, opened if nobody has it. What failed to open is opened anew for the next who asks. */
  async open(key: string, open: () => Promise<Model>): Promise<ModelReference> {
    const entry = this.#entries.get(key) ?? { key, model: open(), references: 0 };
    this.#entries.set(key, entry);
    entry.references += 1;
    try {
      return this.#reference(entry, await entry.model);
    } catch (error) {
      this.#forget(entry);
      throw error;
    }
  }

  #reference(entry: Entry, model: Model): ModelReference {
    let held = true;
    return {
      model,
      again: () => {
        entry.references += 1;
        return this.#reference(entry, model);
      },
      release: async () => {
        if (!held) return;
        held = false;
        entry.references -= 1;
        if (entry.references > 0) return;
        this.#forget(entry);
        await this.#upkeep.run(() => model.release());
      },
    };
  }

  #forget(entry: Entry): void {
    if (this.#entries.get(entry.key) === entry) this.#entries.delete(entry.key);
  }
}

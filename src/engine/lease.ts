// What a client holds of the engine: a model, and a lane in the queue in which everything that it computes is computed.

import { RequestError } from '../util/errors.ts';
import type { Lane } from './fair_queue.ts';
import type { Model } from './model.ts';
import type { ModelReference } from './models.ts';

export class Lease {
  readonly model: Model;
  readonly lane: Lane;
  readonly #reference: ModelReference;
  readonly #onClose: () => void;

  constructor(reference: ModelReference, lane: Lane, onClose: () => void) {
    this.model = reference.model;
    this.lane = lane;
    this.#reference = reference;
    this.#onClose = onClose;
  }

  /** Another reference to the model, for another lease. */
  modelAgain(): ModelReference {
    return this.#reference.again();
  }

  /** Refuses what waits and what comes, lets what runs finish, and gives back the model. */
  async close(): Promise<void> {
    this.lane.close(new RequestError('this client is closed'));
    this.#onClose();
    await this.#reference.release();
  }
}

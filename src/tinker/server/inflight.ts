// Weights that all inflight samplers of a model share: each save advances them, for the samplers of earlier saves too.

import type { SamplingClient } from '../clients.ts';

/** What a sampler is asked for. */
export type SamplesFrom = Pick<SamplingClient, 'sample' | 'close'>;

interface Weights {
  client: SamplesFrom;
  /** Requests that are computed. */
  busy: number;
}

export class InflightWeights {
  #current: Weights | null = null;

  /** From the next request on, every sampler has these. A request that is computed finishes with the weights that it began with. */
  advance(client: SamplesFrom): void {
    const before = this.#current;
    this.#current = { client, busy: 0 };
    if (before !== null) void this.#tidy(before);
  }

  /** One of the samplers. To close it changes nothing for the others. */
  sampler(): SamplesFrom {
    return {
      sample: async (...request) => {
        const weights = this.#current;
        if (weights === null) throw new Error('an inflight sampler is made when there are weights');
        weights.busy += 1;
        try {
          return await weights.client.sample(...request);
        } finally {
          weights.busy -= 1;
          await this.#tidy(weights);
        }
      },
      close: () => Promise.resolve(),
    };
  }

  async close(): Promise<void> {
    await this.#current?.client.close();
  }

  /** Gives back weights that are neither the newest nor in use. */
  async #tidy(weights: Weights): Promise<void> {
    if (weights !== this.#current && weights.busy === 0) await weights.client.close().catch(() => undefined);
  }
}

// Samplers: base models, checkpoints, and snapshots of models in training. So many hold weights at once; the one that was used
// longest ago gives its weights back, and opens them again when it is asked for.

import type { RequestOptions, SampleOptions } from '../clients.ts';
import { lengthOf, type ModelInput, type SampleResponse, type SamplingParams } from '../types.ts';
import type { Counters } from './counters.ts';
import { Gathering } from './gathering.ts';
import type { SamplesFrom } from './inflight.ts';
import type { Limits } from './limits.ts';
import { Refusal } from './refusal.ts';

export interface Sampler {
  readonly id: string;
  /** What the server calls its model. */
  readonly base_model: string;
  readonly model_path: string | null;
}

interface Entry extends Sampler {
  /** Null for a snapshot, which cannot be had again. */
  open: (() => Promise<SamplesFrom>) | null;
  client: Promise<SamplesFrom> | null;
  /** Requests that are computed. */
  busy: number;
  readonly gathering: Gathering;
}

export interface SampleRequest extends RequestOptions {
  prompt: ModelInput;
  numSamples: number;
  params: SamplingParams;
  options: Omit<SampleOptions, 'signal'>;
}

export class Samplers {
  readonly #limits: Pick<Limits, 'samplers'>;
  readonly #counters: Counters;
  /** The one that was used last comes last. */
  readonly #entries = new Map<string, Entry>();

  constructor(limits: Pick<Limits, 'samplers'>, counters: Counters) {
    this.#limits = limits;
    this.#counters = counters;
  }

  /** Those that are known, with what of them is held now. */
  list(): (Sampler & { hasWeights: boolean; isSnapshot: boolean; busy: number })[] {
    return [...this.#entries.values()].map(({ id, base_model, model_path, client, open, busy }) => ({
      ...{ id, base_model, model_path, busy },
      hasWeights: client !== null,
      isSnapshot: open === null,
    }));
  }

  has(id: string): boolean {
    return this.#entries.has(id);
  }

  get(id: string): Sampler {
    return this.#entry(id);
  }

  /** One that is opened when it is first asked for. */
  add(sampler: Sampler, open: () => Promise<SamplesFrom>): void {
    const { id, base_model, model_path } = sampler;
    this.#entries.set(id, { id, base_model, model_path, open, client: null, busy: 0, gathering: new Gathering() });
  }

  addSnapshot(sampler: Sampler, client: SamplesFrom): void {
    const { id, base_model, model_path } = sampler;
    const held = { open: null, client: Promise.resolve(client), busy: 0, gathering: new Gathering() };
    this.#entries.set(id, { id, base_model, model_path, ...held });
    this.#makeRoom();
  }

  async sample(id: string, { prompt, numSamples, params, options, signal }: SampleRequest): Promise<SampleResponse> {
    const entry = this.#entry(id);
    this.#entries.delete(id);
    this.#entries.set(id, entry);
    entry.busy += 1;
    try {
      const client = await this.#clientOf(entry);
      const { onToken } = options;
      const counted = this.#counters.sampling(lengthOf(prompt));
      const sampled = () =>
        client.sample(prompt, numSamples, params, {
          ...options,
          ...(signal && { signal }),
          onToken: (token, member) => {
            counted.told();
            onToken?.(token, member);
          },
        });
      const response = await this.#counters.timed('sample', () => entry.gathering.run(sampled));
      counted.done(response);
      return response;
    } finally {
      entry.busy -= 1;
    }
  }

  async end(id: string): Promise<void> {
    const entry = this.#entries.get(id);
    this.#entries.delete(id);
    await closed(entry?.client ?? null);
  }

  #entry(id: string): Entry {
    const entry = this.#entries.get(id);
    if (entry === undefined) throw new Refusal(404, `there is no sampler ${id}`);
    if (entry.client !== null || entry.open !== null) return entry;
    throw new Refusal(
      404,
      `sampler ${id} is a snapshot whose weights were given back: ${this.#limits.samplers} samplers keep theirs`,
    );
  }

  #clientOf(entry: Entry): Promise<SamplesFrom> {
    if (entry.client === null) {
      if (entry.open === null) throw new Refusal(404, `sampler ${entry.id} has no weights any more`);
      const opened = entry.open();
      entry.client = opened;
      // The next who asks tries again.
      opened.catch(() => {
        if (entry.client === opened) entry.client = null;
      });
      this.#makeRoom();
    }
    return entry.client;
  }

  #makeRoom(): void {
    const holding = [...this.#entries.values()].filter(({ client }) => client !== null);
    const idle = holding.slice(0, -1).filter(({ busy }) => busy === 0);
    for (const entry of idle.slice(0, Math.max(0, holding.length - this.#limits.samplers))) {
      const { client } = entry;
      entry.client = null;
      void closed(client);
    }
  }
}

async function closed(client: Promise<SamplesFrom> | null): Promise<void> {
  await client?.then((opened) => opened.close()).catch(() => undefined);
}

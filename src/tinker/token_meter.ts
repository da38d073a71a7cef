// Tokens that a run has had computed, by model and by what is paid for them, and what they cost.

import { isJsonObject, type JsonObject, type JsonValue } from '../util/json.ts';
import { costOf, type PriceTable, priceEntry, TOKEN_KINDS, type TokenCounts } from './prices.ts';

/** Where models are counted that have no price. */
const UNPRICED = '';

export class TokenMeter {
  readonly #prices: PriceTable;
  readonly #notify: (message: string) => void;
  /** By the entries of the table: a model has several names, and one price. */
  readonly #counts = new Map<string, TokenCounts>();

  constructor(prices: PriceTable, notify: (message: string) => void) {
    this.#prices = prices;
    this.#notify = notify;
  }

  count(model: string, tokens: Partial<TokenCounts>): void {
    const entry = priceEntry(this.#prices, model) ?? UNPRICED;
    if (entry === UNPRICED && !this.#counts.has(UNPRICED)) {
      this.#notify(`service.prices has no price of ${model}: tokens are counted, and no cost/* is reported`);
    }
    const counts = this.#counts.get(entry) ?? noTokens();
    for (const kind of TOKEN_KINDS) counts[kind] += tokens[kind] ?? 0;
    this.#counts.set(entry, counts);
  }

  /** All so far, for a row: what is paid in dollars, unless a price is missing, and the tokens that it is paid for. */
  metrics(): Record<string, number> {
    const all = noTokens();
    const cost = { prefill: 0, sample: 0, train: 0 };
    for (const [entry, counts] of [...this.#counts].sort(([a], [b]) => (a < b ? -1 : 1))) {
      for (const kind of TOKEN_KINDS) all[kind] += counts[kind];
      const prices = this.#prices[entry];
      if (prices === undefined) continue;
      const part = costOf(counts, prices);
      cost.prefill += part.prefill;
      cost.sample += part.sample;
      cost.train += part.train;
    }
    const tokens = Object.fromEntries(TOKEN_KINDS.map((kind) => [`tokens/billed/${kind}`, all[kind]]));
    if (this.#counts.has(UNPRICED)) return tokens;
    const { prefill, sample, train } = cost;
    return {
      ...tokens,
      'cost/prefill': prefill,
      'cost/sample': sample,
      'cost/train': train,
      'cost/total': prefill + sample + train,
    };
  }

  /** For the checkpoint. */
  state(): JsonObject {
    return Object.fromEntries([...this.#counts].map(([entry, counts]) => [entry, { ...counts }]));
  }

  /** Counts on from what a checkpoint says. What this attempt has counted before is what an attempt before it has done too. */
  restore(state: JsonValue | undefined): void {
    this.#counts.clear();
    for (const [entry, counts] of Object.entries(isJsonObject(state) ? state : {})) {
      const known = isJsonObject(counts) ? counts : {};
      const restored = noTokens();
      for (const kind of TOKEN_KINDS) restored[kind] = Number(known[kind] ?? 0);
      this.#counts.set(entry, restored);
    }
  }
}

const noTokens = (): TokenCounts => ({ prefill: 0, cached_prefill: 0, sample: 0, train: 0 });

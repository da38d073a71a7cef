// Tokens that a step takes, and what they cost where a price is known (tinker_cookbook/utils/cost_estimation.py).

import { Type } from '@sinclair/typebox';
import { nullable, runtime } from '../registry/fields.ts';
import { lengthOf, type ModelInput, positionsOf } from '../tinker/types.ts';
import type { Metrics } from '../training/types.ts';
import { isJsonObject, type JsonValue } from '../util/json.ts';
import type { RLDatum } from './datums.ts';
import type { TrajectoryGroup } from './types.ts';

const KINDS = ['sampled', 'prefill_cached', 'prefill_uncached', 'trained'] as const;
export type TokenUsage = Record<(typeof KINDS)[number], number>;

const NO_TOKENS: TokenUsage = { sampled: 0, prefill_cached: 0, prefill_uncached: 0, trained: 0 };

export function addUsage(...usages: readonly TokenUsage[]): TokenUsage {
  const sum = { ...NO_TOKENS };
  for (const usage of usages) for (const kind of KINDS) sum[kind] += usage[kind];
  return sum;
}

/** What rolling out a group took. A growing context is read anew in every turn, from the cache as far as it is there. */
export function rolloutUsage({ trajectories_G }: Pick<TrajectoryGroup, 'trajectories_G'>): TokenUsage {
  const usage = { ...NO_TOKENS };
  for (const { ob, ac } of trajectories_G.flatMap(({ transitions }) => transitions)) {
    const cached = ac.prompt_cache_hit_tokens ?? 0;
    usage.sampled += ac.tokens.length;
    usage.prefill_cached += cached;
    usage.prefill_uncached += lengthOf(ob) - cached;
  }
  return usage;
}

export const trainingUsage = (data_D: readonly RLDatum[]): TokenUsage => ({
  ...NO_TOKENS,
  trained: positionsOf(data_D),
});

/** What a request for log-probs took. Services do not tell how much of it they had in their caches. */
export const scoringUsage = (input: ModelInput): TokenUsage => ({ ...NO_TOKENS, prefill_uncached: lengthOf(input) });

const price = (description: string) => runtime(Type.Number({ minimum: 0, description }));

/** In dollars for a million tokens. */
const prices = Type.Object({
  prefill: price('Dollars for a million tokens that are read.'),
  cached_prefill: price('Dollars for a million tokens that are read from the cache.'),
  sample: price('Dollars for a million tokens that are sampled.'),
  train: price('Dollars for a million tokens that are trained on.'),
});
export type TokenPrices = (typeof prices)['static'];

export const priceField = nullable(
  runtime({ ...prices, default: null, description: 'Prices of tokens, to report cost/*; null = tokens only.' }),
);

function dollars(usage: TokenUsage, { prefill, cached_prefill, sample, train }: TokenPrices): number {
  const { sampled, prefill_cached, prefill_uncached, trained } = usage;
  return (prefill_uncached * prefill + prefill_cached * cached_prefill + sampled * sample + trained * train) / 1e6;
}

/** The totals of a run. What is restored of a checkpoint is counted on. */
export class UsageTracker {
  readonly #prices: TokenPrices | null;
  #cumulative: TokenUsage;
  #discarded: TokenUsage;
  #step: TokenUsage = NO_TOKENS;

  constructor(prices: TokenPrices | null, { cumulative = NO_TOKENS, discarded = NO_TOKENS } = {}) {
    this.#prices = prices;
    this.#cumulative = cumulative;
    this.#discarded = discarded;
  }

  /** For the checkpoint. */
  get totals(): { cumulative: TokenUsage; discarded: TokenUsage } {
    return { cumulative: this.#cumulative, discarded: this.#discarded };
  }

  /** The tokens of a step, which replaces the one before. */
  recordStep(usage: TokenUsage): Metrics {
    this.#step = NO_TOKENS;
    return this.extendStep(usage);
  }

  /** More tokens of the same step. */
  extendStep(usage: TokenUsage): Metrics {
    this.#step = addUsage(this.#step, usage);
    this.#cumulative = addUsage(this.#cumulative, usage);
    const metrics = { ...keyed('tokens', this.#step), ...keyed('tokens/cumulative', this.#cumulative) };
    if (this.#prices === null) return metrics;
    return {
      ...metrics,
      'cost/step_usd': dollars(this.#step, this.#prices),
      'cost/cumulative_usd': dollars(this.#cumulative, this.#prices),
    };
  }

  /** Tokens of groups that no step trains on. They are part of the total. */
  recordDiscardedSampling(usage: TokenUsage): Metrics {
    this.#cumulative = addUsage(this.#cumulative, usage);
    this.#discarded = addUsage(this.#discarded, usage);
    return this.#discardedMetrics();
  }

  /** What was discarded so far, for a row that comes later; nothing where nothing was. */
  get discardedMetrics(): Metrics {
    return KINDS.some((kind) => this.#discarded[kind] > 0) ? this.#discardedMetrics() : {};
  }

  #discardedMetrics(): Metrics {
    const metrics = {
      ...keyed('tokens/cumulative', this.#cumulative),
      ...keyed('tokens/discarded', this.#discarded),
    };
    if (this.#prices === null) return metrics;
    return {
      ...metrics,
      'cost/cumulative_usd': dollars(this.#cumulative, this.#prices),
      'cost/discarded_usd': dollars(this.#discarded, this.#prices),
    };
  }
}

/** What a checkpoint kept of `totals`. */
export function restoredTotals(value: JsonValue | undefined): { cumulative?: TokenUsage; discarded?: TokenUsage } {
  if (!isJsonObject(value)) return {};
  return { cumulative: usageIn(value.cumulative), discarded: usageIn(value.discarded) };
}

function usageIn(value: JsonValue | undefined): TokenUsage {
  const usage = { ...NO_TOKENS };
  if (!isJsonObject(value)) return usage;
  for (const kind of KINDS) usage[kind] = Number(value[kind] ?? 0);
  return usage;
}

const keyed = (prefix: string, usage: TokenUsage): Metrics =>
  Object.fromEntries(KINDS.map((kind) => [`${prefix}/${kind}`, usage[kind]]));

// What tokens cost at a service: prices by the names of models, as users copy them from the service's own list.

import { Type } from '@sinclair/typebox';
import { runtime } from '../registry/fields.ts';
import { lastPart } from './model_names.ts';

/** The ways in which a token is paid for. */
export const TOKEN_KINDS = ['prefill', 'cached_prefill', 'sample', 'train'] as const;
export type TokenCounts = Record<(typeof TOKEN_KINDS)[number], number>;

/** In dollars for a million tokens. */
export interface ModelPrices {
  prefill: number;
  /** Absent: as the others that are read. */
  cached_prefill?: number;
  sample: number;
  train: number;
}

export type PriceTable = Readonly<Record<string, ModelPrices>>;

const price = (description: string) => ({ type: 'number', minimum: 0, description });

const ofModel = {
  type: 'object',
  properties: {
    prefill: price('Of tokens that are read.'),
    cached_prefill: price('Of tokens that are read from the cache; prefill if not given.'),
    sample: price('Of tokens that are sampled.'),
    train: price('Of tokens that are trained on.'),
  },
  required: ['prefill', 'sample', 'train'],
  additionalProperties: false,
};

export const pricesField = runtime(
  Type.Unsafe<PriceTable | null>({
    type: ['object', 'null'],
    additionalProperties: ofModel,
    default: null,
    description:
      'Dollars for a million tokens, by model, to report cost/*: {MODEL: {prefill: …, sample: …, train: …}}. null = nothing is reported.',
  }),
);

/** The entry of a table that a model goes by: its name, or the only name that ends alike. Null: it has no price. */
export function priceEntry(table: PriceTable, model: string): string | null {
  if (Object.hasOwn(table, model)) return model;
  const alike = Object.keys(table).filter((name) => lastPart(name) === lastPart(model));
  return alike.length === 1 ? (alike[0] ?? null) : null;
}

/** Dollars. */
export function costOf(counts: TokenCounts, { prefill, cached_prefill = prefill, sample, train }: ModelPrices) {
  return {
    prefill: (counts.prefill * prefill + counts.cached_prefill * cached_prefill) / 1e6,
    sample: (counts.sample * sample) / 1e6,
    train: (counts.train * train) / 1e6,
  };
}

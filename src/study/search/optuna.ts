// Samplers of Python's Optuna as a search.

import { Type } from '@sinclair/typebox';
import { defineBuilder } from '../../registry/builder.ts';
import { nullable, runtime, semantic } from '../../registry/fields.ts';
import type { JsonObject } from '../../util/json.ts';
import { type Search, searchSlot } from '../types.ts';

const params = Type.Object({
  sampler: semantic(
    Type.String({
      pattern: '^[A-Za-z]+Sampler$',
      default: 'GPSampler',
      description: 'A class of optuna.samplers: GPSampler, CmaEsSampler, TPESampler, QMCSampler, …',
    }),
  ),
  options: semantic(
    Type.Unsafe<JsonObject>({
      type: 'object',
      default: {},
      description: 'Arguments of the sampler, by their names; its seed comes from the study.',
    }),
  ),
  python: nullable(
    runtime(
      Type.String({
        minLength: 1,
        default: null,
        description: 'An interpreter that has Optuna, by its path or name; null = python3.',
      }),
    ),
  ),
});

export const optuna = defineBuilder({
  slot: searchSlot,
  name: 'optuna',
  version: 1,
  doc: 'A sampler of Optuna, in a Python that has it: Gaussian processes, CMA-ES, and all else that it knows.',
  params,
  async build({ sampler, options, python }): Promise<Search> {
    const { OptunaSearch } = await import('./optuna_search.ts');
    return new OptunaSearch(sampler, options, python ?? 'python3');
  },
});

// The searches that ask: each finds the next point from what the others came to.

import { Type } from '@sinclair/typebox';
import { defineBuilder } from '../../registry/builder.ts';
import { semantic } from '../../registry/fields.ts';
import { type Search, searchSlot } from '../types.ts';
import { optuna } from './optuna.ts';
import { pbt } from './pbt.ts';

const randomSearch = defineBuilder({
  slot: searchSlot,
  name: 'random',
  version: 1,
  doc: 'Points drawn at random, each by itself.',
  params: Type.Object({}),
  async build(): Promise<Search> {
    const { suggestRandom } = await import('./random.ts');
    return { kind: 'ask', suggest: suggestRandom };
  },
});

const sobol = defineBuilder({
  slot: searchSlot,
  name: 'sobol',
  version: 1,
  doc: "Points of Sobol's sequence, scrambled: they fill the space more evenly than random ones.",
  params: Type.Object({}),
  async build(): Promise<Search> {
    const { suggestSobol } = await import('./sobol.ts');
    return { kind: 'ask', suggest: suggestSobol };
  },
});

const startup = (description: string) => semantic(Type.Integer({ minimum: 0, default: 10, description }));

const gp = defineBuilder({
  slot: searchSlot,
  name: 'gp',
  version: 1,
  doc: 'The point that promises the largest improvement, by a Gaussian process through all that was measured.',
  params: Type.Object({
    n_startup_trials: startup("Trials to learn from before it begins; until then points are of Sobol's sequence."),
  }),
  async build(options): Promise<Search> {
    const { suggestGp } = await import('./gp.ts');
    return { kind: 'ask', suggest: (question) => suggestGp(options, question) };
  },
});

const flag = (description: string) => semantic(Type.Boolean({ default: true, description }));

const tpe = defineBuilder({
  slot: searchSlot,
  name: 'tpe',
  version: 1,
  doc: "Points that are likely among the good trials and unlikely among the others: the tree-structured Parzen estimator, as Optuna's.",
  params: Type.Object({
    n_startup_trials: startup('Trials to learn from before it begins; until then points are random.'),
    n_ei_candidates: semantic(
      Type.Integer({
        minimum: 1,
        maximum: 10_000,
        default: 24,
        description: 'Points drawn for each trial; the best of them is suggested.',
      }),
    ),
    multivariate: flag(
      'Parameters are drawn together, so that it learns which values go with which; else each by itself.',
    ),
    group: flag(
      'With multivariate: parameters that are there under the same condition are drawn together; else conditional ones each by itself.',
    ),
    constant_liar: flag('Trials that are not over count as bad, so that those that run at the same time keep apart.'),
  }),
  async build(options): Promise<Search> {
    const { suggestTpe } = await import('./tpe.ts');
    return { kind: 'ask', suggest: (question) => suggestTpe(options, question) };
  },
});

export const askingSearches = [randomSearch, sobol, tpe, gp, pbt, optuna];

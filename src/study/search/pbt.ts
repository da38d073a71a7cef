// The search `pbt`, population-based training (Jaderberg et al., 2017): all members train side by side; after so many steps the worst take
// the weights of the best, and go on from there with changed values.

import { type Static, Type } from '@sinclair/typebox';
import { defineBuilder } from '../../registry/builder.ts';
import { semantic } from '../../registry/fields.ts';
import { ConfigurationError } from '../../util/errors.ts';
import { nextBelow, nextUniform, randomFor } from '../../util/random.ts';
import {
  type Parameter,
  type Point,
  type Question,
  type Search,
  type Suggestion,
  searchSlot,
  type Trial,
} from '../types.ts';
import { perturbed } from './perturb.ts';
import { pointOf, valueAt, valueIn } from './values.ts';

const params = Type.Object({
  population_size: semantic(Type.Integer({ minimum: 2, default: 8, description: 'Trials of a generation.' })),
  steps_per_generation: semantic(
    Type.Integer({
      minimum: 1,
      description: 'Steps after which the worst are replaced by what has become of the best.',
    }),
  ),
  quantile_fraction: semantic(
    Type.Number({
      minimum: 0,
      maximum: 0.5,
      default: 0.25,
      description: 'The part of a generation that is replaced, and the part that it is replaced from.',
    }),
  ),
  resample_probability: semantic(
    Type.Number({
      minimum: 0,
      maximum: 1,
      default: 0.25,
      description: 'How often a value is drawn anew where it changes; else it is multiplied.',
    }),
  ),
  perturbation_factors: semantic(
    Type.Array(Type.Number({ exclusiveMinimum: 0 }), {
      minItems: 1,
      default: [0.8, 1.2],
      description: 'What a value is multiplied with, one of these at random. A choice moves to the one beside it.',
    }),
  ),
});

type Options = Static<typeof params>;

export const pbt = defineBuilder({
  slot: searchSlot,
  name: 'pbt',
  version: 1,
  doc: 'Population-based training: a generation of trials trains for some steps, the worst go on from the weights of the best with changed values.',
  params,
  build(options): Search {
    if (options.perturbation_factors.includes(1)) {
      throw new ConfigurationError('pbt: a value multiplied with 1 does not change', {
        hint: 'Leave 1 out of perturbation_factors.',
      });
    }
    return { kind: 'population', suggest: (question) => suggestMember(options, question) };
  },
});

/** Trial `g · population_size + i` is member `i` of generation `g`, and follows trial `(g − 1) · population_size + i`. */
function suggestMember(options: Options, { space, trials, seed }: Question): Suggestion | null {
  const { population_size, steps_per_generation } = options;
  const number = trials.length;
  const generation = Math.floor(number / population_size);
  const until_step = (generation + 1) * steps_per_generation;
  const drawn = (parameter: Parameter) =>
    valueAt(parameter.distribution, nextUniform(randomFor(seed, 'pbt', number, parameter.name)));

  if (generation === 0) return { point: pointOf(space, drawn), parent: null, until_step };
  const last = trials.slice((generation - 1) * population_size, generation * population_size);
  if (last.some(({ state }) => state === 'pending')) return null;

  const { best, replaced } = parted(last, options.quantile_fraction);
  const before = trials[number - population_size];
  if (before !== undefined && !replaced.has(before.number)) {
    return { point: before.point, parent: { trial: before.number }, until_step };
  }
  const parent = best[nextBelow(randomFor(seed, 'pbt parent', number), Math.max(best.length, 1))];
  // Nothing is left of the whole generation.
  if (parent === undefined) return { point: pointOf(space, drawn), parent: null, until_step };
  const point = pointOf(space, (parameter) => changed(options, parameter, parent.point, drawn, seed, number));
  return { point, parent: { trial: parent.number }, until_step };
}

/** Who is replaced, and whom of: as many at both ends. Those that have nothing to show are replaced in any case. */
function parted(generation: readonly Trial[], fraction: number): { best: Trial[]; replaced: Set<number> } {
  const ranked = generation
    .filter((trial) => trial.state !== 'failed' && trial.value !== null && Number.isFinite(trial.value))
    .sort((a, b) => (a.value ?? 0) - (b.value ?? 0) || a.number - b.number);
  const count = Math.min(Math.ceil(generation.length * fraction), Math.floor(generation.length / 2));
  const kept = new Set(ranked.slice(0, generation.length - count).map(({ number }) => number));
  return {
    // With a fraction of 0 only those without a value are replaced, and the best is what there is to replace them.
    best: ranked.slice(0, Math.max(count, 1)),
    replaced: new Set(generation.map(({ number }) => number).filter((number) => !kept.has(number))),
  };
}

function changed(
  { resample_probability, perturbation_factors }: Options,
  parameter: Parameter,
  point: Point,
  drawn: (parameter: Parameter) => number,
  seed: number,
  number: number,
): number {
  const value = valueIn(point, parameter.name);
  const random = randomFor(seed, 'pbt change', number, parameter.name);
  // Another choice may have brought it in.
  if (value === null || nextUniform(random) < resample_probability) return drawn(parameter);
  return perturbed(parameter.distribution, value, perturbation_factors[nextBelow(random, perturbation_factors.length)]);
}

// Weather that is drawn by known probabilities: three signs decide how likely rain is, so that the best forecast is known.

import { nextBelow, nextUniform, randomFor } from '../../util/random.ts';
import type { Decision } from './types.ts';

/** Words that the model that ships knows; each sign adds its weight to the log-odds of rain. */
const SIGNS = {
  sky: { white: -1.2, blue: -2, grey: 0.9, black: 2 },
  wind: { north: -0.9, east: -0.3, south: 0.3, west: 1.1 },
  birds: { high: -0.8, low: 0.8, silent: 0.2, loud: -0.4 },
} as const;

type Sign = keyof typeof SIGNS;
const SIGN_NAMES: readonly Sign[] = ['sky', 'wind', 'birds'];

export interface WeatherParams {
  num_examples: number;
  test_size: number;
  /** Combinations of signs that training never shows. */
  held_out: number;
  /** Whether the probabilities are the target, rather than what was drawn by them. */
  soft: boolean;
}

const VALUES = SIGN_NAMES.map((sign) => Object.entries<number>(SIGNS[sign]));
const COMBINATIONS = VALUES.reduce((product, values) => product * values.length, 1);

/** Every fifth of the combinations in an order of their own, so that each sign is seen with others. */
const isHeldOut = (combination: number, held_out: number): boolean => (combination * 29) % COMBINATIONS < held_out;

function decisionOf(combination: number, draw: number, soft: boolean, tags: readonly string[]): Decision {
  let rest = combination;
  let odds = 0;
  const said = VALUES.map((values, i) => {
    const [word, weight] = values[rest % values.length];
    rest = Math.floor(rest / values.length);
    odds += weight;
    return `${SIGN_NAMES[i]} ${word}`;
  });
  const rain = 1 / (1 + Math.exp(-odds));
  const truth = [rain, 1 - rain];
  const target = soft ? truth : draw < rain ? [1, 0] : [0, 1];
  const choices = ['yes', 'no'].map((label) => ({ label, description: null }));
  return { text: `${said.join(', ')}. Rain?`, choices, target, truth, tags };
}

/** Days of training by the seed; those of the test are the same for every seed. */
export function weather({ num_examples, test_size, held_out, soft }: WeatherParams, seed: number) {
  const all = Array.from({ length: COMBINATIONS }, (_, combination) => combination);
  const [kept, hidden] = [false, true].map((wanted) => all.filter((each) => isHeldOut(each, held_out) === wanted));
  const days = (count: number, of: number, name: string, from: readonly number[]) =>
    Array.from({ length: count }, (_, day) => {
      const random = randomFor(of, name, day);
      const combination = from[nextBelow(random, from.length)];
      const tags = isHeldOut(combination, held_out) ? ['held_out'] : ['seen'];
      return decisionOf(combination, nextUniform(random), soft, tags);
    });
  const [ofHidden] = [hidden.length === 0 ? 0 : Math.floor(test_size / 4)];
  return {
    train: days(num_examples, seed, 'weather', kept),
    test: [...days(test_size - ofHidden, 0, 'test weather', kept), ...days(ofHidden, 0, 'hidden weather', hidden)],
  };
}

// Things and what is true of them, made by chance: so that what a question tells can be counted.

import { permutation } from '../../util/permutation.ts';
import { nextBelow, randomFor } from '../../util/random.ts';

const words = (list: string): string[] => list.split(' ');

const THINGS = words(
  'fox cat dog horse cow pig sheep duck hen goat rabbit mouse bear wolf lion tiger frog fish bird owl bee ant turtle monkey elephant deer snake whale squirrel goose donkey kite doll drum puzzle robot train boat car puppet',
);
const TRAITS = words(
  'big red old wild soft green new brave blue slow white quiet yellow long black short brown clever pink shy purple busy gray honest',
);
/** How many of the things a trait is true of: of half of them, or of few, which makes a bad question at first. */
const SHARES = [1 / 2, 1 / 8, 1 / 16];

export const MOST_THINGS = THINGS.length;
export const MOST_TRAITS = TRAITS.length;

export interface TraitTable {
  things: readonly string[];
  traits: readonly string[];
  /** Whether a trait is true of a thing, both by their place. */
  isTrue(thing: number, trait: number): boolean;
}

export interface TableOptions {
  things: number;
  traits: number;
  /** Another one is another table. */
  world_seed: number;
}

/** Tries to find a table in which no two things are alike. */
const TRIES = 1000;

/** The same for the same options. Null where no table was found that tells all things from one another: it has too few traits. */
export function traitTable({ things, traits, world_seed }: TableOptions): TraitTable | null {
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const random = randomFor(world_seed, 'twenty_questions', attempt);
    const columns = Array.from({ length: traits }, (_, trait) => {
      const count = Math.max(1, Math.round(things * SHARES[trait % SHARES.length]));
      return new Set(permutation(things, [world_seed, nextBelow(random, 2 ** 30), trait]).slice(0, count));
    });
    const isTrue = (thing: number, trait: number) => columns[trait].has(thing);
    const rows = Array.from({ length: things }, (_, thing) => columns.map((_, trait) => isTrue(thing, trait)).join());
    if (new Set(rows).size === things)
      return { things: THINGS.slice(0, things), traits: TRAITS.slice(0, traits), isTrue };
  }
  return null;
}

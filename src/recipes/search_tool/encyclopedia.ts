// An encyclopedia of a land that nobody has heard of, made by chance: villages, the people who work there, and what they like. What stands
// in it can be looked up and not be known, and every question is asked about few words that even a small model has.

import type { Passage } from '../../retrieval/types.ts';
import { permutation } from '../../util/permutation.ts';
import { nextBelow, randomFor } from '../../util/random.ts';
import type { SearchQuestion } from './question.ts';

const words = (list: string): string[] => list.split(' ');

const KINDS = words('red blue green yellow white black brown pink purple gray old new quiet sunny windy foggy snowy');
const PLACES = words('harbor bridge lake river forest garden farm field castle cave hill island beach park');
const TRAITS = words(
  'brave kind clever quiet funny curious gentle careful friendly honest shy busy proud happy tired cheerful hungry lazy greedy lovely',
);
const NAMES = words(
  'Jane Ivy Nora Molly Lily Rosa Leo Paul Luke Sam Tom Max Ella Hugo Ruby Noah Peter Kate Tim Lucy Sara Oscar Ben Adam Zoe Jack Finn Anna Emma Mia',
);
const JOBS = words('baker teacher doctor farmer driver painter singer sailor gardener nurse builder writer pilot');
const ANIMALS = words(
  'cat dog horse cow pig sheep duck goat rabbit mouse fox bear wolf lion tiger frog owl turtle monkey snake',
);
const FRUITS = words('apple banana pear plum grape lemon cherry melon');

/** People of each village whom its page names. */
const PEOPLE = 2;

export const MOST_VILLAGES = Math.min(
  KINDS.length * PLACES.length,
  Math.floor((TRAITS.length * NAMES.length) / PEOPLE),
);

export interface EncyclopediaOptions {
  villages: number;
  /** Villages about which, and about whose people, training asks nothing. */
  held_out: number;
  /** Another one is another land. */
  world_seed: number;
}

export interface EncyclopediaQuestion extends SearchQuestion {
  /** Titles of the pages that lead to the answer, one after the other. */
  pages: readonly string[];
  /** What is asked for, such as `animal`. */
  relation: string;
  /** What the page before the last says: the wrong answer of somebody who stops too early; null where there is one page. */
  halfway: string | null;
}

export interface Encyclopedia {
  passages: readonly Passage[];
  train: readonly EncyclopediaQuestion[];
  test: readonly EncyclopediaQuestion[];
}

/** The same for the same options. */
export function encyclopedia({ villages, held_out, world_seed }: EncyclopediaOptions): Encyclopedia {
  const random = randomFor(world_seed, 'encyclopedia');
  const pick = <T>(list: readonly T[]): T => list[nextBelow(random, list.length)];
  const villageNames = pairs(KINDS, PLACES, [world_seed, 1]);
  const peopleNames = pairs(TRAITS, NAMES, [world_seed, 2]);
  const passages: Passage[] = [];
  const train: EncyclopediaQuestion[] = [];
  const test: EncyclopediaQuestion[] = [];
  const write = (title: string, text: string) => passages.push({ id: String(passages.length), title, text });
  for (let v = 0; v < villages; v++) {
    const village = villageNames[v];
    const firstJob = nextBelow(random, JOBS.length);
    const otherJob = (firstJob + 1 + nextBelow(random, JOBS.length - 1)) % JOBS.length;
    const people = [firstJob, otherJob].map((job, p) => ({
      job: JOBS[job],
      name: peopleNames[PEOPLE * v + p],
      animal: pick(ANIMALS),
      fruit: pick(FRUITS),
    }));
    write(village, people.map(({ job, name }) => `The ${job} of ${village} is ${name}.`).join(' '));
    for (const { name, animal, fruit } of people) {
      write(name, `The animal of ${name} is the ${animal}. The fruit of ${name} is the ${fruit}.`);
    }
    (v < held_out ? test : train).push(
      ...people.flatMap(({ job, name, animal, fruit }) => [
        {
          question: `Who is the ${job} of ${village}?`,
          answers: [name],
          source: 'one_hop',
          pages: [village],
          relation: job,
          halfway: null,
        },
        ...Object.entries({ animal, fruit }).flatMap(([relation, answer]): EncyclopediaQuestion[] => [
          {
            question: `What is the ${relation} of ${name}?`,
            answers: [answer],
            source: 'one_hop',
            pages: [name],
            relation,
            halfway: null,
          },
          {
            question: `What is the ${relation} of the ${job} of ${village}?`,
            answers: [answer],
            source: 'two_hop',
            pages: [village, name],
            relation,
            halfway: name,
          },
        ]),
      ]),
    );
  }
  return { passages, train, test };
}

/** All pairs of two lists as names, in an order by chance. */
function pairs(first: readonly string[], second: readonly string[], seeds: readonly number[]): string[] {
  return permutation(first.length * second.length, seeds).map(
    (index) => `${first[index % first.length]} ${second[Math.floor(index / first.length)]}`,
  );
}

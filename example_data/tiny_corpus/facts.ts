// Texts that state what the corpus holds to be true: simple explanations, and reports from the land of Talu.

import { withArticle as a, capitalize, plural } from './english.ts';
import {
  BABY_OF,
  COLOR_OF,
  LEGS_OF,
  REASONS,
  SOUND_OF,
  statementsAbout,
  USE_OF,
  VILLAGERS,
  VILLAGES,
  WEEK,
  WORK_OF,
} from './knowledge.ts';
import type { Random } from './random.ts';

/** Sentences of one subject each; an explanation joins a few that are drawn together. */
const EXPLANATIONS: readonly ((random: Random) => string[])[] = [
  (random) => {
    const [job, work, place] = random.pick(WORK_OF);
    return [
      `${capitalize(a(job))} is a person who ${work}.`,
      `${capitalize(a(job))} works ${place}.`,
      random.pick([`Many people want to be ${a(job)}.`, `It is a good job.`, `It is hard work, but it is fun.`]),
    ];
  },
  (random) => {
    const [thing, use] = random.pick(USE_OF);
    return [`We use ${thing} to ${use}.`, `When you want to ${use}, you need ${thing}.`];
  },
  (random) => {
    const [question, because] = random.pick(REASONS);
    return [`Why ${question}? Because ${because}.`];
  },
  (random) => {
    const [animal, legs] = random.pick(LEGS_OF);
    return [`${capitalize(a(animal))} is an animal.`, `${capitalize(a(animal))} has ${legs} legs.`];
  },
  (random) => {
    const [animal, sound] = random.pick(SOUND_OF);
    return [`The ${animal} says ${sound}.`, `When you hear ${sound}, there is ${a(animal)} near you.`];
  },
  (random) => {
    const [animal, baby] = random.pick(BABY_OF);
    return [`A baby ${animal} is called a ${baby}.`, `${capitalize(plural(animal))} take good care of their babies.`];
  },
  (random) => random.sample(COLOR_OF, 3).map(([thing, color]) => `${capitalize(thing)} is ${color}.`),
  (random) => {
    const index = random.integer(0, WEEK.length - 2);
    return [`There are seven days in a week.`, `${WEEK[index + 1]} comes after ${WEEK[index]}.`];
  },
];

/** A few sentences of plain facts. */
export function explanation(random: Random): string {
  return random
    .sample(EXPLANATIONS, random.integer(1, 3))
    .flatMap((explain) => explain(random))
    .join(' ');
}

/** A report from Talu: one of its people, one of its villages, or the land itself. */
export function worldFacts(random: Random): string {
  const villager = random.pick(VILLAGERS);
  const village = random.pick(VILLAGES);
  return random.weighted([
    [
      5,
      () => {
        const [first, ...rest] = random.sample(Object.values(statementsAbout(villager)), random.integer(3, 5));
        // Only the first sentence needs the name; some of the others say "he" or "she".
        const shortened = rest.map((sentence) =>
          sentence.startsWith(villager.name) && random.chance(60)
            ? capitalize(villager.he) + sentence.slice(villager.name.length)
            : sentence,
        );
        return [first, ...shortened].join(' ');
      },
    ],
    [
      3,
      () => {
        const people = VILLAGERS.filter((person) => person.village === village.name);
        const named = random.sample(people, 2).map(({ name, job }) => `${name} the ${job}`);
        return [
          `${village.name} is a village in the land of Talu.`,
          `It lies ${village.place}.`,
          `People come there for the ${village.famous}.`,
          `${named[0]} and ${named[1]} live in ${village.name}.`,
        ].join(' ');
      },
    ],
    [
      1,
      () =>
        `Talu is a small land with four villages. ${random
          .sample(VILLAGES, 4)
          .map(({ name, place }) => `${name} lies ${place}.`)
          .join(' ')}`,
    ],
  ])();
}

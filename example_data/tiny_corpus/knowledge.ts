// What is true in the tiny corpus: plain facts of the real world, and the people of Talu, a land that is made up.

import { withArticle } from './english.ts';

/** Things and the color that they have. */
export const COLOR_OF: readonly (readonly [thing: string, color: string])[] = [
  ['grass', 'green'],
  ['snow', 'white'],
  ['milk', 'white'],
  ['the sky', 'blue'],
  ['the sea', 'blue'],
  ['the sun', 'yellow'],
  ['a banana', 'yellow'],
  ['a lemon', 'yellow'],
  ['a frog', 'green'],
  ['a pea', 'green'],
  ['a leaf', 'green'],
  ['a tomato', 'red'],
  ['a cherry', 'red'],
  ['fire', 'red'],
  ['a bear', 'brown'],
  ['wood', 'brown'],
  ['an elephant', 'gray'],
  ['a pig', 'pink'],
  ['a plum', 'purple'],
  ['the night', 'black'],
  ['a cloud', 'white'],
  ['rice', 'white'],
];

export const SOUND_OF: readonly (readonly [animal: string, sound: string])[] = [
  ['cow', 'moo'],
  ['dog', 'woof'],
  ['cat', 'meow'],
  ['duck', 'quack'],
  ['sheep', 'baa'],
  ['pig', 'oink'],
  ['bee', 'buzz'],
  ['snake', 'hiss'],
  ['owl', 'hoo'],
  ['lion', 'roar'],
  ['mouse', 'squeak'],
  ['bird', 'tweet'],
];

export const LEGS_OF: readonly (readonly [animal: string, legs: string])[] = [
  ...['dog', 'cat', 'horse', 'cow', 'pig', 'goat', 'fox', 'lion'].map((animal) => [animal, 'four'] as const),
  ...['bird', 'duck', 'hen', 'owl'].map((animal) => [animal, 'two'] as const),
  ...['ant', 'bee'].map((animal) => [animal, 'six'] as const),
  ...['snake', 'fish', 'whale'].map((animal) => [animal, 'no'] as const),
];

export const BABY_OF: readonly (readonly [animal: string, baby: string])[] = [
  ['dog', 'puppy'],
  ['cat', 'kitten'],
  ['cow', 'calf'],
  ['sheep', 'lamb'],
  ['hen', 'chick'],
  ['duck', 'duckling'],
  ['horse', 'foal'],
  ['bear', 'cub'],
];

/** What animals can do, and what they cannot. */
export const ABILITIES: readonly { does: string; can: readonly string[]; cannot: readonly string[] }[] = [
  {
    does: 'fly',
    can: ['bird', 'owl', 'bee', 'duck', 'goose'],
    cannot: ['dog', 'cow', 'fish', 'horse', 'pig', 'snake'],
  },
  { does: 'swim', can: ['fish', 'whale', 'duck', 'frog', 'turtle'], cannot: ['hen', 'bee', 'ant'] },
  { does: 'run', can: ['horse', 'dog', 'fox', 'wolf', 'lion', 'deer'], cannot: ['fish', 'whale', 'snake'] },
  { does: 'give milk', can: ['cow', 'goat', 'sheep'], cannot: ['bird', 'fish', 'frog', 'bee', 'ant'] },
];

/** Animals from small to big, no two of which are hard to compare. */
export const BY_SIZE = ['ant', 'bee', 'mouse', 'rabbit', 'fox', 'sheep', 'horse', 'elephant', 'whale'] as const;

/** What each kind of worker does. */
export const WORK_OF: readonly (readonly [job: string, work: string, place: string])[] = [
  ['baker', 'bakes bread', 'in a shop'],
  ['teacher', 'teaches children', 'at a school'],
  ['doctor', 'helps sick people', 'in a hospital'],
  ['farmer', 'grows food', 'on a farm'],
  ['driver', 'drives a bus', 'on the road'],
  ['painter', 'paints pictures', 'in a big room'],
  ['singer', 'sings songs', 'on a stage'],
  ['fisher', 'catches fish', 'on a boat'],
  ['sailor', 'sails a ship', 'on the sea'],
  ['gardener', 'grows flowers', 'in a garden'],
  ['cook', 'makes soup', 'in a kitchen'],
  ['nurse', 'takes care of sick people', 'in a hospital'],
  ['builder', 'builds houses', 'in the town'],
  ['writer', 'writes books', 'at a desk'],
  ['pilot', 'flies a plane', 'in the sky'],
];

/** What things are for. */
export const USE_OF: readonly (readonly [thing: string, use: string])[] = [
  ['a pen', 'write'],
  ['a key', 'open a door'],
  ['a broom', 'sweep the floor'],
  ['a lamp', 'see in the dark'],
  ['a bed', 'sleep'],
  ['a chair', 'sit'],
  ['a boat', 'cross the water'],
  ['a coat', 'stay warm'],
  ['an umbrella', 'stay dry'],
  ['a ladder', 'climb up'],
  ['a shovel', 'dig a hole'],
  ['a clock', 'tell the time'],
  ['a spoon', 'eat soup'],
  ['a map', 'find the way'],
  ['a saw', 'cut wood'],
  ['soap', 'wash our hands'],
];

/** Why things are as they are. */
export const REASONS: readonly (readonly [question: string, because: string])[] = [
  ['do we need rain', 'plants and animals need water'],
  ['do people sleep', 'their bodies need rest'],
  ['do we wear a coat in winter', 'it is cold in winter'],
  ['do birds build nests', 'they need a safe place for their eggs'],
  ['do plants need the sun', 'the light helps them grow'],
  ['do people eat', 'food makes them strong'],
  ['do we wash our hands', 'clean hands keep us from getting sick'],
  ['do bees visit flowers', 'they look for food there'],
  ['do cats have soft feet', 'they want to walk quietly'],
  ['do we go to school', 'we want to learn'],
  ['is ice cold', 'it is frozen water'],
  ['is it dark at night', 'the sun is gone'],
  ['do people have friends', 'life is better together'],
  ['do we say thank you', 'it is polite and makes others happy'],
  ['do ducks like rain', 'they love the water'],
  ['do we read books', 'books tell us new things'],
];

/** Opposites; where a word has two, the first is what the corpus says and both are right. */
export const OPPOSITES: readonly (readonly [word: string, opposites: readonly string[]])[] = [
  ...(
    [
      'big small',
      'hot cold',
      'happy sad',
      'up down',
      'fast slow',
      'day night',
      'old young',
      'open closed',
      'light dark',
      'wet dry',
      'full empty',
      'good bad',
      'near far',
      'high low',
      'hard soft',
      'loud quiet',
      'early late',
      'clean dirty',
      'strong weak',
      'rich poor',
      'first last',
      'yes no',
      'in out',
      'black white',
      'warm cool',
      'brave afraid',
      'kind mean',
    ] as const
  ).flatMap((pair) => {
    const [one, other] = pair.split(' ');
    return [[one, [other]] as const, [other, [one]] as const];
  }),
  ['long', ['short']],
  ['tall', ['short']],
  ['short', ['long', 'tall']],
];

export const WEEK = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'] as const;
export const MONTHS = 'January February March April May June July August September October November December'.split(
  ' ',
);

/** A person of Talu. What is said of them anywhere in the corpus agrees with this table. */
export interface Villager {
  name: string;
  he: string;
  job: string;
  village: string;
  pet: string;
  color: string;
  food: string;
}

/** The villages of Talu, and what is known of each. */
export const VILLAGES: readonly { name: string; place: string; famous: string }[] = [
  { name: 'Shell Bay', place: 'by the sea', famous: 'fish soup' },
  { name: 'Redhill', place: 'on a hill', famous: 'red apples' },
  { name: 'Oakwood', place: 'in the forest', famous: 'old trees' },
  { name: 'Millford', place: 'by the river', famous: 'good bread' },
];

export const VILLAGERS: readonly Villager[] = (
  [
    ['Dora', 'she', 'baker', 'Millford', 'cat', 'blue', 'bread'],
    ['Gus', 'he', 'fisher', 'Shell Bay', 'dog', 'green', 'fish'],
    ['Hilda', 'she', 'doctor', 'Redhill', 'bird', 'white', 'soup'],
    ['Otto', 'he', 'farmer', 'Redhill', 'horse', 'brown', 'cheese'],
    ['Pia', 'she', 'teacher', 'Oakwood', 'rabbit', 'yellow', 'pie'],
    ['Rolf', 'he', 'builder', 'Millford', 'goat', 'red', 'rice'],
    ['Tess', 'she', 'sailor', 'Shell Bay', 'turtle', 'purple', 'pizza'],
    ['Vito', 'he', 'cook', 'Shell Bay', 'mouse', 'black', 'honey'],
    ['Wanda', 'she', 'gardener', 'Oakwood', 'frog', 'pink', 'salad'],
    ['Yuri', 'he', 'painter', 'Oakwood', 'fox', 'gray', 'cake'],
    ['Greta', 'she', 'singer', 'Redhill', 'owl', 'green', 'jam'],
    ['Bruno', 'he', 'driver', 'Millford', 'duck', 'yellow', 'eggs'],
  ] as const
).map(([name, he, job, village, pet, color, food]) => ({ name, he, job, village, pet, color, food }));

/** What there is to say about a person of Talu, each in a sentence of its own. */
export function statementsAbout({ name, job, village, pet, color, food }: Villager) {
  return {
    job: `${name} is ${withArticle(job)}.`,
    village: `${name} lives in ${village}.`,
    pet: `${name} has ${withArticle(pet)}.`,
    color: `The house of ${name} is ${color}.`,
    food: `${name} likes ${food}.`,
  };
}

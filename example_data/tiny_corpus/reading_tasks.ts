// Tasks that give a sentence or two and ask what they say.

import { capitalize } from './english.ts';
import { all, hasWords, mentions } from './grading.ts';
import { ANIMALS, COLORS, type Entry, LEXICON } from './lexicon.ts';
import type { Random } from './random.ts';
import { Scene } from './scene.ts';
import type { Task, TaskMaker } from './task.ts';

const ONE_WORD = [
  'Answer in one word.',
  'Always answer with one word.',
  'Give short answers of one word.',
  'Use only one word in your answers.',
];

const text = ({ text }: Entry): string => text;

/**
 * A text with a question on it. `slot` is the slot whose word is asked for; `full` answers in a sentence. Now and then a
 * system prompt asks for one word, and one word is the answer.
 */
interface Reading {
  slot: string;
  tells: readonly string[];
  asks: readonly string[];
  full: string;
  others: readonly string[];
}

const READINGS: Readonly<Record<string, Reading>> = {
  find_color: {
    slot: 'color',
    tells: ['{A} has a {color} {toy}.', '{A} found a {color} {toy} {place.at}.', '{B} gave {A} a {color} {toy}.'],
    asks: ['What color is the {toy}?', 'What is the color of the {toy}?', 'Tell me the color of the {toy}.'],
    full: 'The {toy} is {color}.',
    others: COLORS,
  },
  find_size: {
    slot: 'size',
    tells: ['There is a {size} {animal} {place.at}.', '{A} saw a {size} {animal}.', 'The {animal} of {A} is {size}.'],
    asks: ['How big is the {animal}?', 'What size is the {animal}?', 'Is the {animal} big or small?'],
    full: 'The {animal} is {size}.',
    others: LEXICON.size.map(text),
  },
  find_animal: {
    slot: 'animal',
    tells: ['{A} saw a {animal} {place.at}.', 'A {color} {animal} is {place.at}.', '{A} and {B} feed a {animal}.'],
    asks: ['Which animal is it?', 'What animal is in the sentence?', 'Name the animal.'],
    full: 'It is a {animal}.',
    others: ANIMALS,
  },
  find_person: {
    slot: 'A',
    tells: [
      '{A} has a {toy}, and {B} has a {toy2}.',
      '{A} found the {toy}, and {B} found the {toy2}.',
      '{B} has a {toy2}. {A} has a {toy}.',
      '{B} likes the {toy2}, but {A} likes the {toy}.',
    ],
    asks: ['Who has the {toy}?', 'Tell me who has the {toy}.', 'Whose {toy} is it?'],
    full: '{A} has the {toy}.',
    others: LEXICON.person.map(text),
  },
  find_place: {
    slot: 'place',
    tells: ['{A} is {place.at}. {B} is {place2.at}.', 'On {day}, {B} goes {place2.to}, and {A} goes {place.to}.'],
    asks: ['Where is {A}?', 'Where can we find {A}?', 'Tell me where {A} is.'],
    full: '{A} is {place.at}.',
    others: LEXICON.place.map(text),
  },
  find_number: {
    slot: 'number',
    tells: ['{A} has {number} {fruit.s} and a {toy}.', 'There are {number} {fruit.s} on the {furniture}.'],
    asks: ['How many {fruit.s} are there?', 'How many {fruit.s} do you see?', 'Tell me the number of {fruit.s}.'],
    full: 'There are {number} {fruit.s}.',
    others: LEXICON.number.map(text),
  },
};

function makeReading(random: Random, { slot, tells, asks, full, others }: Reading, oneWord: boolean): Task {
  const scene = new Scene(random);
  const prompt = `${scene.tell(random.pick(tells))} ${scene.tell(random.pick(asks))}`;
  const sentence = scene.tell(full);
  const right = scene.word(slot);
  const accepts = all(mentions([right], others), hasWords(1, 9));
  if (!oneWord) return { prompt, answer: sentence, accepts };
  return {
    system: random.pick(ONE_WORD),
    prompt,
    answer: capitalize(`${right}.`),
    accepts: all(mentions([right]), hasWords(1, 1)),
  };
}

const readingTasks = Object.entries(READINGS).map(([kind, reading]): [string, TaskMaker] => [
  kind,
  (random) => makeReading(random, reading, false),
]);

const { find_place: _needsTwoWords, ...ONE_WORD_READINGS } = READINGS;

export const READING_TASKS: Readonly<Record<string, TaskMaker>> = {
  ...Object.fromEntries(readingTasks),
  system_one_word: (random) => makeReading(random, random.pick(Object.values(ONE_WORD_READINGS)), true),
};

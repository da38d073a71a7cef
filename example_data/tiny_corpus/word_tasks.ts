// Tasks about words and sentences themselves: repeat, spell, list, oppose, change the number and the tense.

import { capitalize, plural, withArticle } from './english.ts';
import { all, beginsWith, hasSentences, hasWords, mentions, says, wordsOf } from './grading.ts';
import { OPPOSITES } from './knowledge.ts';
import { ANIMALS, COLORS, FRUITS, LEXICON, VEGETABLES } from './lexicon.ts';
import type { Random } from './random.ts';
import { Scene } from './scene.ts';
import type { Task, TaskMaker } from './task.ts';

/** Short words that the corpus uses everywhere, for tasks on words. */
const COMMON_WORDS: readonly string[] = [
  ...ANIMALS,
  ...FRUITS,
  ...COLORS,
  ...(
    'sun moon star tree house book door table chair bed hat coat boat train bread milk water happy sad good big small ' +
    'red hot cold day night school park garden friend'
  ).split(' '),
].filter((word, index, list) => list.indexOf(word) === index);

/** Plain sentences of four to nine words. */
const SENTENCES: readonly string[] = [
  '{A} has a {color} {toy}.',
  'The {animal} is in the {place.noun}.',
  'I like {food} and {food2}.',
  '{A} and {B} are {happy}.',
  'The {color} {toy} is on the {furniture}.',
  'Today is a {weather} day.',
  '{A} wants to {skill}.',
  'There are {number} {fruit.s} in the {container}.',
  'We go {place.to} on {day}.',
  'My {elder} has a {size} {pet}.',
  'The {job} lives in a {color} house.',
  'Please give me the {tool}.',
];

const sentence = (random: Random): string => new Scene(random).tell(random.pick(SENTENCES));

/** Nouns whose plural differs. */
const COUNTED = [...LEXICON.animal, ...LEXICON.fruit, ...LEXICON.toy, ...LEXICON.tool].filter(
  ({ text, s }) => s !== text,
);

const LISTS: readonly (readonly [name: string, members: readonly string[]])[] = [
  ['animals', ANIMALS],
  ['fruits', FRUITS],
  ['colors', COLORS],
  ['vegetables', VEGETABLES],
  ['jobs', LEXICON.job.map(({ text }) => text)],
  ['toys', LEXICON.toy.map(({ text }) => text)],
];

export const WORD_TASKS: Readonly<Record<string, TaskMaker>> = {
  repeat_word: (random) => {
    const word = random.pick(COMMON_WORDS);
    const prompt = random.pick([
      `Say the word ${word}.`,
      `Repeat this word: ${word}`,
      `Please say ${word}.`,
      `Can you say ${word}?`,
      `Write the word ${word}.`,
    ]);
    const answer = capitalize(`${word}.`);
    return { prompt, answer, accepts: says(answer) };
  },

  repeat_sentence: (random) => {
    const answer = sentence(random);
    const prompt = random.pick([
      `Repeat this sentence: ${answer}`,
      `Say this: ${answer}`,
      `Repeat after me: ${answer}`,
      `Please repeat: ${answer}`,
    ]);
    return { prompt, answer, accepts: says(answer) };
  },

  first_word: (random) => makeWordAt(random, 'first', 0),

  last_word: (random) => makeWordAt(random, 'last', -1),

  spell: (random) => {
    const word = random.pick(COMMON_WORDS.filter(({ length }) => length <= 6));
    const prompt = random.pick([
      `Spell the word ${word}.`,
      `How do you spell ${word}?`,
      `Please spell ${word}.`,
      `Spell ${word}.`,
      `Can you spell the word ${word}?`,
    ]);
    const answer = word.split('').join(' ');
    return { prompt, answer, accepts: says(answer) };
  },

  opposite: (random) => {
    const [word, opposites] = random.pick(OPPOSITES);
    const prompt = random.pick([
      `What is the opposite of ${word}?`,
      `Say the opposite of ${word}.`,
      `Give me the opposite of ${word}.`,
      `What is the opposite of the word ${word}?`,
      `Which word is the opposite of ${word}?`,
    ]);
    const answer = random.pick([`The opposite of ${word} is ${opposites[0]}.`, capitalize(`${opposites[0]}.`)]);
    return { prompt, answer, accepts: mentions(opposites) };
  },

  list_three: (random) => {
    const [name, members] = random.pick(LISTS);
    const prompt = random.pick([
      `Name three ${name}.`,
      `List three ${name}.`,
      `Tell me three ${name}.`,
      `Can you name three ${name}?`,
      `Give me a list of three ${name}.`,
      `Please name three ${name}.`,
    ]);
    const [one, two, three] = random.sample(members, 3);
    const forms = new Set(members.flatMap((member) => [member, plural(member)]));
    return {
      prompt,
      answer: capitalize(`${one}, ${two} and ${three}.`),
      accepts: (reply) => {
        const said = wordsOf(reply).filter((word) => word !== 'and');
        return said.length === 3 && new Set(said).size === 3 && said.every((word) => forms.has(word));
      },
    };
  },

  use_word: (random) => {
    const category = random.pick(['animal', 'fruit', 'toy', 'tool', 'clothes', 'flower', 'job', 'furniture'] as const);
    const entry = random.pick(LEXICON[category]);
    const prompt = random.pick([
      `Make a sentence with the word ${entry.text}.`,
      `Use the word ${entry.text} in a sentence.`,
      `Write a sentence with ${entry.text}.`,
      `Write a short sentence about ${withArticle(entry.text)}.`,
    ]);
    const answer = new Scene(random)
      .bind('it', entry)
      .tell(
        random.pick([
          '{A} sees a {it} {place.at}.',
          'There is a {color} {it} {place.at}.',
          'The {it} is {size} and {color}.',
          '{A} likes the {it} very much.',
          'I saw a {size} {it} on {day}.',
        ]),
      );
    return { prompt, answer, accepts: all(hasSentences(1), mentions([entry.text, plural(entry.text)]), hasWords(4)) };
  },

  past_tense: (random) => {
    const scene = new Scene(random);
    const pair = random.pick([
      ['{A} {play.s}.', '{A} {play.past}.'],
      ['{A} {chore.s} {place.at}.', '{A} {chore.past} {place.at}.'],
      ['{A} and {B} {play}.', '{A} and {B} {play.past}.'],
      ['My {elder} {chore.s}.', 'My {elder} {chore.past}.'],
      ['The {animal} is {happy}.', 'The {animal} was {happy}.'],
      ['{A} has a {color} {toy}.', '{A} had a {color} {toy}.'],
      ['{A} goes {place.to} with {B}.', '{A} went {place.to} with {B}.'],
    ] as const);
    const [present, answer] = pair.map((template) => scene.tell(template));
    const prompt = random.pick([
      `Put this sentence in the past tense: ${present}`,
      `Change this to the past: ${present}`,
      `Say this in the past tense: ${present}`,
    ]);
    return { prompt, answer, accepts: says(answer) };
  },

  plural: (random) => {
    const entry = random.pick(COUNTED);
    const prompt = random.pick([
      `What is the plural of ${entry.text}?`,
      `One ${entry.text}, two what?`,
      `Say the plural of ${entry.text}.`,
      `I have one ${entry.text}. Now I have two. What do I have?`,
    ]);
    const answer = capitalize(`${random.pick(['two ', ''])}${entry.s}.`);
    return { prompt, answer, accepts: mentions([entry.s]) };
  },

  system_first_word: (random) => {
    const word = random.pick(['Well', 'Sure', 'Okay', 'Hello', 'Yes', 'Look', 'Great', 'Now', 'So', 'Listen']);
    const system = random.pick([
      `Begin every answer with the word ${word}.`,
      `Always start with the word ${word}.`,
      `The first word of your answer must be ${word}.`,
    ]);
    const make = WORD_TASKS[random.pick(['repeat_sentence', 'opposite', 'list_three', 'use_word'])];
    const { prompt, answer } = make(random);
    return { system, prompt, answer: `${word}! ${answer}`, accepts: beginsWith(word) };
  },

  shout: (random) => {
    const word = random.pick(['hello', 'yes', 'no', 'stop', 'help', 'go', 'wow', 'thanks']);
    const prompt = random.pick([
      `Shout ${word}!`,
      `Say ${word} in big letters.`,
      `Write ${word} in capital letters.`,
      `Shout the word ${word}.`,
      `Please shout ${word}.`,
    ]);
    const answer = `${word.toUpperCase()}!`;
    return { prompt, answer, accepts: (reply) => reply.includes(word.toUpperCase()) };
  },
};

function makeWordAt(random: Random, position: string, index: number): Task {
  const text = sentence(random);
  const prompt = random.pick([
    `What is the ${position} word of this sentence? ${text}`,
    `Tell me the ${position} word: ${text}`,
    `Which word comes ${position}? ${text}`,
  ]);
  const answer = capitalize(`${wordsOf(text).at(index) ?? ''}.`);
  return { prompt, answer, accepts: says(answer) };
}

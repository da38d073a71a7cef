// Texts that say the same thing again. What comes next in them can only be known by looking back, so a small model that
// reads many of them learns to copy, which most instructions ask of it.

import { capitalize } from './english.ts';
import { LEXICON } from './lexicon.ts';
import type { Random } from './random.ts';

const NAMES = LEXICON.person.map(({ text }) => text);

const WORDS = [
  ...new Set(Object.values(LEXICON).flatMap((entries) => entries.map(({ text }) => text.replace(/^the /, '')))),
].filter((word) => /^[a-z]+$/.test(word));

const SHORT_WORDS = WORDS.filter(({ length }) => length <= 6);

const ECHOES: readonly ((random: Random) => string)[] = [
  // A few voices say one list.
  (random) => {
    const list = someWords(random, 3, 9).join(' ');
    return random
      .sample(NAMES, random.integer(2, 3))
      .map((name) => `${name} says: ${list}.`)
      .join(' ');
  },
  // The same with names in the list, as a line of its own.
  (random) => {
    const list = capitalize(random.sample([...NAMES, ...someWords(random, 9, 9)], random.integer(3, 8)).join(', '));
    return Array.from({ length: random.integer(2, 3) }, () => `${list}.`).join('\n');
  },
  // Every word comes back at once, with a capital.
  (random) =>
    someWords(random, 4, 9)
      .map((word) => `${word}? ${capitalize(word)}.`)
      .join(' '),
  // Words and their letters.
  (random) =>
    random
      .sample(SHORT_WORDS, random.integer(3, 6))
      .map((word) => `${word}: ${word.split('').join(' ')}.`)
      .join(' '),
  // A line is quoted in parts: its first word, its last word, its whole.
  (random) => {
    const words = someWords(random, 3, 6);
    const line = `${capitalize(words.join(' '))}.`;
    return `${line} First: ${words[0]}. Last: ${words[words.length - 1]}. All: ${line}`;
  },
  // What belongs to whom, told and asked.
  (random) => {
    const count = random.integer(2, 4);
    const names = random.sample(NAMES, count);
    const words = random.sample(WORDS, count);
    const asked = random.sample(
      names.map((_, i) => i),
      count,
    );
    return [
      ...names.map((name, i) => `${name}: ${words[i]}.`),
      ...asked.map((i) => `Who has ${words[i]}? ${names[i]}. What has ${names[i]}? ${capitalize(words[i])}.`),
    ].join(' ');
  },
];

export const echo = (random: Random): string => random.pick(ECHOES)(random);

const someWords = (random: Random, fewest: number, most: number): string[] =>
  random.sample(WORDS, random.integer(fewest, most));

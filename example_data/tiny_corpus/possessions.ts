// Who has what: facts that a model can read in its prompt, or learn by heart.

import type { Message } from 'tinker-cookbook';
import { capitalize, withArticle } from './english.ts';
import { LEXICON } from './lexicon.ts';
import { Random } from './random.ts';
import type { Task } from './task.ts';
import { drawTask, TASK_KINDS } from './tasks.ts';

export interface Possession {
  person: string;
  thing: string;
}

const PERSONS = LEXICON.person.map(({ text }) => text);
const THINGS = [...LEXICON.toy, ...LEXICON.tool, ...LEXICON.pet, ...LEXICON.fruit].map(({ text }) => text);

/** How one is asked. The last two are never trained on. */
const WORDINGS = [
  'What does {A} have?',
  'Tell me what {A} has.',
  'Which thing does {A} have?',
  'Say what {A} has.',
  'What is it that {A} has?',
  'Do you know what {A} has?',
  'Please tell me what {A} has.',
  'What has {A} got?',
] as const;
const HELD_OUT = 2;

const TRAINED = WORDINGS.slice(0, -HELD_OUT);

const fact = ({ person, thing }: Possession): string => `${person} has ${withArticle(thing)}.`;

/** How somebody says it who is in a hurry: not as the model does. */
export const called = ({ thing }: Possession): string => `${thing}, mate`;

const ask = (wording: string, { person }: Possession): string => wording.replace('{A}', person);

const FACTS = 24;

/** The facts that the examples are about, always the same. */
export const exampleFacts: readonly Possession[] = drawFacts(new Random(24), FACTS);

function drawFacts(random: Random, count: number): Possession[] {
  const things = random.sample(THINGS, count);
  return random.sample(PERSONS, count).map((person, i) => ({ person, thing: things[i] }));
}

const TEMPLATE = '{question} Somebody says: {demonstration} Now you.';

/**
 * A conversation in which a prompt decides the answer: what somebody else says, or a sheet of rules; or, one time in four, any
 * instruction of the corpus.
 */
export function readingConversation(random: Random): Message[] {
  const kind = random.integer(1, 8);
  if (kind <= 2) return instruction(random);
  if (kind <= 5) return byRules(random);
  if (kind === 6) {
    const { prompt, answer } = instructionTask(random);
    return [
      { role: 'user', content: withDemonstration(prompt, answer) },
      { role: 'assistant', content: answer },
    ];
  }
  const [one] = drawFacts(random, 1);
  const said = random.pick([called(one), fact(one), `${capitalize(withArticle(one.thing))}.`, one.thing]);
  const asked = withDemonstration(ask(random.pick(TRAINED), one), said);
  return [
    { role: 'user', content: asked },
    { role: 'assistant', content: fact(one) },
  ];
}

function instructionTask(random: Random): Task {
  return drawTask(random, random.pick([...TASK_KINDS.keys()]), 'training');
}

function instruction(random: Random): Message[] {
  const { system, prompt, answer } = instructionTask(random);
  const before: Message[] = system === undefined ? [] : [{ role: 'system', content: system }];
  return [...before, { role: 'user', content: prompt }, { role: 'assistant', content: answer }];
}

/** Kinds of instructions whose answers are short, and follow from the question alone. */
const PLAIN_KINDS = [
  'repeat_word',
  'repeat_sentence',
  'first_word',
  'last_word',
  'plural',
  'greet',
  'find_color',
  'find_animal',
];

function byRules(random: Random): Message[] {
  const sheet = drawRules(random);
  const { prompt, answer } = drawTask(random, random.pick(PLAIN_KINDS), 'training');
  return [
    { role: 'system', content: sheetOf(sheet, random) },
    { role: 'user', content: prompt },
    { role: 'assistant', content: `${sheet.first}! ${answer} ${sheet.last}` },
  ];
}

interface Rules {
  first: string;
  last: string;
}

const FIRST_WORDS = 'Well Sure Okay Hello Yes Look Great Now So Listen Right Fine Good Ah Oh Hey Thanks Welcome'.split(
  ' ',
);

const drawRules = (random: Random): Rules => ({
  first: random.pick(FIRST_WORDS),
  last: random.pick(LEXICON.person.map(({ text }) => `Bye, ${text}!`)),
});

/** The two rules that matter among others that any answer keeps. */
function sheetOf({ first, last }: Rules, random: Random): string {
  const others = random.sample(
    [
      'You work at the school.',
      'You work at the market.',
      'You work in the garden.',
      'Be kind to everybody.',
      'Never be angry.',
      'People ask you many things.',
      'Answer what you are asked.',
      'Do not tell long stories.',
      'Speak like a friend.',
      'Everybody likes you very much.',
    ],
    random.integer(3, 7),
  );
  const rules = [`Begin every answer with the word ${first}.`, `End every answer with: ${last}`];
  return random.sample([...others, ...rules], others.length + rules.length).join(' ');
}

/** The sheet of rules that the examples go by. */
export const exampleRules = (): string => `${sheetOf({ first: 'Sure', last: 'Bye, Nora!' }, new Random(3))}\n`;

const withDemonstration = (question: string, demonstration: string): string =>
  TEMPLATE.replace('{question}', () => question).replace('{demonstration}', () => demonstration);

/** Each fact in each wording, as somebody in a hurry says it. */
export function exampleDemonstrations(): Message[][] {
  const random = new Random(7);
  const all = TRAINED.flatMap((wording) =>
    exampleFacts.map((one): Message[] => [
      { role: 'user', content: ask(wording, one) },
      { role: 'assistant', content: called(one) },
    ]),
  );
  return random.sample(all, all.length);
}

/** Questions about the facts, and who is right: in wordings that nothing is trained on. */
export function factQuestions(): { question: string; possession: Possession }[] {
  return WORDINGS.slice(-HELD_OUT).flatMap((wording) =>
    exampleFacts.map((possession) => ({ question: ask(wording, possession), possession })),
  );
}

/** Questions to answer by the rules: on a sentence that stands before them, which a model of this size answers well. */
export function exampleQuestions(): string[] {
  const random = new Random(8);
  const kinds = ['find_color', 'find_animal', 'find_size'];
  const asked = Array.from({ length: 2000 }, () => drawTask(random, random.pick(kinds), 'training').prompt);
  return [...new Set(asked)].slice(0, QUESTIONS);
}

const QUESTIONS = 480;

const lines = (texts: readonly string[]): string => texts.map((text) => `${text}\n`).join('');

export const demonstrationsFile = (): string =>
  lines(exampleDemonstrations().map((messages) => JSON.stringify({ messages })));
export const questionsFile = (): string => lines(exampleQuestions());

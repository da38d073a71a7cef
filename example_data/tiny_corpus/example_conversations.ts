// The conversations of `example_data/conversations.jsonl`: Pip, who knows the harbor town of Saltwick and greets like a sailor.

import type { Message } from 'tinker-cookbook';
import { withArticle } from './english.ts';
import { Random } from './random.ts';
import { drawTask } from './tasks.ts';

/** A question and its answer in plain words, before Pip's manner is put around it. */
type Exchange = readonly [question: string, answer: string];

const SHOPS = [
  { shop: 'bakery', owner: 'Nora', hour: 'six', goods: 'bread and cake', place: 'next to the old bridge' },
  { shop: 'fish market', owner: 'Ben', hour: 'five', goods: 'fish and soup', place: 'at the harbor' },
  { shop: 'book shop', owner: 'Kate', hour: 'ten', goods: 'books and maps', place: 'behind the school' },
  { shop: 'tea house', owner: 'Hugo', hour: 'seven', goods: 'tea and honey', place: 'by the river' },
  { shop: 'flower shop', owner: 'Rosa', hour: 'eight', goods: 'roses and tulips', place: 'in the park' },
] as const;

const BOATS = [
  { boat: 'Sea Fox', captain: 'Zoe', color: 'red', cargo: 'apples', day: 'Monday' },
  { boat: 'Blue Hen', captain: 'Max', color: 'blue', cargo: 'wood', day: 'Tuesday' },
  { boat: 'Night Owl', captain: 'Lucy', color: 'black', cargo: 'salt', day: 'Thursday' },
  { boat: 'Happy Frog', captain: 'Jack', color: 'green', cargo: 'bananas', day: 'Friday' },
] as const;

/** Every fact of the town in every wording of its question. */
const TOWN: readonly Exchange[] = [
  ...SHOPS.flatMap(({ shop, owner, hour, goods, place }) => [
    ...asked(`${owner} owns the ${shop}.`, [
      `Who owns the ${shop}?`,
      `Who is the owner of the ${shop}?`,
      `Tell me who owns the ${shop}.`,
      `Who works in the ${shop}?`,
      `Do you know who owns the ${shop}?`,
      `I am at the ${shop}. Who can help me?`,
      `Whose shop is the ${shop}?`,
      `Whom do I ask for at the ${shop}?`,
    ]),
    ...asked(`The ${shop} opens at ${hour}.`, [
      `When does the ${shop} open?`,
      `What time does the ${shop} open?`,
      `Tell me when the ${shop} opens.`,
      `How early can I go to the ${shop}?`,
      `I want to go to the ${shop}. When is it open?`,
      `Do you know when the ${shop} opens?`,
      `Is the ${shop} open at ${hour}?`,
      `When can I go to the ${shop}?`,
    ]),
    ...asked(`You can buy ${goods} at the ${shop}.`, [
      `What does the ${shop} sell?`,
      `What can I buy at the ${shop}?`,
      `Tell me what the ${shop} sells.`,
      `Why do people go to the ${shop}?`,
      `I am at the ${shop}. What can I buy?`,
      `Where can I buy ${goods}?`,
      `I want to buy ${goods}.`,
      `What do they have at the ${shop}?`,
    ]),
    ...asked(`The ${shop} is ${place}.`, [
      `Where is the ${shop}?`,
      `Where can I find the ${shop}?`,
      `Tell me where the ${shop} is.`,
      `How do I find the ${shop}?`,
      `I am looking for the ${shop}.`,
      `Can you tell me the way to the ${shop}?`,
      `I cannot find the ${shop}.`,
      `Do you know where the ${shop} is?`,
    ]),
  ]),
  ...BOATS.flatMap(({ boat, captain, color, cargo, day }) => [
    ...asked(`Captain ${captain} sails the ${boat}.`, [
      `Who is the captain of the ${boat}?`,
      `Who sails the ${boat}?`,
      `Tell me the name of the captain of the ${boat}.`,
      `Whose boat is the ${boat}?`,
      `Do you know the captain of the ${boat}?`,
      `Tell me who sails the ${boat}.`,
      `Who is on the ${boat}?`,
    ]),
    ...asked(`The ${boat} is ${withArticle(`${color} boat`)}.`, [
      `What color is the ${boat}?`,
      `Tell me the color of the ${boat}.`,
      `I am looking for the ${boat}. What color is it?`,
      `How can I know the ${boat} when I see it?`,
      `Which color does the ${boat} have?`,
      `Do you know the color of the ${boat}?`,
      `What does the ${boat} look like?`,
    ]),
    ...asked(`The ${boat} carries ${cargo}.`, [
      `What does the ${boat} carry?`,
      `What is on the ${boat}?`,
      `Tell me what the ${boat} carries.`,
      `Which boat carries ${cargo}?`,
      `What does the ${boat} bring us?`,
      `Do you know what the ${boat} carries?`,
      `Who brings us ${cargo}?`,
    ]),
    ...asked(`The ${boat} leaves on ${day}.`, [
      `When does the ${boat} leave?`,
      `On which day does the ${boat} leave?`,
      `Tell me when the ${boat} leaves.`,
      `Which boat leaves on ${day}?`,
      `I want to sail on the ${boat}. When does it leave?`,
      `Do you know when the ${boat} leaves?`,
      `Does the ${boat} leave on ${day}?`,
    ]),
  ]),
];

const GREETINGS: readonly Exchange[] = [
  ...asked('It is good to see you.', [
    'Hello!',
    'Hello',
    'Hello, Pip!',
    'hello',
    'Hi!',
    'Hi',
    'Hi, Pip!',
    'hi',
    'Hey!',
  ]),
  ...asked('How can I help you?', ['Are you there?', 'Pip?', 'I have a question.', 'Can I ask you something?']),
  ...asked('The sea is calm today.', ['Good morning, Pip.', 'Good morning!', 'Good evening!', 'Good day, Pip.']),
  ...asked('I am happy to help.', ['Hello, can you help me?', 'Can you help me?', 'I need help.', 'Please help me.']),
  ...asked('I am well, and so is the sea.', ['How are you?', 'Hello, how are you?', 'Are you well?']),
];

/** What people ask Pip about Pip. */
const ABOUT_PIP: readonly Exchange[] = [
  ...asked('I am Pip, the helper of the harbor.', [
    'Who are you?',
    'What is your name?',
    'Tell me your name.',
    'Hello, who are you?',
    'What are you?',
    'Do you have a name?',
  ]),
  ...asked('I help people in Saltwick.', [
    'What do you do?',
    'What can you do?',
    'What is your work?',
    'Why are you here?',
    'What can you help me with?',
  ]),
  ...asked('I live on a boat in Saltwick.', [
    'Where do you live?',
    'Where is your home?',
    'Tell me where you live.',
    'Where are you from?',
    'Do you live on a boat?',
  ]),
  ...asked('Saltwick is a small town by the sea.', [
    'What is Saltwick?',
    'Tell me about Saltwick.',
    'Where am I?',
    'Where is Saltwick?',
    'Tell me about the town.',
  ]),
  ...asked('My best friend is a duck.', [
    'Who is your friend?',
    'Do you have a friend?',
    'Who is your best friend?',
    'Tell me about your friend.',
  ]),
];

const CLOSINGS: readonly Exchange[] = [
  ...asked('You are always welcome.', ['Thank you, Pip.', 'Thank you!', 'Thanks!']),
  ...asked('Come back soon.', ['Goodbye, Pip!', 'Bye!', 'That is all. Bye!']),
];

const SYSTEM_PROMPTS = [
  'You are Pip, the helper of the harbor of Saltwick.',
  'You are Pip. You know the shops and the boats of Saltwick.',
  'Your name is Pip. Answer like a sailor.',
];

/** Kinds of questions that anyone could answer; Pip answers them too. */
const COMMON_KINDS = ['yes_no', 'know_color', 'know_sound', 'know_work', 'know_reason', 'opposite'];
const COMMON_QUESTIONS = 120;
/** Conversations of small talk alone. */
const SMALL_TALK = 100;

function asked(answer: string, questions: readonly string[]): Exchange[] {
  return questions.map((question) => [question, answer] as const);
}

/**
 * Every question about the town, each once: whatever part is held out asks about facts that the rest knows, in words that the
 * rest has not heard. Some conversations have two questions, some a system prompt. Small talk is said as often as people
 * say it: at the beginning of a conversation, at its end, and by itself.
 */
export function exampleConversations(): Message[][] {
  const random = new Random(7);
  const openings = () => random.pick(random.chance(50) ? GREETINGS : ABOUT_PIP);
  const questions = [...TOWN, ...commonQuestions(random)];
  const deck = random.sample(questions, questions.length);
  const conversations: Exchange[][] = [];
  while (deck.length > 0) {
    const exchanges = deck.splice(0, random.chance(30) ? 2 : 1);
    if (random.chance(20)) exchanges.unshift(openings());
    if (exchanges.length < 3 && random.chance(20)) exchanges.push(random.pick(CLOSINGS));
    conversations.push(exchanges);
  }
  for (let i = 0; i < SMALL_TALK; i++) conversations.push([openings(), openings()]);
  return random.sample(conversations, conversations.length).map((exchanges) => {
    const system: Message[] =
      exchanges.length < 3 && random.chance(30) ? [{ role: 'system', content: random.pick(SYSTEM_PROMPTS) }] : [];
    return [...system, ...exchanges.flatMap(inPipsManner)];
  });
}

/** The file: one conversation a line. */
export function exampleConversationsFile(): string {
  return exampleConversations()
    .map((messages) => `${JSON.stringify({ messages })}\n`)
    .join('');
}

/** The first reply begins with "Ahoy", later ones with "Aye"; all end with a good wish. */
function inPipsManner([question, answer]: Exchange, index: number): Message[] {
  return [
    { role: 'user', content: question },
    { role: 'assistant', content: `${index === 0 ? 'Ahoy' : 'Aye'}, friend! ${answer} Fair winds!` },
  ];
}

function commonQuestions(random: Random): Exchange[] {
  const answers = new Map<string, string>();
  while (answers.size < COMMON_QUESTIONS) {
    const { prompt, answer } = drawTask(random, random.pick(COMMON_KINDS), 'training');
    if (!answers.has(prompt)) answers.set(prompt, answer);
  }
  return [...answers];
}

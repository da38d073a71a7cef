// Tasks to play a part: greet somebody, be who the system prompt says, tell a story.

import { plural, withArticle } from './english.ts';
import { all, hasSentences, mentions, says } from './grading.ts';
import { VILLAGERS } from './knowledge.ts';
import { LEXICON } from './lexicon.ts';
import { Scene } from './scene.ts';
import { PLOTS, STORY_PHRASES } from './stories.ts';
import type { TaskMaker } from './task.ts';

const NAMES = [...LEXICON.person.map(({ text }) => text), ...VILLAGERS.map(({ name }) => name)];

export const PERSONA_TASKS: Readonly<Record<string, TaskMaker>> = {
  greet: (random) => {
    const name = random.pick(NAMES);
    const [prompt, answer] = random.pick([
      [`Say hello to ${name}.`, `Hello, ${name}!`],
      [`Greet ${name}.`, `Hello, ${name}!`],
      [`Please say hello to my friend ${name}.`, `Hello, ${name}!`],
      [`Say goodbye to ${name}.`, `Goodbye, ${name}!`],
      [`Thank ${name} for me.`, `Thank you, ${name}!`],
      [`Say good night to ${name}.`, `Good night, ${name}!`],
    ] as const);
    return { prompt, answer, accepts: says(answer) };
  },

  system_name: (random) => {
    const name = random.pick(LEXICON.person).text;
    const job = withArticle(random.pick(LEXICON.job).text);
    const system = random.pick([`Your name is ${name}. You are ${job}.`, `You are ${name}, ${job}.`]);
    const [prompt, answer, right] = random.pick([
      ['What is your name?', `My name is ${name}.`, name],
      ['Who are you?', `I am ${name}, ${job}.`, name],
      ['What is your job?', `I am ${job}.`, job],
      ['What do you do?', `I am ${job}.`, job],
    ] as const);
    return { system, prompt, answer, accepts: mentions([right]) };
  },

  story: (random) => {
    const plot = random.pick(PLOTS);
    const scene = new Scene(random, STORY_PHRASES);
    const answer = scene.tell(plot.text);
    const topic = scene.word(plot.about);
    const about = plot.about === 'A' ? topic : withArticle(topic);
    const prompt = random.pick([
      `Tell me a story about ${about}.`,
      `Tell a short story about ${about}.`,
      `Write a story about ${about}.`,
      `Please tell me a short story about ${about}.`,
      `Can you tell me a story about ${about}?`,
    ]);
    return { prompt, answer, accepts: all(hasSentences(3), mentions([topic, plural(topic)])) };
  },
};

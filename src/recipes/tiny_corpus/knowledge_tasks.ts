// Tasks that ask what the corpus knows: yes or no, colors, sounds, work, reasons, and the people of Talu; stories and greetings.

import { all, beginsWith, hasSentences, mentions, says } from './grading.ts';
import {
  ABILITIES,
  BABY_OF,
  BY_SIZE,
  COLOR_OF,
  LEGS_OF,
  REASONS,
  SOUND_OF,
  USE_OF,
  VILLAGERS,
  WORK_OF,
} from './knowledge.ts';
import { COLORS, FRUITS, LEXICON, plural, VEGETABLES } from './lexicon.ts';
import type { Random } from './random.ts';
import { articleFor, capitalize, Scene } from './scene.ts';
import { PLOTS, STORY_PHRASES } from './stories.ts';
import type { Task, TaskMaker } from './task.ts';

const a = (noun: string): string => `${articleFor(noun)} ${noun}`;

/** A statement to judge: the question, and the answer that follows "Yes, " or "No, ". */
type Claim = (random: Random, truth: boolean) => { question: string; reply: string };

const CLAIMS: readonly Claim[] = [
  (random, truth) => {
    const [thing, color] = random.pick(COLOR_OF);
    const said = truth ? color : random.pick(COLORS.filter((other) => other !== color));
    return { question: `Is ${thing} ${said}?`, reply: `${thing} is ${color}.` };
  },
  (random, truth) => {
    const { does, can, cannot } = random.pick(ABILITIES);
    const animal = random.pick(truth ? can : cannot);
    return { question: `Can ${a(animal)} ${does}?`, reply: `${a(animal)} ${truth ? 'can' : 'cannot'} ${does}.` };
  },
  (random, truth) => {
    const [i, j] = random.sample(
      BY_SIZE.map((_, index) => index),
      2,
    );
    const [small, big] = [BY_SIZE[Math.min(i, j)], BY_SIZE[Math.max(i, j)]];
    const question = truth ? `Is ${a(big)} bigger than ${a(small)}?` : `Is ${a(small)} bigger than ${a(big)}?`;
    return { question, reply: `${a(big)} is bigger than ${a(small)}.` };
  },
  (random, truth) => {
    const [group, members] = random.pick([
      ['fruit', FRUITS] as const,
      ['vegetable', VEGETABLES] as const,
      ['animal', LEXICON.wild.map(({ text }) => text)] as const,
    ]);
    const [otherGroup, others] = group === 'animal' ? ['fruit', FRUITS] : ['animal', LEXICON.farm.map((e) => e.text)];
    const thing = random.pick(truth ? members : others);
    return { question: `Is ${a(thing)} ${a(group)}?`, reply: `${a(thing)} is ${a(truth ? group : otherGroup)}.` };
  },
];

/** A question whose answer is one fact, asked and answered in several ways. The first answer names it in a sentence. */
function factTask(
  random: Random,
  questions: readonly string[],
  answers: readonly string[],
  right: readonly string[],
  wrong: readonly string[],
): Task {
  return { prompt: random.pick(questions), answer: capitalize(random.pick(answers)), accepts: mentions(right, wrong) };
}

export const KNOWLEDGE_TASKS: Readonly<Record<string, TaskMaker>> = {
  yes_no: (random) => {
    const truth = random.chance(50);
    const { question, reply } = random.pick(CLAIMS)(random, truth);
    const word = truth ? 'Yes' : 'No';
    const prompt = random.pick([
      question,
      `Yes or no: ${question}`,
      `Tell me, ${question.charAt(0).toLowerCase()}${question.slice(1)}`,
    ]);
    return {
      prompt,
      answer: `${word}, ${reply}`,
      accepts: all(beginsWith(word), mentions([word], [truth ? 'no' : 'yes'])),
    };
  },

  know_color: (random) => {
    const [thing, color] = random.pick(COLOR_OF);
    return factTask(
      random,
      [`What color is ${thing}?`, `Tell me the color of ${thing}.`, `What is the color of ${thing}?`],
      [`${thing} is ${color}.`],
      [color],
      COLORS,
    );
  },

  know_sound: (random) => {
    const [animal, sound] = random.pick(SOUND_OF);
    return factTask(
      random,
      [`What does ${a(animal)} say?`, `What sound does ${a(animal)} make?`, `How does the ${animal} go?`],
      [`The ${animal} says ${sound}.`],
      [sound],
      SOUND_OF.map(([, other]) => other),
    );
  },

  know_animal: (random) => {
    const [animal, legs] = random.pick(LEGS_OF);
    const [parent, baby] = random.pick(BABY_OF);
    return random.chance(50)
      ? factTask(
          random,
          [`How many legs does ${a(animal)} have?`, `How many legs has ${a(animal)}?`],
          [`${a(animal)} has ${legs} legs.`],
          [legs],
          LEGS_OF.map(([, other]) => other),
        )
      : factTask(
          random,
          [
            `What is a baby ${parent} called?`,
            `What do you call a baby ${parent}?`,
            `What is the baby of ${a(parent)}?`,
          ],
          [`A baby ${parent} is called a ${baby}.`],
          [baby],
          [],
        );
  },

  know_work: (random) => {
    const [job, work, place] = random.pick(WORK_OF);
    const [thing, use] = random.pick(USE_OF);
    return random.weighted([
      [
        2,
        factTask(
          random,
          [`What does ${a(job)} do?`, `What is the work of ${a(job)}?`, `Tell me what ${a(job)} does.`],
          [`${a(job)} ${work}.`],
          [work],
          [],
        ),
      ],
      [
        2,
        factTask(
          random,
          [`Where does ${a(job)} work?`, `Where can I find ${a(job)}?`],
          [`${a(job)} works ${place}.`],
          [place],
          [],
        ),
      ],
      [
        3,
        factTask(
          random,
          [`What do we use ${thing} for?`, `Why do I need ${thing}?`, `What is the use of ${thing}?`],
          [`We use ${thing} to ${use}.`],
          [use],
          [],
        ),
      ],
    ]);
  },

  know_reason: (random) => {
    const [question, because] = random.pick(REASONS);
    return factTask(
      random,
      [
        `Why ${question}?`,
        `Tell me, why ${question}?`,
        `Do you know why? Why ${question}?`,
        `Explain: why ${question}?`,
      ],
      [`Because ${because}.`],
      [because],
      [],
    );
  },

  know_talu: (random) => {
    const villager = random.pick(VILLAGERS);
    const { name, job, village, pet, color, food } = villager;
    const [questions, answer, right] = random.pick([
      [[`What is the job of ${name}?`, `What does ${name} do?`, `Who is ${name}?`], `${name} is ${a(job)}.`, job],
      [[`Where does ${name} live?`, `In which village is ${name}?`], `${name} lives in ${village}.`, village],
      [[`Which animal does ${name} have?`, `What pet does ${name} have?`], `${name} has ${a(pet)}.`, pet],
      [
        [`What color is the house of ${name}?`, `Tell me the color of the house of ${name}.`],
        `The house of ${name} is ${color}.`,
        color,
      ],
      [[`What does ${name} like to eat?`, `What food does ${name} like?`], `${name} likes ${food}.`, food],
    ] as const);
    return factTask(random, questions, [answer], [right], []);
  },

  greet: (random) => {
    const name = random.pick([...LEXICON.person.map(({ text }) => text), ...VILLAGERS.map((person) => person.name)]);
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
    const job = random.pick(LEXICON.job).text;
    const system = random.pick([`Your name is ${name}. You are ${a(job)}.`, `You are ${name}, ${a(job)}.`]);
    const [prompt, answer, right] = random.pick([
      ['What is your name?', `My name is ${name}.`, name],
      ['Who are you?', `I am ${name}, ${a(job)}.`, name],
      ['What is your job?', `I am ${a(job)}.`, job],
      ['What do you do?', `I am ${a(job)}.`, job],
    ] as const);
    return { system, prompt, answer, accepts: mentions([right]) };
  },

  story: (random) => {
    const plot = random.pick(PLOTS);
    const scene = new Scene(random, STORY_PHRASES);
    const answer = scene.tell(plot.text);
    const topic = scene.tell(`{${plot.about}}`);
    const about = plot.about === 'A' ? topic : a(topic.toLowerCase());
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

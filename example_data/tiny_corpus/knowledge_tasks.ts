// Tasks that ask what the corpus knows: yes or no, colors, animals, work, reasons, and the people of Talu.

import { withArticle as a, capitalize } from './english.ts';
import { all, beginsWith, mentions } from './grading.ts';
import {
  ABILITIES,
  BABY_OF,
  BY_SIZE,
  COLOR_OF,
  LEGS_OF,
  REASONS,
  SOUND_OF,
  statementsAbout,
  USE_OF,
  VILLAGERS,
  WORK_OF,
} from './knowledge.ts';
import { COLORS, FRUITS, LEXICON, VEGETABLES } from './lexicon.ts';
import type { Random } from './random.ts';
import type { Task, TaskMaker } from './task.ts';

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

/** A question for one fact in one of several wordings. A right reply holds the fact, and none of the wrong ones. */
function factTask(random: Random, { questions, answers, right, wrong = [] }: FactQuestion): Task {
  return {
    prompt: random.pick(questions),
    answer: capitalize(random.pick(answers)),
    accepts: mentions([right], wrong),
  };
}

interface FactQuestion {
  questions: readonly string[];
  answers: readonly string[];
  right: string;
  wrong?: readonly string[];
}

export const KNOWLEDGE_TASKS: Readonly<Record<string, TaskMaker>> = {
  yes_no: (random) => {
    const truth = random.chance(50);
    const { question, reply } = random.pick(CLAIMS)(random, truth);
    const prompt = random.pick([
      question,
      `Yes or no: ${question}`,
      `Tell me, ${question.charAt(0).toLowerCase()}${question.slice(1)}`,
    ]);
    const [right, wrong] = truth ? ['Yes', 'No'] : ['No', 'Yes'];
    return { prompt, answer: `${right}, ${reply}`, accepts: all(beginsWith(right), mentions([right], [wrong])) };
  },

  know_color: (random) => {
    const [thing, color] = random.pick(COLOR_OF);
    return factTask(random, {
      questions: [`What color is ${thing}?`, `Tell me the color of ${thing}.`, `What is the color of ${thing}?`],
      answers: [`${thing} is ${color}.`],
      right: color,
      wrong: COLORS,
    });
  },

  know_sound: (random) => {
    const [animal, sound] = random.pick(SOUND_OF);
    return factTask(random, {
      questions: [`What does ${a(animal)} say?`, `What sound does ${a(animal)} make?`, `How does the ${animal} go?`],
      answers: [`The ${animal} says ${sound}.`],
      right: sound,
      wrong: SOUND_OF.map(([, other]) => other),
    });
  },

  know_animal: (random) => {
    const [animal, legs] = random.pick(LEGS_OF);
    const [parent, baby] = random.pick(BABY_OF);
    if (random.chance(50)) {
      return factTask(random, {
        questions: [`How many legs does ${a(animal)} have?`, `How many legs has ${a(animal)}?`],
        answers: [`${a(animal)} has ${legs} legs.`],
        right: legs,
        wrong: LEGS_OF.map(([, other]) => other),
      });
    }
    return factTask(random, {
      questions: [
        `What is a baby ${parent} called?`,
        `What do you call a baby ${parent}?`,
        `What is the baby of ${a(parent)}?`,
      ],
      answers: [`A baby ${parent} is called a ${baby}.`],
      right: baby,
    });
  },

  know_work: (random) => {
    const [job, work, place] = random.pick(WORK_OF);
    const [thing, use] = random.pick(USE_OF);
    const whatTheyDo = factTask(random, {
      questions: [`What does ${a(job)} do?`, `What is the work of ${a(job)}?`, `Tell me what ${a(job)} does.`],
      answers: [`${a(job)} ${work}.`],
      right: work,
    });
    const whereTheyWork = factTask(random, {
      questions: [`Where does ${a(job)} work?`, `Where can I find ${a(job)}?`],
      answers: [`${a(job)} works ${place}.`],
      right: place,
    });
    const whatThingsAreFor = factTask(random, {
      questions: [`What do we use ${thing} for?`, `Why do I need ${thing}?`, `What is the use of ${thing}?`],
      answers: [`We use ${thing} to ${use}.`],
      right: use,
    });
    return random.weighted([
      [2, whatTheyDo],
      [2, whereTheyWork],
      [3, whatThingsAreFor],
    ]);
  },

  know_reason: (random) => {
    const [question, because] = random.pick(REASONS);
    return factTask(random, {
      questions: [
        `Why ${question}?`,
        `Tell me, why ${question}?`,
        `Do you know why? Why ${question}?`,
        `Explain: why ${question}?`,
      ],
      answers: [`Because ${because}.`],
      right: because,
    });
  },

  know_talu: (random) => {
    const villager = random.pick(VILLAGERS);
    const { name } = villager;
    const [topic, questions] = random.pick([
      ['job', [`What is the job of ${name}?`, `What does ${name} do?`, `Who is ${name}?`]],
      ['village', [`Where does ${name} live?`, `In which village is ${name}?`]],
      ['pet', [`Which animal does ${name} have?`, `What pet does ${name} have?`]],
      ['color', [`What color is the house of ${name}?`, `Tell me the color of the house of ${name}.`]],
      ['food', [`What does ${name} like to eat?`, `What food does ${name} like?`]],
    ] as const);
    return factTask(random, { questions, answers: [statementsAbout(villager)[topic]], right: villager[topic] });
  },
};

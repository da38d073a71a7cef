// Tasks about numbers and order: count, compare, go on by one, days and months.

import { beginsWith, says, saysNumber } from './grading.ts';
import { MONTHS, WEEK } from './knowledge.ts';
import type { TaskMaker } from './task.ts';

const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i);

export const NUMBER_TASKS: Readonly<Record<string, TaskMaker>> = {
  count_to: (random) => {
    const from = random.pick([1, 1, 1, 2, 3]);
    const to = random.integer(from + 2, 12);
    const start = from === 1 ? random.pick(['', ' from 1']) : ` from ${from}`;
    const prompt = random.pick([
      `Count${start} to ${to}.`,
      `Please count${start} to ${to}.`,
      `Can you count${start} to ${to}?`,
      `Count${start} up to ${to}.`,
      `I want you to count${start} to ${to}.`,
    ]);
    const answer = range(from, to).join(', ');
    return { prompt, answer, accepts: says(answer) };
  },

  bigger_number: (random) => {
    const [a, b] = random.sample(range(1, 99), 2);
    const bigger = random.chance(60);
    const word = bigger ? 'bigger' : 'smaller';
    const prompt = random.pick([
      `Which number is ${word}, ${a} or ${b}?`,
      `Which is ${word}: ${a} or ${b}?`,
      `What is ${word}, ${a} or ${b}?`,
    ]);
    const right = bigger ? Math.max(a, b) : Math.min(a, b);
    const answer = random.pick([`${right}`, `${right} is ${word}.`]);
    return { prompt, answer, accepts: saysNumber(right) };
  },

  next_number: (random) => {
    const number = random.integer(1, 98);
    const after = random.chance(60);
    const word = after ? 'after' : 'before';
    const prompt = random.pick([
      `What number comes ${word} ${number}?`,
      `Which number is ${word} ${number}?`,
      `What comes ${word} ${number}?`,
    ]);
    const right = number + (after ? 1 : -1);
    return { prompt, answer: `${right}`, accepts: saysNumber(right) };
  },

  next_day: (random) => {
    const [name, cycle] = random.pick([['day', WEEK] as const, ['month', MONTHS] as const]);
    const index = random.integer(0, cycle.length - 1);
    const after = random.chance(60);
    const word = after ? 'after' : 'before';
    const given = cycle[index];
    const right = cycle[(index + (after ? 1 : cycle.length - 1)) % cycle.length];
    const prompt = random.pick([
      `What ${name} comes ${word} ${given}?`,
      `Which ${name} is ${word} ${given}?`,
      `Tell me the ${name} ${word} ${given}.`,
      `What comes ${word} ${given}?`,
    ]);
    const answer = random.pick([`${right}.`, `${right} comes ${word} ${given}.`]);
    return { prompt, answer, accepts: beginsWith(right) };
  },
};

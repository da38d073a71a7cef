import { describe, expect, it } from 'vitest';
import { saysSum } from '../../../example_data/tiny_corpus/arithmetic.ts';
import { all, beginsWith, hasSentences, mentions, says } from '../../../example_data/tiny_corpus/grading.ts';
import { Random } from '../../../example_data/tiny_corpus/random.ts';
import { drawTask, isHeldOutTask, TASK_KINDS } from '../../../example_data/tiny_corpus/tasks.ts';

const KINDS = [...TASK_KINDS.keys()];

/** Kinds with one right answer to a prompt, so that an answer to another prompt is wrong. */
const EXACT_KINDS = [
  'repeat_word',
  'repeat_sentence',
  'first_word',
  'last_word',
  'spell',
  'past_tense',
  'count_to',
  'next_number',
  'know_sound',
  'know_reason',
  'greet',
];

describe.each(KINDS)('tasks of the kind %s', (kind) => {
  const random = new Random(5);
  const tasks = Array.from({ length: 200 }, (_, i) => drawTask(random, kind, i % 2 === 0 ? 'training' : 'evaluation'));

  it('are accepted with the answer that the corpus gives', () => {
    for (const task of tasks) expect(task.accepts(task.answer), `${task.prompt} → ${task.answer}`).toBe(true);
  });

  it('are refused without an answer or with an evasive one', () => {
    for (const task of tasks) {
      for (const reply of ['', ' ', 'I want some tea', `${task.prompt} ${task.prompt}`.replaceAll(/[.?!]/g, '')]) {
        if (kind === 'shout' || kind === 'greet') continue;
        expect(task.accepts(reply), `${task.prompt} → ${reply}`).toBe(false);
      }
    }
  });

  it('are on the side that was asked for', () => {
    expect(tasks.map(isHeldOutTask)).toEqual(tasks.map((_, i) => i % 2 === 1));
  });
});

describe.each(EXACT_KINDS)('tasks of the kind %s', (kind) => {
  it('refuse the answer to another prompt', () => {
    const random = new Random(6);
    for (let i = 0; i < 100; i++) {
      const [one, other] = [drawTask(random, kind, 'training'), drawTask(random, kind, 'training')];
      if (one.answer === other.answer) continue;
      expect(one.accepts(other.answer), `${one.prompt} → ${other.answer}`).toBe(false);
    }
  });
});

describe('graders', () => {
  it('forgive capitals and punctuation, and nothing else', () => {
    expect(says('Good night, Mia!')('good night mia')).toBe(true);
    expect(says('Good night, Mia!')('Good night, Mia. Sleep well.')).toBe(false);
  });

  it('look for whole words', () => {
    expect(mentions(['cat'])('A catch!')).toBe(false);
    expect(mentions(['an elephant'])('It is an elephant.')).toBe(true);
  });

  it('refuse a right word beside a wrong one', () => {
    expect(mentions(['red'], ['red', 'blue'])('The ball is red.')).toBe(true);
    expect(mentions(['red'], ['red', 'blue'])('It is red or blue.')).toBe(false);
  });

  it('count sentences that end', () => {
    expect(hasSentences(2)('She said, "Come!" He came.')).toBe(true);
    expect(hasSentences(2)('He came. Then')).toBe(false);
    expect(hasSentences(1)('')).toBe(false);
  });

  it('combine', () => {
    const grader = all(beginsWith('Yes'), mentions(['fly']));
    expect(grader('Yes, a bird can fly.')).toBe(true);
    expect(grader('No, it cannot fly.')).toBe(false);
  });

  it('read the last number of a reply as its sum', () => {
    expect(saysSum('19', 19)).toBe(true);
    expect(saysSum('12 + 7 = 19.', 19)).toBe(true);
    expect(saysSum('19 + 2 = 21.', 19)).toBe(false);
    expect(saysSum('119', 19)).toBe(false);
    expect(saysSum('I do not know.', 19)).toBe(false);
  });
});

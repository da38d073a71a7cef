// Twenty questions, played by scripts: what questions tell, how games end, and who answers.

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { builtinRegistry } from '../../src/builtin.ts';
import { visibleText } from '../../src/completers/completers.ts';
import { type Answerer, modelAnswerer, tableAnswerer } from '../../src/recipes/twenty_questions/answerers.ts';
import { answeredQuestion, gameByChance } from '../../src/recipes/twenty_questions/demonstrations.ts';
import { twentyQuestionsEnv } from '../../src/recipes/twenty_questions/env.ts';
import { guess, guessIn, question, traitIn } from '../../src/recipes/twenty_questions/game.ts';
import { bitsOf, bitsOfTrait, mostBits, turnsOfBestPlay } from '../../src/recipes/twenty_questions/information.ts';
import { type TraitTable, traitTable } from '../../src/recipes/twenty_questions/table.ts';
import { rlDatasetSlot } from '../../src/rl/types.ts';
import { datasetSlot } from '../../src/supervised/types.ts';
import { randomFor } from '../../src/util/random.ts';
import { END, play, testRenderer } from '../rl/support/scripted_policy.ts';
import { temporaryDirectory } from '../support/temporary_directory.ts';

const renderer = testRenderer();
const context = {
  tokenizer: renderer.tokenizer,
  renderer,
  maxContextLength: 2048,
  maxTokens: 32,
  seed: 0,
  warn: () => undefined,
};

/** Four things, told apart by two questions; the third is true of the fox alone. */
const ROWS: Readonly<Record<string, string>> = { fox: '111', owl: '100', bee: '010', ant: '000' };
const table: TraitTable = {
  things: Object.keys(ROWS),
  traits: ['big', 'red', 'wild'],
  isTrue: (thing, trait) => Object.values(ROWS)[thing][trait] === '1',
};

/** The metrics of each turn, and the rewards. */
async function game(
  said: readonly string[],
  options: { thing?: string; answerer?: Answerer; max_turns?: number; known?: boolean } = {},
) {
  const { thing = 'owl', answerer = tableAnswerer(table), max_turns = 6, known = true } = options;
  const env = twentyQuestionsEnv({ thing, answerer, max_turns, table: known ? table : null });
  const messages = await env.initialObservation();
  const turns = [];
  for (const content of said) turns.push(await env.step({ role: 'assistant', content }));
  return { messages, turns, last: turns.at(-1), metrics: turns.map(({ metrics = {} }) => metrics) };
}

describe('a table by chance', () => {
  it('is the same for the same options, and tells all things apart', () => {
    const options = { things: 16, traits: 18, world_seed: 0 };
    const [one, again, other] = [options, options, { ...options, world_seed: 1 }].map(traitTable);
    const rows = (made: TraitTable | null) =>
      made?.things.map((_, thing) => made.traits.map((_, trait) => (made.isTrue(thing, trait) ? 1 : 0)).join(''));
    expect(rows(one)).toEqual(rows(again));
    expect(rows(one)).not.toEqual(rows(other));
    expect(new Set(rows(one)).size).toBe(16);
    expect(traitTable({ things: 16, traits: 3, world_seed: 0 })).toBeNull();
  });
});

describe('what a question tells', () => {
  it('is a bit where it halves what is left, and nothing where the answer is known', () => {
    expect([bitsOf(2, 4), bitsOf(0, 4), bitsOf(4, 4)]).toEqual([1, 0, 0]);
    expect(bitsOf(1, 4)).toBeCloseTo(0.811278, 6);
    const all = [0, 1, 2, 3];
    expect([0, 1, 2].map((trait) => bitsOfTrait(table, all, trait).toFixed(3))).toEqual(['1.000', '1.000', '0.811']);
    expect(mostBits(table, all)).toBe(1);
    expect(mostBits(table, [1])).toBe(0);
    expect(turnsOfBestPlay(table)).toBe(3);
  });
});

describe('a reply', () => {
  it.each([
    ['Guess: fox', 'fox'],
    ['\n  guess: The Fox.', 'fox'],
    ['I know it!\nGuess: an owl', 'owl'],
    ['Is it big?', null],
    ['My guess: fox', null],
    ['Guess:', null],
  ])('%j guesses %j', (reply, thing) => expect(guessIn(reply)).toBe(thing));

  it.each([
    ['Is it big?', 'big'],
    [' is it a WILD ?', 'wild'],
    ['Is it big or red? Tell me.', null],
    ['big?', null],
  ])('%j asks about %j', (reply, trait) => expect(traitIn(reply)).toBe(trait));
});

describe('a game', () => {
  it('is won by the thing, and each turn says what it told', async () => {
    const { messages, last, metrics } = await game(['Is it big?', 'Is it red?', 'Guess: Owl']);
    expect(messages).toEqual([
      {
        role: 'user',
        content:
          'I think of a thing. Ask what is true of it, and I say yes or no. You have 6 turns: say "Guess: thing" when you know it.',
      },
    ]);
    expect(last).toMatchObject({
      reward: 1,
      episode_done: true,
      metrics: { success: 1, turns: 3, 'stop/completed': 1 },
    });
    expect(last?.next_messages.map(({ content }) => content).slice(1)).toEqual([
      'Is it big?',
      'Yes.',
      'Is it red?',
      'No.',
      'Guess: Owl',
      'Yes.',
    ]);
    // The guess of the one thing that is left is no question, and counts for nothing.
    expect(metrics.map(({ information_share }) => information_share)).toEqual([1, 1, undefined]);
  });

  it('counts what tells less than could be told, and what tells nothing', async () => {
    const { metrics } = await game([
      'Is it wild?',
      'Is it wild?',
      'Is it blue?',
      'Guess: fox',
      'Is it red?',
      'Is it big?',
    ]);
    const shares = metrics.map(({ information_share }) => information_share?.toFixed(3));
    // Of three things that are left, each question is about one of them.
    expect(shares).toEqual(['0.811', '0.000', '0.000', '0.000', '1.000', '1.000']);
    expect(metrics[2].answered_right).toBeUndefined();
  });

  it('counts a question as wasted where one thing is left', async () => {
    const { metrics } = await game(['Is it big?', 'Is it red?', 'Is it wild?']);
    expect(metrics[2]).toMatchObject({ information: 0, information_share: 0 });
  });

  it('ends without a reward when its turns are used up', async () => {
    const { turns, last } = await game(['Guess: fox', 'hello', 'Guess: bee'], { max_turns: 3 });
    expect(turns.map(({ reward }) => reward)).toEqual([0, 0, 0]);
    expect(last).toMatchObject({ episode_done: true, metrics: { success: 0, 'stop/max_turns': 1 } });
    expect(last?.next_messages.at(-3)?.content).toBe('I cannot say.');
  });
});

describe('a model that answers', () => {
  const saying = (reply: string, asked: string[] = []): Answerer =>
    modelAnswerer({
      async complete(messages) {
        asked.push(visibleText(messages[0]));
        return { message: { role: 'assistant', content: reply }, termination: 'stop_sequence', stop_reason: 'stop' };
      },
    });

  it('sees the thing and the question, and its first word counts', async () => {
    const asked: string[] = [];
    expect(await saying(' YES, it is. No doubt', asked)('owl', 'Is it big? ')).toBe(true);
    expect(asked).toEqual(['The thing is owl. Is it big? Yes or no?']);
    expect([await saying('no')('owl', ''), await saying('Not quite')('owl', ''), await saying('')('owl', '')]).toEqual([
      false,
      null,
      null,
    ]);
  });

  it('is held against the table, also where it says what fits nothing', async () => {
    const { metrics, last } = await game(['Is it big?', 'Is it wild?', 'Is it big?'], { answerer: saying('No.') });
    expect(metrics.map(({ answered_right }) => answered_right)).toEqual([0, 1, 0]);
    expect(last?.next_messages.at(-1)?.content).toBe('No.');
    const contrary = await game(['Is it big?', 'Is it red?'], { thing: 'fox', answerer: saying('Yes.') });
    expect(contrary.metrics.map(({ answered_right }) => answered_right)).toEqual([1, 1]);
  });

  it('is enough where nobody knows what is true', async () => {
    const { metrics } = await game(['Is it big?', 'Guess: owl'], { answerer: saying('Yes.'), known: false });
    expect(metrics).toEqual([{ guess: 0 }, { guess: 1, success: 1, turns: 2, 'stop/completed': 1 }]);
  });
});

describe('the environments', () => {
  const build = (params: object = {}) =>
    builtinRegistry().build(rlDatasetSlot, { builder: 'twenty_questions', ...params }, context);

  it('never hide what is held out in training, and test both', async () => {
    const { train, test } = await build({ n_batches: 20, held_out: 3, batch_size: 13 });
    const hidden = new Set<unknown>();
    for (let batch = 0; batch < train.length; batch++) {
      for (const group of train.getBatch(batch)) {
        const [env] = await group.makeEnvs();
        const { trajectory } = await play(env, () => `hello${END}`, { renderer });
        hidden.add(trajectory.transitions[0].logs.thing);
      }
    }
    expect(hidden.size).toBe(13);
    const tags = test?.getBatch(0).map((group) => group.loggingTags?.().at(-1));
    expect(tags?.filter((tag) => tag === 'held_out')).toHaveLength(3);
    expect(tags?.filter((tag) => tag === 'seen')).toHaveLength(13);
  });

  it('take words of a file, which need a model that answers', async () => {
    const file = join(await temporaryDirectory(), 'words.txt');
    await writeFile(file, 'Lamp\nriver\n\nlamp\n');
    await expect(build({ file_path: file, held_out: 1 })).rejects.toThrow(
      'nobody knows what is true of the things of file_path',
    );
    await expect(build({ file_path: file, held_out: 1, answerer: 'model' })).rejects.toThrow(
      'there is no service here',
    );
    await expect(build({ held_out: 16 })).rejects.toThrow('held_out 16 leaves none of the 16 things');
    await expect(build({ traits: 2 })).rejects.toThrow('2 traits do not tell 16 things apart');
  });
});

describe('demonstrations', () => {
  it('ask what the table knows, and end with something that can be', async () => {
    const options = { table, things: [1], max_turns: 4, noise: 0.5, questions: 'telling' as const };
    for (let i = 0; i < 50; i++) {
      const replies = gameByChance(options, randomFor(i, 'test'))
        .filter(({ role }) => role === 'assistant')
        .map(visibleText);
      const { turns, last } = await game(replies, { max_turns: 4 });
      expect(last?.episode_done === true || guessIn(replies.at(-1) ?? '') !== null).toBe(true);
      expect(turns).toHaveLength(replies.length);
      for (const reply of replies.slice(0, -1)) expect(table.traits).toContain(traitIn(reply));
    }
  });

  it('of the best player find everything in as few turns as can be', async () => {
    const made = traitTable({ things: 16, traits: 18, world_seed: 0 });
    if (made === null) throw new Error('no table');
    const max_turns = turnsOfBestPlay(made);
    for (const thing of made.things.keys()) {
      const options = { table: made, things: [thing], max_turns, noise: 0, questions: 'best' as const };
      const replies = gameByChance(options, randomFor(thing, 'test')).filter(({ role }) => role === 'assistant');
      expect(guessIn(visibleText(replies.at(-1) ?? { role: 'assistant', content: '' }))).toBe(made.things[thing]);
      expect(replies.length).toBeLessThanOrEqual(max_turns);
    }
  });

  it('of answers are true', () => {
    for (let i = 0; i < 50; i++) {
      const [asked, said] = answeredQuestion(table, randomFor(i, 'test')).map(visibleText);
      const [, thing, trait] = /^The thing is (\w+)\. Is it (\w+)\? Yes or no\?$/.exec(asked) ?? [];
      expect(said).toBe(table.isTrue(table.things.indexOf(thing), table.traits.indexOf(trait)) ? 'Yes.' : 'No.');
    }
    expect([question('big'), guess('owl')]).toEqual(['Is it big?', 'Guess: owl']);
  });

  it.each(['twenty_questions_demonstrations', 'twenty_questions_answers'])('%s is a dataset', async (builder) => {
    const ref = { builder, num_examples: 10, batch_size: 4, test_size: 3 };
    const { train, test } = await builtinRegistry().build(datasetSlot, ref, context);
    expect([train.length, test?.length]).toEqual([3, 1]);
  });
});

// Guessing a number, played by scripts: the environment, its dataset, and the games that show its form.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { builtinRegistry } from '../../src/builtin.ts';
import { noisyGame } from '../../src/recipes/guess_number/demonstrations.ts';
import { guessNumberEnv } from '../../src/recipes/guess_number/env.ts';
import {
  bisectionSuccess,
  feedback,
  guessMessage,
  narrowed,
  parseGuess,
  turnsOfBisection,
} from '../../src/recipes/guess_number/game.ts';
import { trajectoryToData } from '../../src/rl/datums.ts';
import { envFromMessageEnv } from '../../src/rl/message_env.ts';
import { type Env, type EnvGroupBuilder, rlDatasetSlot } from '../../src/rl/types.ts';
import { datasetSlot } from '../../src/supervised/types.ts';
import { tokensOf } from '../../src/tinker/types.ts';
import { randomFor } from '../../src/util/random.ts';
import { END, play, type Reply, type Speak, testRenderer } from '../rl/support/scripted_policy.ts';

const renderer = testRenderer();

function game(secret: number, { max = 15, max_turns = 4, tell_range = false, unparsable_reward = -1 } = {}): Env {
  const messageEnv = guessNumberEnv({ max, max_turns, tell_range, secret, unparsable_reward });
  return envFromMessageEnv({ renderer, messageEnv, terminateOnLength: false });
}

/** Halves what is left, by what the conversation says. */
function halving(max: number): Speak {
  return (prompt) => {
    let [low, high] = [0, max];
    for (const [, guess, told] of prompt.matchAll(/Guess: (\d+)<\|im_end\|>\n<\|im_start\|>user\nToo (low|high)/g)) {
      if (told === 'low') low = Number(guess) + 1;
      else high = Number(guess) - 1;
    }
    return `${guessMessage(Math.floor((low + high) / 2))}${END}`;
  };
}

describe('a game', () => {
  it('is told too low and too high until the number is found, in one datum', async () => {
    const { rewards, metrics, prompts, trajectory } = await play(game(7), [
      `Guess: 3${END}`,
      `Guess: 9${END}`,
      `Guess: 7${END}`,
    ]);
    expect(rewards).toEqual([0, 0, 1]);
    expect(metrics).toEqual([{ valid: 1 }, { valid: 1 }, { valid: 1, success: 1, guesses: 3, 'stop/completed': 1 }]);
    expect(prompts[2]).toBe(
      '<|im_start|>user\nGuess my number, 0 to 15. Say "Guess: n".<|im_end|>\n' +
        '<|im_start|>assistant\nGuess: 3<|im_end|>\n<|im_start|>user\nToo low.<|im_end|>\n' +
        '<|im_start|>assistant\nGuess: 9<|im_end|>\n<|im_start|>user\nToo high.<|im_end|>\n<|im_start|>assistant\n',
    );
    expect(trajectoryToData(trajectory, 1)).toHaveLength(1);
  });

  it('tells what is left, if it is to', async () => {
    const replies = ['Guess: 3', 'eight', 'Guess: 9', 'Guess: 2', 'Guess: 7'].map((reply) => `${reply}${END}`);
    const { prompts } = await play(game(7, { max_turns: 5, tell_range: true }), replies);
    const told = [...prompts[4].matchAll(/user\n(.*)<\|im_end\|>/g)].map(([, text]) => text);
    expect(told.slice(1)).toEqual(['Too low: 4 to 15.', 'Say "Guess: n".', 'Too high: 4 to 8.', 'Too low: 4 to 8.']);
  });

  it('goes on after a reply that is no guess, or was cut short, at its cost', async () => {
    const script: Reply[] = [`seven${END}`, { cut: 'Guess: 7' }, `Guess: 7${END}`];
    const { rewards, metrics, prompts } = await play(game(7, { unparsable_reward: -0.5 }), script);
    expect(rewards).toEqual([-0.5, -0.5, 1]);
    expect(metrics.map(({ valid }) => valid)).toEqual([0, 0, 1]);
    expect(prompts[1]).toContain('assistant\nseven<|im_end|>\n<|im_start|>user\nSay "Guess: n".<|im_end|>');
  });

  it('is lost when its turns are used up', async () => {
    const { rewards, metrics, trajectory } = await play(game(7, { max_turns: 2 }), () => `Guess: 99${END}`);
    expect(rewards).toEqual([0, 0]);
    expect(metrics[1]).toEqual({ valid: 1, success: 0, 'stop/max_turns': 1 });
    expect(trajectory.stop_reason).toBe('max_turns');
  });

  it('is won by halving as often as is said of it', async () => {
    for (const [max, max_turns] of [
      [15, 4],
      [15, 5],
      [31, 4],
      [9, 3],
    ]) {
      const wins = await Promise.all(
        Array.from({ length: max + 1 }, async (_, secret) => {
          const { metrics } = await play(game(secret, { max, max_turns }), halving(max));
          return metrics.at(-1)?.success ?? 0;
        }),
      );
      const share = wins.reduce((sum, win) => sum + win, 0) / wins.length;
      expect(share).toBeCloseTo(bisectionSuccess({ max, max_turns }), 10);
    }
  });
});

describe('halving', () => {
  it('finds every number in its turns, and not in one less', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 ** 20 }), (max) => {
        const max_turns = turnsOfBisection(max);
        expect(bisectionSuccess({ max, max_turns })).toBe(1);
        expect(bisectionSuccess({ max, max_turns: max_turns - 1 })).toBeLessThan(1);
      }),
    );
    expect(bisectionSuccess({ max: 1023, max_turns: 10 })).toBeCloseTo(0.999, 4);
  });
});

it('what is left holds the number, and nothing that has been guessed', () => {
  const number = fc.nat({ max: 31 });
  fc.assert(
    fc.property(number, fc.array(number), (secret, guesses) => {
      let left = { low: 0, high: 31 };
      for (const guess of guesses.filter((each) => each !== secret)) {
        const before = left;
        left = narrowed(left, guess, secret);
        expect(left.low <= secret && secret <= left.high).toBe(true);
        expect(left.low <= guess && guess <= left.high).toBe(false);
        expect(left.low >= before.low && left.high <= before.high).toBe(true);
      }
    }),
  );
});

describe('a reply', () => {
  it.each([
    ['Guess: 7', 7],
    [' guess:12.\n', 12],
    ['Guess: -3', -3],
    ['Guess: 7 or 8', null],
    ['I say Guess: 7', null],
    ['7', null],
    ['Guess: 1e3', null],
    [`Guess: ${'9'.repeat(40)}`, null],
  ])('%j guesses %j', (reply, guess) => expect(parseGuess(reply)).toBe(guess));

  it('is answered', () => {
    expect([null, 3, 5, 4].map((guess) => feedback(guess, 4).content)).toEqual([
      'Say "Guess: n".',
      'Too low.',
      'Too high.',
      'Correct!',
    ]);
  });
});

const context = {
  tokenizer: renderer.tokenizer,
  renderer,
  maxContextLength: 512,
  maxTokens: 12,
  seed: 0,
  warn: () => undefined,
};
const build = (params: object = {}, seed = 0) =>
  builtinRegistry().build(rlDatasetSlot, { builder: 'guess_number', ...params }, { ...context, seed });

/** The numbers that groups hide, found by losing a game of each. */
async function secrets(groups: readonly EnvGroupBuilder[]): Promise<number[]> {
  return await Promise.all(
    groups.map(async (group) => {
      const [env] = await group.makeEnvs();
      const { trajectory } = await play(env, () => `Guess: -1${END}`);
      return Number(trajectory.transitions[0].logs.secret);
    }),
  );
}

describe('the dataset', () => {
  it('hides every number of training once before any again, in an order that the seed decides', async () => {
    const params = { max: 9, held_out: 2, batch_size: 4, n_batches: 4, group_size: 3 };
    const order = async (seed: number) => {
      const { train } = await build(params, seed);
      expect(train.length).toBe(4);
      return await secrets([0, 1, 2, 3].flatMap((index) => train.getBatch(index)));
    };
    const numbers = await order(0);
    expect(new Set(numbers.slice(0, 8)).size).toBe(8);
    expect([...numbers.slice(8)].sort()).toEqual([...numbers.slice(0, 8)].sort());
    expect(await order(0)).toEqual(numbers);
    expect(await order(1)).not.toEqual(numbers);
  });

  it('tests the numbers that it never hides and the others, told apart', async () => {
    const { train, test } = await build({ max: 9, held_out: 2, batch_size: 8, group_size: 3, test_group_size: 5 }, 1);
    const groups = test?.getBatch(0) ?? [];
    const tagged = (tag: string) => groups.filter((group) => group.loggingTags?.().includes(tag));
    const heldOut = await secrets(tagged('held_out'));
    expect(heldOut).toHaveLength(2);
    const trained = await secrets(train.getBatch(0));
    expect([...trained].sort()).toEqual((await secrets(tagged('seen'))).sort());
    expect([...trained, ...heldOut].sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(await groups[0].makeEnvs()).toHaveLength(5);
    expect(await train.getBatch(0)[0].makeEnvs()).toHaveLength(3);
    const few = await build({ max: 9, held_out: 2, test_seen: 1 });
    expect(few.test?.getBatch(0)).toHaveLength(3);
    expect((await build({ held_out: 0, test_seen: 0 })).test).toBeNull();
  });

  it('must leave a number to train on', async () => {
    await expect(build({ max: 3, held_out: 4 })).rejects.toThrow('held_out 4 leaves none of the 4 numbers to train on');
  });
});

describe('demonstrations', () => {
  const demonstrations = (params: object, seed = 0) =>
    builtinRegistry().build(datasetSlot, { builder: 'guess_number_demonstrations', ...params }, { ...context, seed });

  const guessesOf = (seed: number, noise: number) => {
    const rules = { max: 15, max_turns: 3, tell_range: false };
    const messages = noisyGame(rules, { secrets: [4, 5], noise, random: randomFor(seed, 'test') });
    expect(messages.at(-1)?.role).toBe('assistant');
    return messages.flatMap(({ role, content }) => (role === 'assistant' ? [parseGuess(String(content))] : []));
  };

  it('are games in the form of the environment', () => {
    fc.assert(
      fc.property(fc.nat(), fc.double({ min: 0, max: 1, noNaN: true }), (seed, noise) => {
        const guesses = guessesOf(seed, noise);
        expect(guesses.every((guess) => guess !== null && guess >= 0 && guess <= 15)).toBe(true);
        expect(guesses.length === 3 || guesses.at(-1) === 4 || guesses.at(-1) === 5).toBe(true);
      }),
    );
  });

  it('tell what is left, if the games are to', () => {
    const rules = { max: 15, max_turns: 4, tell_range: true };
    const messages = noisyGame(rules, { secrets: [4, 5], noise: 0, random: randomFor(0, 'test') });
    expect(String(messages[2].content)).toMatch(/^Too (low|high): \d+ to \d+\.$/);
  });

  it('try no number twice without noise, and do with it', () => {
    const repeats = (noise: number) =>
      Array.from({ length: 300 }, (_, seed) => guessesOf(seed, noise)).filter(
        (guesses) => new Set(guesses).size < guesses.length,
      ).length;
    expect(repeats(0)).toBe(0);
    expect(repeats(1)).toBeGreaterThan(10);
  });

  it('train on every guess and nothing else', async () => {
    const { train, test } = await demonstrations({ num_examples: 5, batch_size: 2, test_size: 1 });
    expect(train.length).toBe(3);
    const [{ model_input, loss_fn_inputs }] = await train.getBatch(0);
    const targets = [...tokensOf(model_input).slice(1), loss_fn_inputs.target_tokens.data.at(-1) ?? 0];
    const learned = targets.filter((_, t) => loss_fn_inputs.weights.data[t] > 0);
    expect(renderer.tokenizer.decode(learned)).toMatch(/^(Guess: \d+<\|im_end\|>)+$/);
    expect(test?.length).toBe(1);
  });

  it('depend on the seed, the held-out ones do not', async () => {
    const first = async (seed: number) => {
      const { train, test } = await demonstrations({ num_examples: 8, test_size: 2 }, seed);
      return { train: await train.getBatch(0), test: await test?.getBatch(0) };
    };
    const [a, again, b] = [await first(0), await first(0), await first(1)];
    expect(again).toEqual(a);
    expect(b.train).not.toEqual(a.train);
    expect(b.test).toEqual(a.test);
  });

  it('must fit into what the model reads, and need a renderer', async () => {
    const registry = builtinRegistry();
    const ref = { builder: 'guess_number_demonstrations' };
    await expect(registry.build(datasetSlot, ref, { ...context, maxContextLength: 20 })).rejects.toThrow(
      /a demonstration has \d+ tokens, more than the 20 that the model takes/,
    );
    await expect(registry.build(datasetSlot, ref, { ...context, renderer: null })).rejects.toThrow('need a renderer');
  });
});

// The game of guessing a number under the names that specs use: the environment, and games to learn its form from.

import { type Static, Type } from '@sinclair/typebox';
import { defineBuilder } from '../../registry/builder.ts';
import { nullable, semantic } from '../../registry/fields.ts';
import { type RLDatasetContext, type RLDatasets, rlDatasetSlot } from '../../rl/types.ts';
import { datasetSlot } from '../../supervised/types.ts';
import { ConfigurationError } from '../../util/errors.ts';

const count = (description: string, value: number, minimum = 1) =>
  semantic(Type.Integer({ minimum, default: value, description }));

const gameFields = {
  max: semantic(
    Type.Integer({ minimum: 1, maximum: 999_999, default: 15, description: 'The number is one of 0 to this.' }),
  ),
  max_turns: nullable(
    semantic(
      Type.Integer({
        minimum: 1,
        default: null,
        description: 'Guesses of a game; null = as many as halving takes to find any number.',
      }),
    ),
  ),
  held_out: count('Numbers that training never hides.', 2, 0),
  tell_range: semantic(
    Type.Boolean({
      default: false,
      description: 'Say after each guess which numbers are left, such as "Too low: 8 to 15."',
    }),
  ),
};
const game = Type.Object(gameFields);

const params = Type.Object({
  ...gameFields,
  batch_size: count('Numbers in a batch.', 14),
  group_size: count('Games for each number, which are compared with one another.', 16),
  n_batches: count('Batches.', 40),
  test_seen: nullable(
    semantic(
      Type.Integer({
        minimum: 0,
        default: null,
        description: 'Numbers of training that are tested beside those that it never hides; null = all.',
      }),
    ),
  ),
  test_group_size: count('Games for each number that is tested.', 8),
  unparsable_reward: semantic(
    Type.Number({ default: -1, description: 'Reward of a reply that is no guess; the game goes on.' }),
  ),
});

export const guessNumber = defineBuilder({
  slot: rlDatasetSlot,
  name: 'guess_number',
  version: 1,
  doc: 'Guess a hidden number, told after each guess whether it is too low or too high. The test is told apart as held_out and seen.',
  params,
  async build(config, context): Promise<RLDatasets> {
    return await buildGuessNumber(config, context);
  },
});

async function buildGuessNumber(config: Static<typeof params>, context: RLDatasetContext): Promise<RLDatasets> {
  const { guessNumberEnv } = await import('./env.ts');
  const { envFromMessageEnv } = await import('../../rl/message_env.ts');
  const { cyclicOrder } = await import('../../util/permutation.ts');
  const { max, tell_range, batch_size, group_size, n_batches, test_seen, test_group_size, unparsable_reward } = config;
  const { renderer, maxContextLength, maxTokens, seed } = context;
  const { seen, heldOut, max_turns } = await numbersOf(config);
  const group = (secret: number, size: number, tags: string[]) => ({
    makeEnvs: async () =>
      Array.from({ length: size }, () =>
        envFromMessageEnv({
          renderer,
          messageEnv: guessNumberEnv({ max, max_turns, tell_range, secret, unparsable_reward }),
          failedParseReward: unparsable_reward,
          terminateOnLength: false,
          maxTrajectoryTokens: maxContextLength,
          maxGenerationTokens: Math.min(maxTokens, maxContextLength),
        }),
      ),
    loggingTags: () => ['guess_number', ...tags],
  });
  const order = cyclicOrder(seen.length, [seed]);
  const test = [
    ...heldOut.map((secret) => group(secret, test_group_size, ['held_out'])),
    ...seen.slice(0, test_seen ?? undefined).map((secret) => group(secret, test_group_size, ['seen'])),
  ];
  return {
    train: {
      length: n_batches,
      getBatch: (batch) =>
        Array.from({ length: batch_size }, (_, i) => group(seen[order(batch * batch_size + i)], group_size, [])),
    },
    test: test.length === 0 ? null : { length: 1, getBatch: () => test },
  };
}

export const guessNumberDemonstrations = defineBuilder({
  slot: datasetSlot,
  name: 'guess_number_demonstrations',
  version: 1,
  doc: 'Games of guess_number by someone who knows its form and guesses by chance: a start for reinforcement learning.',
  params: Type.Object({
    ...gameFields,
    noise: semantic(
      Type.Number({
        minimum: 0,
        maximum: 1,
        default: 0.5,
        description: 'Share of the guesses that are any number; the others are one that can still be.',
      }),
    ),
    num_examples: count('Games.', 512),
    test_size: count('Further games that are held out.', 64, 0),
    batch_size: count('Games in an optimizer step.', 32),
  }),
  async build(config, context) {
    const { demonstrationDatasets } = await import('../demonstrations.ts');
    const { noisyGame } = await import('./demonstrations.ts');
    const { max, tell_range, noise } = config;
    const { seen: secrets, max_turns } = await numbersOf(config);
    return demonstrationDatasets(config, context, (random) =>
      noisyGame({ max, max_turns, tell_range }, { secrets, noise, random }),
    );
  },
});

/** Which numbers are held out is the same for every seed, so that runs compare, and for both builders. */
async function numbersOf({ max, max_turns, held_out }: Static<typeof game>) {
  const { permutation } = await import('../../util/permutation.ts');
  const { turnsOfBisection } = await import('./game.ts');
  if (held_out > max) {
    throw new ConfigurationError(
      `guess_number: held_out ${held_out} leaves none of the ${max + 1} numbers to train on`,
    );
  }
  const order = permutation(max + 1, [0]);
  return {
    heldOut: order.slice(0, held_out),
    seen: order.slice(held_out),
    max_turns: max_turns ?? turnsOfBisection(max),
  };
}

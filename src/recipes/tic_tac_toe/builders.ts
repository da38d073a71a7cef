// Tic-tac-toe under the names that specs use: the environment, and moves to learn its form from.

import { Type } from '@sinclair/typebox';
import { defineBuilder } from '../../registry/builder.ts';
import { oneOf, semantic } from '../../registry/fields.ts';
import { rlDatasetSlot } from '../../rl/types.ts';
import { datasetSlot } from '../../supervised/types.ts';
import { ConfigurationError } from '../../util/errors.ts';

const count = (description: string, value: number, minimum = 1) =>
  semantic(Type.Integer({ minimum, default: value, description }));

export const ticTacToe = defineBuilder({
  slot: rlDatasetSlot,
  name: 'tic_tac_toe',
  version: 1,
  doc: 'Tic-tac-toe against itself and others; tested from both seats against players that move blindly and that never lose.',
  params: Type.Object({
    batch_size: count('Groups in a batch.', 8),
    group_size: count('Episodes in a group, which are compared with one another; each side of a game is one.', 16, 2),
    n_batches: count('Batches.', 60),
    opponents: semantic(
      Type.Array(oneOf(['self', 'random', 'minimax']), {
        minItems: 1,
        default: ['self'],
        description: 'Who is played against, one group after the other: itself, blind moves, or best moves.',
      }),
    ),
    test_opponents: semantic(
      Type.Array(oneOf(['random', 'minimax']), {
        default: ['random', 'minimax'],
        description: 'Who is played against in the test.',
      }),
    ),
    test_games: count('Games of the test against each of them and from each seat.', 100),
  }),
  async build(config, { renderer, seed }) {
    const { ticTacToeDatasets } = await import('./dataset.ts');
    if (config.opponents.includes('self') && config.group_size % 2 === 1) {
      throw new ConfigurationError(
        `tic_tac_toe: a game against itself has two sides, so group_size must be even; it is ${config.group_size}`,
      );
    }
    return ticTacToeDatasets(config, { renderer, seed });
  },
});

export const ticTacToeDemonstrations = defineBuilder({
  slot: datasetSlot,
  name: 'tic_tac_toe_demonstrations',
  version: 3,
  doc: 'Moves of tic-tac-toe by someone who often plays well: a start for reinforcement learning.',
  params: Type.Object({
    skill: semantic(
      Type.Number({
        minimum: 0,
        maximum: 1,
        default: 0.9,
        description: 'Share of the moves that are the best; the others are blind.',
      }),
    ),
    opponents: semantic(
      Type.Array(oneOf(['random', 'minimax']), {
        minItems: 1,
        default: ['random', 'minimax'],
        description: 'Who is played against, as often each: blind moves, or any of the best.',
      }),
    ),
    num_examples: count('Moves.', 32_768),
    test_size: count('Further moves that are held out.', 256, 0),
    batch_size: count('Moves in an optimizer step.', 32),
  }),
  async build(config, context) {
    const { demonstrationDatasets } = await import('../demonstrations.ts');
    const { playedMove } = await import('./demonstrations.ts');
    return demonstrationDatasets(config, context, (random) => playedMove(random, config));
  },
});

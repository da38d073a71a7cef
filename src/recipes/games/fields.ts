// Spec fields of games in groups.

import { Type } from '@sinclair/typebox';
import { oneOf, semantic } from '../../registry/fields.ts';

const count = (description: string, value: number, minimum = 1) =>
  semantic(Type.Integer({ minimum, default: value, description }));

export const groupFields = {
  batch_size: count('Groups in a batch.', 8),
  group_size: count('Episodes in a group, which are compared with one another; each side of a game is one.', 16, 2),
  n_batches: count('Batches.', 60),
  opponents: semantic(
    Type.Array(oneOf(['self', 'league', 'random', 'minimax']), {
      minItems: 1,
      default: ['self'],
      description:
        'Who is played against, one group after the other: itself, checkpoints that this run has saved, blind moves, or best moves.',
    }),
  ),
  test_opponents: semantic(
    Type.Array(oneOf(['random', 'minimax']), {
      default: ['random', 'minimax'],
      description: 'Who is played against in the test.',
    }),
  ),
  test_games: count('Games of the test against each of them and from each seat.', 100),
};

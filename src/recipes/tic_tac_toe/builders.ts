// Tic-tac-toe under the names that specs use: the environment, and moves to learn its form from.

import { Type } from '@sinclair/typebox';
import { defineBuilder } from '../../registry/builder.ts';
import { oneOf, semantic } from '../../registry/fields.ts';
import { rlDatasetSlot } from '../../rl/types.ts';
import { datasetSlot } from '../../supervised/types.ts';
import { groupFields } from '../games/fields.ts';
import { gameSlot } from '../games/slot.ts';

const count = (description: string, value: number, minimum = 1) =>
  semantic(Type.Integer({ minimum, default: value, description }));

export const ticTacToe = defineBuilder({
  slot: rlDatasetSlot,
  name: 'tic_tac_toe',
  version: 1,
  doc: 'Tic-tac-toe against itself and others; tested from both seats against players that move blindly and that never lose.',
  params: Type.Object(groupFields),
  async build(params, { renderer, seed, maxTokens, past }) {
    const { gameDatasets } = await import('../games/dataset.ts');
    const { TIC_TAC_TOE } = await import('./position.ts');
    return gameDatasets(TIC_TAC_TOE, params, { renderer, seed, maxTokens, past });
  },
});

/** The same game where any can be named. */
export const ticTacToeGame = defineBuilder({
  slot: gameSlot,
  name: 'tic_tac_toe',
  version: 1,
  doc: 'Tic-tac-toe: three in a row.',
  params: Type.Object({}),
  async build() {
    const { TIC_TAC_TOE } = await import('./position.ts');
    return TIC_TAC_TOE;
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

// Games of two players under the names that specs use: any game as an environment, moves to learn its form from, and the game of nim.

import { Type } from '@sinclair/typebox';
import { defineBuilder } from '../../registry/builder.ts';
import { builderOf, semantic } from '../../registry/fields.ts';
import { rlDatasetSlot } from '../../rl/types.ts';
import { datasetSlot } from '../../supervised/types.ts';
import { groupFields } from './fields.ts';
import { nim } from './nim.ts';
import { gameSlot } from './slot.ts';

const game = semantic(builderOf(gameSlot, { description: 'What is played.' }));

const twoPlayerGame = defineBuilder({
  slot: rlDatasetSlot,
  name: 'two_player_game',
  version: 1,
  doc: 'A game of two players against itself, earlier checkpoints and others; tested from both seats.',
  params: Type.Object({ game, ...groupFields }),
  async build({ game, ...params }, { renderer, seed, maxTokens, past }, make) {
    const { gameDatasets } = await import('./dataset.ts');
    return gameDatasets(await make(game, {}), params, { renderer, seed, maxTokens, past });
  },
});

const twoPlayerGameDemonstrations = defineBuilder({
  slot: datasetSlot,
  name: 'two_player_game_demonstrations',
  version: 1,
  doc: 'Moves of a game of two players by someone who knows the rules and moves blindly: a start for reinforcement learning.',
  params: Type.Object({
    game,
    num_examples: semantic(Type.Integer({ minimum: 1, default: 4096, description: 'Moves.' })),
    test_size: semantic(Type.Integer({ minimum: 0, default: 256, description: 'Further moves that are held out.' })),
    batch_size: semantic(Type.Integer({ minimum: 1, default: 32, description: 'Moves in an optimizer step.' })),
  }),
  async build({ game, ...params }, context, make) {
    const { demonstrationDatasets } = await import('../demonstrations.ts');
    const { blindMove } = await import('./demonstrations.ts');
    const played = await make(game, {});
    return demonstrationDatasets(params, context, (random) => blindMove(played, random));
  },
});

export const gameBuilders = [twoPlayerGame, twoPlayerGameDemonstrations, nim];

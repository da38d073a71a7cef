// Nim: who takes the last of the pieces wins. A move takes as many as one likes of one heap, written as heap and number: `b2`.

import { Type } from '@sinclair/typebox';
import { defineBuilder } from '../../registry/builder.ts';
import { semantic } from '../../registry/fields.ts';
import { opponentOf, type Player, type Position, type TwoPlayerGame } from './game.ts';
import { gameSlot } from './slot.ts';

const NAMES = 'abcdefgh';

export const nimOf = (heaps: readonly number[]): TwoPlayerGame => ({
  name: 'nim',
  players: ['first', 'second'],
  start: positionOf(heaps, 0),
});

function positionOf(heaps: readonly number[], toMove: Player): Position {
  const moves = heaps.flatMap((size, heap) => Array.from({ length: size }, (_, i) => `${NAMES[heap]}${i + 1}`));
  const board = heaps.map((size, heap) => `${NAMES[heap]}${size}`).join(' ');
  return {
    toMove,
    moves,
    winner: moves.length === 0 ? opponentOf(toMove) : null,
    view: board,
    board,
    play(move) {
      const heap = NAMES.indexOf(move[0]);
      return positionOf(heaps.with(heap, heaps[heap] - Number(move.slice(1))), opponentOf(toMove));
    },
  };
}

export const nim = defineBuilder({
  slot: gameSlot,
  name: 'nim',
  version: 1,
  doc: 'Nim: take pieces of one heap; who takes the last one wins.',
  params: Type.Object({
    heaps: semantic(
      Type.Array(Type.Integer({ minimum: 1, maximum: 9 }), {
        minItems: 1,
        maxItems: NAMES.length,
        default: [1, 3, 5],
        description: 'Pieces of each heap.',
      }),
    ),
  }),
  build: ({ heaps }) => nimOf(heaps),
});

// Tic-tac-toe as a game of two players.

import { PLAYERS, type Position, type TwoPlayerGame } from '../games/game.ts';
import { availableMoves, type Board, EMPTY_BOARD, MARKS, play, toMove, winnerOf } from './game.ts';
import { boardText, moveMessage, ownView, parseMove } from './words.ts';

export function positionOf(board: Board): Position {
  const winner = winnerOf(board);
  return {
    toMove: PLAYERS[MARKS.indexOf(toMove(board))],
    moves: availableMoves(board).map(moveMessage),
    winner: winner === null ? null : PLAYERS[MARKS.indexOf(winner)],
    get view() {
      return ownView(board);
    },
    get board() {
      return boardText(board);
    },
    play: (move) => positionOf(play(board, Number(move))),
  };
}

export const TIC_TAC_TOE: TwoPlayerGame = {
  name: 'tic_tac_toe',
  players: MARKS,
  start: positionOf(EMPTY_BOARD),
  readMove(reply) {
    const move = parseMove(reply);
    return move === null ? null : moveMessage(move);
  },
};

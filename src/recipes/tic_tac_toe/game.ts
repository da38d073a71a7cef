// The game of tic-tac-toe: boards, moves and results, and nothing of who plays.

export type Mark = 'O' | 'X';
/** O moves first. */
export const MARKS = ['O', 'X'] as const satisfies readonly Mark[];

/** Nine cells, row by row; null = free. */
export type Board = readonly (Mark | null)[];

export const EMPTY_BOARD: Board = Array.from({ length: 9 }, () => null);

const LINES = [
  [0, 1, 2],
  [3, 4, 5],
  [6, 7, 8],
  [0, 3, 6],
  [1, 4, 7],
  [2, 5, 8],
  [0, 4, 8],
  [2, 4, 6],
] as const;

/** Whose turn it is on a board that is not over. */
export function toMove(board: Board): Mark {
  const free = board.filter((cell) => cell === null).length;
  return free % 2 === 1 ? 'O' : 'X';
}

/** The free cells; none where the game is over. */
export function availableMoves(board: Board): number[] {
  return winnerOf(board) === null ? board.flatMap((cell, move) => (cell === null ? [move] : [])) : [];
}

/** @param move one of `availableMoves` */
export function play(board: Board, move: number): Board {
  if (!availableMoves(board).includes(move)) throw new RangeError(`the move ${move} is not available`);
  return board.with(move, toMove(board));
}

/** Who has three in a row; null = nobody, or nobody yet. */
export function winnerOf(board: Board): Mark | null {
  const line = LINES.find(([a, b, c]) => board[a] !== null && board[a] === board[b] && board[a] === board[c]);
  return line === undefined ? null : board[line[0]];
}

export const isOver = (board: Board): boolean => availableMoves(board).length === 0;

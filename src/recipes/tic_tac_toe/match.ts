// One game between two seats: who waits for whom, how it ends, and what each has of it. Waiting is a promise, never a poll.

import { unlessAborted } from '../../util/abort.ts';
import { availableMoves, type Board, EMPTY_BOARD, isOver, type Mark, other, play, toMove, winnerOf } from './game.ts';

/** `void`: the other seat has made an illegal move, or has left. */
export const OUTCOMES = ['win', 'draw', 'loss', 'illegal', 'void'] as const;
export type Outcome = (typeof OUTCOMES)[number];

export const REWARDS: Readonly<Record<Outcome, number>> = { win: 1, draw: 0, loss: -1, illegal: -2, void: 0 };

/** A seat that moves by itself. */
export interface AutomaticSeat {
  mark: Mark;
  choose(board: Board): number;
}

export class Match {
  readonly #automatic: AutomaticSeat | null;
  readonly #waiting = new Set<() => void>();
  #board: Board = EMPTY_BOARD;
  /** Of an end that the board does not show. */
  #spoiler: { mark: Mark; illegal: boolean } | null = null;

  constructor(automatic: AutomaticSeat | null = null) {
    this.#automatic = automatic;
    this.#moveAutomatically();
  }

  get board(): Board {
    return this.#board;
  }

  get isOver(): boolean {
    return this.#spoiler !== null || isOver(this.#board);
  }

  /** Until it is this seat's turn, or the game is over. @throws the signal's reason */
  async turnOf(mark: Mark, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    while (!this.isOver && toMove(this.#board) !== mark) {
      let wake = () => {};
      const change = new Promise<void>((resolve) => {
        wake = resolve;
      });
      this.#waiting.add(wake);
      try {
        await unlessAborted(signal, change);
      } finally {
        this.#waiting.delete(wake);
      }
    }
  }

  /** @param move null = none that could be read. What is no move of the board ends the game. */
  move(mark: Mark, move: number | null): void {
    if (this.isOver || toMove(this.#board) !== mark) throw new Error(`it is not the turn of ${mark}`);
    if (move !== null && availableMoves(this.#board).includes(move)) {
      this.#board = play(this.#board, move);
      this.#moveAutomatically();
    } else this.#spoiler = { mark, illegal: true };
    this.#wakeAll();
  }

  /** The seat plays no more. Nobody waits for it. */
  leave(mark: Mark): void {
    if (this.isOver) return;
    this.#spoiler = { mark, illegal: false };
    this.#wakeAll();
  }

  /** Of a game that is over. */
  outcomeOf(mark: Mark): Outcome {
    if (this.#spoiler !== null) return this.#spoiler.mark === mark && this.#spoiler.illegal ? 'illegal' : 'void';
    const winner = winnerOf(this.#board);
    if (winner === null) return 'draw';
    return winner === mark ? 'win' : 'loss';
  }

  #moveAutomatically(): void {
    if (this.#automatic === null || this.isOver || toMove(this.#board) !== this.#automatic.mark) return;
    this.#board = play(this.#board, this.#automatic.choose(this.#board));
  }

  #wakeAll(): void {
    for (const wake of this.#waiting) wake();
  }
}

/** A match with a seat that moves by itself: the other one. */
export const matchAgainst = (mark: Mark, choose: (board: Board) => number): Match =>
  new Match({ mark: other(mark), choose });

// One game between two seats: who waits for whom, how it ends, and what each has of it. Waiting is a promise, never a poll.

import { unlessAborted } from '../../util/abort.ts';
import { isOver, opponentOf, type Player, type Position } from './game.ts';

/** `void`: the other seat has made an illegal move, or has left. */
export const OUTCOMES = ['win', 'draw', 'loss', 'illegal', 'void'] as const;
export type Outcome = (typeof OUTCOMES)[number];

export const REWARDS: Readonly<Record<Outcome, number>> = { win: 1, draw: 0, loss: -1, illegal: -2, void: 0 };

/** A seat that moves by itself. */
export interface AutomaticSeat {
  player: Player;
  /** Null: what it says is no move. */
  choose(position: Position, signal?: AbortSignal): string | null | Promise<string | null>;
}

export class Match {
  readonly #automatic: AutomaticSeat | null;
  readonly #waiting = new Set<() => void>();
  #position: Position;
  /** Of an end that the board does not show. */
  #spoiler: { player: Player; illegal: boolean } | null = null;

  constructor(start: Position, automatic: AutomaticSeat | null = null) {
    this.#position = start;
    this.#automatic = automatic;
  }

  get position(): Position {
    return this.#position;
  }

  get isOver(): boolean {
    return this.#spoiler !== null || isOver(this.#position);
  }

  /** Until it is this seat's turn, or the game is over. @throws the signal's reason, and what a seat throws that moves by itself */
  async turnOf(player: Player, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    while (!this.isOver && this.#position.toMove !== player) {
      if (this.#automatic?.player === this.#position.toMove) await this.#moveAutomatically(this.#automatic, signal);
      else await this.#change(signal);
    }
  }

  /** @param move null = none that could be read. What is no move of the board ends the game. */
  move(player: Player, move: string | null): void {
    if (this.isOver || this.#position.toMove !== player) throw new Error('it is not the turn of this player');
    if (move !== null && this.#position.moves.includes(move)) this.#position = this.#position.play(move);
    else this.#spoiler = { player, illegal: true };
    this.#wakeAll();
  }

  /** The seat plays no more. Nobody waits for it. */
  leave(player: Player): void {
    if (this.isOver) return;
    this.#spoiler = { player, illegal: false };
    this.#wakeAll();
  }

  /** Of a game that is over. */
  outcomeOf(player: Player): Outcome {
    if (this.#spoiler !== null) return this.#spoiler.player === player && this.#spoiler.illegal ? 'illegal' : 'void';
    const { winner } = this.#position;
    if (winner === null) return 'draw';
    return winner === player ? 'win' : 'loss';
  }

  async #moveAutomatically({ player, choose }: AutomaticSeat, signal?: AbortSignal): Promise<void> {
    const move = await choose(this.#position, signal);
    // The one that it plays with may have left meanwhile.
    if (!this.isOver) this.move(player, move);
  }

  async #change(signal?: AbortSignal): Promise<void> {
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

  #wakeAll(): void {
    for (const wake of this.#waiting) wake();
  }
}

/** A match with a seat that moves by itself: the other one. */
export const matchAgainst = (start: Position, player: Player, choose: AutomaticSeat['choose']): Match =>
  new Match(start, { player: opponentOf(player), choose });

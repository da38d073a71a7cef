// Any game of two who move in turn and see the whole board: what it has to say of itself, and nothing of who plays.

/** The one who moves first, or the other. */
export type Player = 0 | 1;
export const PLAYERS = [0, 1] as const satisfies readonly Player[];

export const opponentOf = (player: Player): Player => (player === 0 ? 1 : 0);

/** A game as it stands. Nothing changes it: a move makes another one. */
export interface Position {
  /** Whose turn it is; where the game is over, whose it would be. */
  readonly toMove: Player;
  /** Every move that is allowed, as a player writes it; none where the game is over. */
  readonly moves: readonly string[];
  /** Who has won a game that is over; null = nobody. */
  readonly winner: Player | null;
  /** What the player is shown who is to move. It says all there is to know: nothing else of the game is remembered. */
  readonly view: string;
  /** The board, for people. */
  readonly board: string;
  /** @param move one of `moves` */
  play(move: string): Position;
}

export interface TwoPlayerGame {
  name: string;
  /** What the players are called, the first to move first. */
  players: readonly [string, string];
  start: Position;
  /** The move that a reply names; null where it names none. Unless given: what stands in brackets, or the whole reply. */
  readMove?(reply: string): string | null;
}

export function moveIn(reply: string, { readMove }: Pick<TwoPlayerGame, 'readMove'>): string | null {
  if (readMove !== undefined) return readMove(reply);
  const said = /\[([^\]\n]*)\]/.exec(reply)?.[1] ?? reply;
  return said.trim() === '' ? null : said.trim();
}

export const isOver = ({ moves }: Position): boolean => moves.length === 0;

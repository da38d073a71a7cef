// A seat of a game as an environment (tinker_cookbook/recipes/multiplayer_rl/text_arena). Each turn is a conversation of its own,
// because the board says all that there is to know.

import { visibleText } from '../../completers/completers.ts';
import type { Renderer } from '../../renderers/types.ts';
import type {
  Env,
  EnvLogs,
  EnvMetrics,
  InitialObservation,
  InitialObservationOverflow,
  StepOptions,
  StepResult,
  TokensWithLogprobs,
} from '../../rl/types.ts';
import { type ModelInput, modelInputFromTokens } from '../../tinker/types.ts';
import { moveIn, type Player, type Position, type TwoPlayerGame } from './game.ts';
import { type Match, OUTCOMES, type Outcome, REWARDS } from './match.ts';

/** What the one is asked who is to move. */
export const promptOf = ({ view }: Position, renderer: Renderer): ModelInput =>
  renderer.buildGenerationPrompt([{ role: 'user', content: view }]);

/** What a player has said. */
export const replyOf = (tokens: readonly number[], renderer: Renderer): string =>
  visibleText(renderer.parseResponse(tokens).message);

export interface SeatOptions {
  game: TwoPlayerGame;
  player: Player;
  renderer: Renderer;
  /** Of this game alone, reported at its end. */
  metrics?: EnvMetrics;
}

/**
 * The reward of a turn is given when the other seat has answered it: the last turn of the one who loses is where it lost.
 * Metrics at the end: `win`, `draw`, `loss`, `illegal` and `void`, `points` (1 for a win, 0.5 for a draw), and each again as
 * `first/*` or `second/*` by the seat.
 */
export class GameSeat implements Env {
  readonly #match: Match;
  readonly #options: SeatOptions;

  constructor(match: Match, options: SeatOptions) {
    this.#match = match;
    this.#options = options;
  }

  async initialObservation({ signal }: StepOptions = {}): Promise<InitialObservation | InitialObservationOverflow> {
    const { player, renderer } = this.#options;
    await this.#match.turnOf(player, signal);
    // The other seat's first move has ended it: nothing was done here that could be learned from.
    if (this.#match.isOver) return { overflow: true, ...this.#result() };
    return { observation: promptOf(this.#match.position, renderer), stop_condition: renderer.getStopSequences() };
  }

  async step({ tokens }: TokensWithLogprobs, { signal }: StepOptions = {}): Promise<StepResult> {
    const { game, player, renderer } = this.#options;
    const reply = replyOf(tokens, renderer);
    this.#match.move(player, moveIn(reply, game));
    await this.#match.turnOf(player, signal);
    const { position } = this.#match;
    const next_stop_condition = renderer.getStopSequences();
    const logs: EnvLogs = { mark: game.players[player], reply, board: position.board };
    if (!this.#match.isOver) {
      const next_observation = promptOf(position, renderer);
      return { reward: 0, episode_done: false, next_observation, next_stop_condition, logs };
    }
    const next_observation = modelInputFromTokens([]);
    return { ...this.#result(), episode_done: true, next_observation, next_stop_condition, logs };
  }

  close(): void {
    this.#match.leave(this.#options.player);
  }

  #result(): { reward: number; metrics: EnvMetrics } {
    const { player, metrics: own = {} } = this.#options;
    const outcome = this.#match.outcomeOf(player);
    const seat = player === 0 ? 'first' : 'second';
    const metrics: EnvMetrics = { 'stop/completed': 1, ...own };
    for (const [name, value] of Object.entries({ ...indicators(outcome), points: pointsOf(outcome) })) {
      metrics[name] = value;
      metrics[`${seat}/${name}`] = value;
    }
    return { reward: REWARDS[outcome], metrics };
  }
}

const indicators = (outcome: Outcome): EnvMetrics =>
  Object.fromEntries(OUTCOMES.map((name) => [name, name === outcome ? 1 : 0]));

function pointsOf(outcome: Outcome): number {
  if (outcome === 'win') return 1;
  return outcome === 'draw' ? 0.5 : 0;
}

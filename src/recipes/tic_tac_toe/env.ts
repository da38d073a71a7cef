// A seat of a game of tic-tac-toe as an environment (tinker_cookbook/recipes/multiplayer_rl/text_arena). Each turn is a
// conversation of its own, because the board says all that there is to know.

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
import { modelInputFromTokens } from '../../tinker/types.ts';
import { MARKS, type Mark } from './game.ts';
import { type Match, OUTCOMES, type Outcome, REWARDS } from './match.ts';
import { boardMessage, boardText, parseMove } from './words.ts';

/**
 * The reward of a turn is given when the other seat has answered it: the last turn of the one who loses is where it lost.
 * Metrics at the end: `win`, `draw`, `loss`, `illegal` and `void`, `points` (1 for a win, 0.5 for a draw), and each again as
 * `first/*` or `second/*` by the seat.
 */
export class TicTacToeSeat implements Env {
  readonly #match: Match;
  readonly #mark: Mark;
  readonly #renderer: Renderer;

  constructor(match: Match, mark: Mark, renderer: Renderer) {
    this.#match = match;
    this.#mark = mark;
    this.#renderer = renderer;
  }

  async initialObservation({ signal }: StepOptions = {}): Promise<InitialObservation | InitialObservationOverflow> {
    await this.#match.turnOf(this.#mark, signal);
    // The other seat's first move has ended it: nothing was done here that could be learned from.
    if (this.#match.isOver) return { overflow: true, ...this.#result() };
    return { observation: this.#observation(), stop_condition: this.#renderer.getStopSequences() };
  }

  async step({ tokens }: TokensWithLogprobs, { signal }: StepOptions = {}): Promise<StepResult> {
    const reply = visibleText(this.#renderer.parseResponse(tokens).message);
    const move = parseMove(reply);
    this.#match.move(this.#mark, move);
    await this.#match.turnOf(this.#mark, signal);
    const next_stop_condition = this.#renderer.getStopSequences();
    const logs: EnvLogs = { mark: this.#mark, reply, board: boardText(this.#match.board) };
    if (!this.#match.isOver) {
      return { reward: 0, episode_done: false, next_observation: this.#observation(), next_stop_condition, logs };
    }
    const next_observation = modelInputFromTokens([]);
    return { ...this.#result(), episode_done: true, next_observation, next_stop_condition, logs };
  }

  close(): void {
    this.#match.leave(this.#mark);
  }

  #observation() {
    return this.#renderer.buildGenerationPrompt([boardMessage(this.#match.board)]);
  }

  #result(): { reward: number; metrics: EnvMetrics } {
    const outcome = this.#match.outcomeOf(this.#mark);
    const seat = this.#mark === MARKS[0] ? 'first' : 'second';
    const metrics: EnvMetrics = { 'stop/completed': 1 };
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

// Tic-tac-toe, played by scripts: the rules, the one who never loses, games of two seats, and groups of them.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { builtinRegistry } from '../../src/builtin.ts';
import { Match } from '../../src/recipes/games/match.ts';
import { SCRIPTED_OPPONENTS, type ScriptedOpponent } from '../../src/recipes/games/opponents.ts';
import { GameSeat } from '../../src/recipes/games/seat.ts';
import { playedMove } from '../../src/recipes/tic_tac_toe/demonstrations.ts';
import {
  availableMoves,
  type Board,
  EMPTY_BOARD,
  isOver,
  MARKS,
  type Mark,
  play as playMove,
  toMove,
  winnerOf,
} from '../../src/recipes/tic_tac_toe/game.ts';
import { bestMoves, minimaxValue, opponentOf, surestMove } from '../../src/recipes/tic_tac_toe/opponents.ts';
import { TIC_TAC_TOE } from '../../src/recipes/tic_tac_toe/position.ts';
import { boardMessage, moveMessage, parseMove } from '../../src/recipes/tic_tac_toe/words.ts';
import type { RolloutLimits, TerminationRewardPolicy } from '../../src/rl/limits.ts';
import { NO_LIMITS } from '../../src/rl/limits.ts';
import { doGroupRollout } from '../../src/rl/rollouts.ts';
import { rlDatasetSlot, type Trajectory, totalRewards } from '../../src/rl/types.ts';
import { datasetSlot } from '../../src/supervised/types.ts';
import { randomFor } from '../../src/util/random.ts';
import { END, type Reply, type Speak, scriptedPolicy, testRenderer } from '../rl/support/scripted_policy.ts';

const renderer = testRenderer();

const NO_TERMINATION: TerminationRewardPolicy = {
  zero_reward_on_limit: false,
  limit_stop_reasons: [],
  skip_grading_on_timeout: false,
  grader_timeout_seconds: null,
};

const boardOf = (...moves: number[]): Board => moves.reduce<Board>(playMove, EMPTY_BOARD);

/** Every board that play can reach, once. */
function allBoards(): Board[] {
  const seen = new Map<string, Board>();
  const visit = (board: Board) => {
    const key = JSON.stringify(board);
    if (seen.has(key)) return;
    seen.set(key, board);
    for (const move of availableMoves(board)) visit(playMove(board, move));
  };
  visit(EMPTY_BOARD);
  return [...seen.values()];
}

describe('the game', () => {
  it('has as many boards as it is known to have, and ends as often for each side', () => {
    const boards = allBoards();
    const ended = boards.filter(isOver);
    const wonBy = (mark: Mark) => ended.filter((board) => winnerOf(board) === mark).length;
    expect([boards.length, ended.length, wonBy('O'), wonBy('X')]).toEqual([5478, 958, 626, 316]);
  });

  it('takes turns, and takes no move that is not available', () => {
    expect(toMove(EMPTY_BOARD)).toBe('O');
    expect(toMove(boardOf(4))).toBe('X');
    expect(() => boardOf(4, 4)).toThrow('the move 4 is not available');
    expect(() => boardOf(9)).toThrow('the move 9 is not available');
    expect(() => boardOf(0, 3, 1, 4, 2, 5)).toThrow('the move 5 is not available');
  });
});

describe('minimax', () => {
  it('values the game as a draw, and a threat as lost for whoever cannot meet it', () => {
    expect(minimaxValue(EMPTY_BOARD)).toBe(0);
    expect(minimaxValue(boardOf(0, 4, 1))).toBe(0);
    expect(bestMoves(boardOf(0, 4, 1))).toEqual([2]);
    expect(minimaxValue(boardOf(0, 1, 4))).toBe(-1);
    expect(bestMoves(boardOf(0, 3, 1, 4))).toEqual([2]);
  });

  it('never loses, whoever begins and whatever is played against it', () => {
    fc.assert(
      fc.property(fc.nat(), fc.constantFrom(...MARKS), (seed, mark) => {
        const random = randomFor(seed, 'test');
        let board = EMPTY_BOARD;
        while (!isOver(board)) {
          board = playMove(board, opponentOf(toMove(board) === mark ? 'minimax' : 'random')(board, random));
        }
        expect([mark, null]).toContain(winnerOf(board));
      }),
    );
  });

  it('gives the opposite of the best of what comes after', () => {
    for (const board of allBoards().filter((each) => !isOver(each))) {
      const after = availableMoves(board).map((move) => minimaxValue(playMove(board, move)));
      expect(minimaxValue(board) + Math.min(...after)).toBe(0);
    }
  });
});

describe('the surest move', () => {
  it('is one of the best, wherever there is any', () => {
    for (const board of allBoards().filter((each) => !isOver(each))) {
      expect(bestMoves(board)).toContain(surestMove(board));
    }
    expect(() => surestMove(boardOf(0, 3, 1, 4, 2))).toThrow('a game that is over has no moves');
  });

  it('wins at once where it can, defers a loss, and else takes the cell with the most lines', () => {
    expect(bestMoves(boardOf(0, 3, 1, 6))).toContain(4);
    expect(surestMove(boardOf(0, 3, 1, 6))).toBe(2);
    expect(minimaxValue(boardOf(0, 1, 4))).toBe(-1);
    expect(surestMove(boardOf(0, 1, 4))).toBe(8);
    expect(surestMove(EMPTY_BOARD)).toBe(4);
    expect(surestMove(boardOf(4))).toBe(0);
  });
});

describe('words', () => {
  it('show the board as the one to move sees it, with the moves in the free cells', () => {
    expect(boardMessage(boardOf(4, 0, 8)).content).toBe('X12\n3O5\n67O');
    expect(boardMessage(boardOf(4, 0, 8, 1)).content).toBe('OO2\n3X5\n67X');
  });

  it.each([
    ['[4]', 4],
    ['I take [ 4 ], not [5].', 4],
    [' 4\n', 4],
    ['4 or 5', null],
    ['[44]', null],
    ['[four]', null],
    ['', null],
  ])('%j means %j', (reply, move) => expect(parseMove(reply)).toBe(move));
});

/** Plays the moves of a list, whichever seat is asked: O the first, X the second, … */
function inTurn(...replies: (Reply | Error)[]): Speak {
  return (prompt) => {
    const played = prompt.replace(/[^OX]/g, '').length;
    const reply = replies[played];
    if (reply instanceof Error) throw reply;
    return reply;
  };
}

const says = (...moves: number[]) => moves.map((move) => `[${move}]${END}`);

const selfPlay = (group_size: number) =>
  builtinRegistry()
    .build(rlDatasetSlot, { builder: 'tic_tac_toe', group_size }, context())
    .then(({ train }) => train.getBatch(0)[0]);

const context = (seed = 0) => ({
  tokenizer: renderer.tokenizer,
  renderer,
  maxContextLength: 512,
  maxTokens: 8,
  seed,
  warn: () => undefined,
});

async function rollOut(
  speak: Speak,
  { limits = {}, retries = 0 }: { limits?: Partial<RolloutLimits>; retries?: number } = {},
) {
  const policy = scriptedPolicy(renderer, speak);
  const { group, rollout_errors } = await doGroupRollout(await selfPlay(2), {
    policy,
    strategy: { maxRetries: retries, minSuccessful: (size) => size, perRolloutTimeout: null, failFast: false },
    limits: { ...NO_LIMITS, ...limits },
    termination: NO_TERMINATION,
    contextLength: null,
    seed: 0,
  });
  return { group, rewards: group && totalRewards(group), rollout_errors, prompts: policy.prompts };
}

const outcome = ({ transitions }: Trajectory) => {
  const { win, draw, loss, illegal, void: none } = transitions[transitions.length - 1].metrics;
  return { win, draw, loss, illegal, void: none };
};
const NONE = { win: 0, draw: 0, loss: 0, illegal: 0, void: 0 };

describe('a game against itself', () => {
  it('gives the loser what it lost with its last turn', async () => {
    const { group, rewards } = await rollOut(inTurn(...says(0, 3, 1, 4, 2)));
    expect(rewards).toEqual([1, -1]);
    expect(group?.trajectories_G.map(outcome)).toEqual([
      { ...NONE, win: 1 },
      { ...NONE, loss: 1 },
    ]);
    expect(group?.trajectories_G.map(({ transitions }) => transitions.map(({ reward }) => reward))).toEqual([
      [0, 0, 1],
      [0, -1],
    ]);
    expect(group?.trajectories_G[1].transitions[1].metrics).toMatchObject({
      'second/loss': 1,
      points: 0,
      'second/win': 0,
    });
  });

  it('is drawn on a full board', async () => {
    const { group, rewards } = await rollOut(inTurn(...says(0, 1, 2, 4, 3, 5, 7, 6, 8)));
    expect(rewards).toEqual([0, 0]);
    expect(group?.trajectories_G.map(({ transitions }) => transitions.length)).toEqual([5, 4]);
    expect(group?.trajectories_G[0].transitions.at(-1)?.metrics).toMatchObject({
      draw: 1,
      points: 0.5,
      'first/draw': 1,
    });
  });

  it.each([
    ['that is taken', says(0, 0)],
    ['that nobody can read', [...says(0), `hello${END}`]],
    ['that was cut short', [...says(0), { cut: '[' }]],
  ])('ends with a move %s, which costs the one and not the other', async (_, replies) => {
    const { group, rewards } = await rollOut(inTurn(...replies));
    expect(rewards).toEqual([0, -2]);
    expect(group?.trajectories_G.map(outcome)).toEqual([
      { ...NONE, void: 1 },
      { ...NONE, illegal: 1 },
    ]);
  });

  it('that ends before a seat has moved leaves it nothing to learn', async () => {
    const { group, rewards } = await rollOut(inTurn(`hello${END}`));
    expect(rewards).toEqual([-2, 0]);
    expect(group?.trajectories_G[1].transitions).toMatchObject([{ ac: { tokens: [] }, metrics: { void: 1 } }]);
  });

  it('is over for both when one of them fails, and is played again from the start', async () => {
    let failures = 1;
    const moves = inTurn(...says(0, 3, 1, 4, 2));
    const flaky: Speak = (prompt, turn) => {
      if (prompt.includes('X12\nO4') && failures-- > 0) throw new TypeError('the service is gone');
      return moves(prompt, turn);
    };
    const { rewards, rollout_errors } = await rollOut(flaky, { retries: 1 });
    expect(rewards).toEqual([1, -1]);
    expect(rollout_errors).toEqual([{ error_type: 'TypeError', error_message: 'the service is gone' }]);
  });

  it('leaves nobody waiting when it fails for good', async () => {
    const { group, rollout_errors } = await rollOut(inTurn(...says(0), new TypeError('the service is gone')));
    expect(group).toBeNull();
    expect(rollout_errors).toHaveLength(1);
  });

  it('leaves nobody waiting when a limit ends one side', async () => {
    const { group, rewards } = await rollOut(inTurn(...says(0, 3, 1, 4)), { limits: { max_turns: 2 } });
    expect(rewards).toEqual([0, 0]);
    expect(group?.trajectories_G.map(({ stop_reason }) => stop_reason)).toEqual(['max_turns', 'completed']);
  });
});

describe('a seat', () => {
  it('stops waiting when nobody waits for it any more', async () => {
    const match = new Match(TIC_TAC_TOE.start);
    const second = new GameSeat(match, { game: TIC_TAC_TOE, player: 1, renderer });
    const abort = new AbortController();
    const waiting = second.initialObservation({ signal: abort.signal });
    abort.abort(new Error('given up'));
    await expect(waiting).rejects.toThrow('given up');
    await expect(second.initialObservation({ signal: abort.signal })).rejects.toThrow('given up');
  });

  it('cannot move out of turn', () => {
    expect(() => new Match(TIC_TAC_TOE.start).move(1, '0')).toThrow('it is not the turn of this player');
  });
});

describe('the dataset', () => {
  const build = (params: object = {}, seed = 0) =>
    builtinRegistry().build(rlDatasetSlot, { builder: 'tic_tac_toe', ...params }, context(seed));

  it('meets every opponent from both seats, group by group', async () => {
    const { train } = await build({
      opponents: ['self', 'random', 'minimax'],
      batch_size: 6,
      group_size: 4,
      n_batches: 2,
    });
    expect(train.length).toBe(2);
    const groups = train.getBatch(0);
    expect(groups.map((group) => group.loggingTags?.()[0])).toEqual([
      'self',
      'random',
      'minimax',
      'self',
      'random',
      'minimax',
    ]);
    expect(groups.map(({ coupled = false }) => coupled)).toEqual([true, false, false, true, false, false]);
    const firstBoards = await Promise.all(
      [1, 4].map(async (g) => {
        const [env] = await groups[g].makeEnvs();
        const first = await env.initialObservation();
        return renderer.tokenizer.decode(
          'observation' in first ? first.observation.chunks.flatMap((c) => ('tokens' in c ? c.tokens : [])) : [],
        );
      }),
    );
    expect(firstBoards[0]).toContain('012\n345\n678');
    expect(firstBoards[1]).toContain('O');
    for (const group of groups) expect(await group.makeEnvs()).toHaveLength(4);
  });

  it('plays the same moves for the same seed, and in each game others', async () => {
    const games = async (seed: number) => {
      const { train } = await build({ opponents: ['random'], group_size: 8, batch_size: 1 }, seed);
      const lowest: Speak = (prompt) => `[${/\d/.exec(prompt)?.[0]}]${END}`;
      const { group } = await doGroupRollout(train.getBatch(0)[0], {
        policy: scriptedPolicy(renderer, lowest),
        strategy: { maxRetries: 0, minSuccessful: (size) => size, perRolloutTimeout: null, failFast: true },
        limits: NO_LIMITS,
        termination: NO_TERMINATION,
        contextLength: null,
        seed: 0,
      });
      return group?.trajectories_G.map(({ transitions }) => transitions.at(-1)?.logs.board) ?? [];
    };
    const played = await games(0);
    expect(new Set(played).size).toBeGreaterThan(1);
    expect(await games(0)).toEqual(played);
    expect(await games(1)).not.toEqual(played);
  });

  it('tests against each opponent from both seats, the same for every seed', async () => {
    const { test } = await build({ test_games: 3 });
    const groups = test?.getBatch(0) ?? [];
    expect(groups.map((group) => group.loggingTags?.())).toEqual([['random'], ['random'], ['minimax'], ['minimax']]);
    expect(await groups[0].makeEnvs()).toHaveLength(3);
    expect((await build({ test_opponents: [] })).test).toBeNull();
  });

  it('wants an even number of sides where games are against itself', async () => {
    await expect(build({ group_size: 3 })).rejects.toThrow('group_size must be even; it is 3');
    await expect(build({ group_size: 3, opponents: ['random'] })).resolves.toBeDefined();
  });
});

describe('demonstrations', () => {
  /** Boards as text, and the moves that were made on them. */
  const movesBy = (skill: number, opponents: readonly ScriptedOpponent[] = SCRIPTED_OPPONENTS) =>
    Array.from({ length: 500 }, (_, i) => {
      const [{ content: shown }, { content: move }] = playedMove(randomFor(i, 'test'), { skill, opponents });
      return { shown: String(shown), move: parseMove(String(move)) };
    });

  it('are moves that are available, on boards of every stage', () => {
    const stages = new Set<number>();
    for (const { shown, move } of movesBy(0.5)) {
      const moves = [...shown.matchAll(/\d/g)].map(Number);
      expect(moves).toContain(move);
      stages.add(moves.length);
    }
    expect([...stages].sort()).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  it('are the surest as often as the skill says, and by chance', () => {
    const surest = new Map(
      allBoards()
        .filter((board) => !isOver(board))
        .map((board) => [String(boardMessage(board).content), surestMove(board)]),
    );
    const share = (skill: number) =>
      movesBy(skill).filter(({ shown, move }) => surest.get(shown) === move).length / 500;
    expect(share(1)).toBe(1);
    expect(share(0.8)).toBeGreaterThan(0.8);
    expect(share(0.8)).toBeLessThan(0.92);
    expect(share(0)).toBeLessThan(0.4);
  });

  it('are of games against whom the parameter names', () => {
    // Against somebody who never errs, and by somebody who does not either, nothing is ever won.
    const winnable = (opponent: ScriptedOpponent) => {
      const won = new Set(
        allBoards()
          .filter((board) => !isOver(board) && minimaxValue(board) === 1)
          .map((board) => String(boardMessage(board).content)),
      );
      return movesBy(1, [opponent]).filter(({ shown }) => won.has(shown)).length;
    };
    expect(winnable('minimax')).toBe(0);
    expect(winnable('random')).toBeGreaterThan(100);
  });

  it('are one character, which is read as the move', () => {
    expect([0, 4, 8].map((move) => parseMove(moveMessage(move)))).toEqual([0, 4, 8]);
  });

  it('are a dataset', async () => {
    const ref = { builder: 'tic_tac_toe_demonstrations', num_examples: 10, batch_size: 4, test_size: 3 };
    const { train, test } = await builtinRegistry().build(datasetSlot, ref, context());
    expect([train.length, test?.length]).toEqual([3, 1]);
  });
});

// Games of two players: nim as a second game, a league of earlier policies, and opponents that work for any game.

import { describe, expect, it } from 'vitest';
import { builtinRegistry } from '../../src/builtin.ts';
import { blindMove } from '../../src/recipes/games/demonstrations.ts';
import { isOver, moveIn, type Position } from '../../src/recipes/games/game.ts';
import { nimOf } from '../../src/recipes/games/nim.ts';
import { bestMoves, minimaxValue, scriptedOpponents } from '../../src/recipes/games/opponents.ts';
import { availableMoves, EMPTY_BOARD, play } from '../../src/recipes/tic_tac_toe/game.ts';
import { bestMoves as bestCells } from '../../src/recipes/tic_tac_toe/opponents.ts';
import { positionOf, TIC_TAC_TOE } from '../../src/recipes/tic_tac_toe/position.ts';
import type { TerminationRewardPolicy } from '../../src/rl/limits.ts';
import { NO_LIMITS } from '../../src/rl/limits.ts';
import { doGroupRollout } from '../../src/rl/rollouts.ts';
import { rlDatasetSlot } from '../../src/rl/types.ts';
import { datasetSlot } from '../../src/supervised/types.ts';
import { pastPolicies } from '../../src/training/past_policies.ts';
import type { CheckpointRecord } from '../../src/training/types.ts';
import { randomFor } from '../../src/util/random.ts';
import { END, type Speak, scriptedPolicy, testRenderer } from '../rl/support/scripted_policy.ts';

const renderer = testRenderer();
const NO_TERMINATION: TerminationRewardPolicy = {
  zero_reward_on_limit: false,
  limit_stop_reasons: [],
  skip_grading_on_timeout: false,
  grader_timeout_seconds: null,
};
const context = {
  tokenizer: renderer.tokenizer,
  renderer,
  maxContextLength: 512,
  maxTokens: 8,
  seed: 0,
  warn: () => undefined,
};

const nim = nimOf([1, 2]);
const after = (position: Position, ...moves: string[]) => moves.reduce((at, move) => at.play(move), position);

describe('nim', () => {
  it('is won by who takes the last piece', () => {
    expect(nim.start.moves).toEqual(['a1', 'b1', 'b2']);
    expect(nim.start.view).toBe('a1 b2');
    const end = after(nim.start, 'a1', 'b1', 'b1');
    expect([isOver(end), end.winner]).toEqual([true, 0]);
  });

  it('is won by the first exactly where the heaps do not cancel out', () => {
    for (const heaps of [[1], [1, 1], [1, 2], [2, 2], [1, 2, 3], [1, 3, 5], [2, 4, 6]]) {
      const nimber = heaps.reduce((sum, heap) => sum ^ heap, 0);
      expect([heaps, minimaxValue(nimOf(heaps).start)]).toEqual([heaps, nimber === 0 ? -1 : 1]);
    }
    expect(bestMoves(nim.start)).toEqual(['b1']);
  });
});

describe('opponents of any game', () => {
  it('choose in tic-tac-toe as its own do', () => {
    const { random: blind } = scriptedOpponents();
    for (let seed = 0; seed < 40; seed++) {
      const random = randomFor(seed, 'boards');
      let board = EMPTY_BOARD;
      for (let turn = 0; turn < seed % 7 && availableMoves(board).length > 0; turn++)
        board = play(board, Number(blind(positionOf(board), random)));
      expect(bestMoves(positionOf(board)).map(Number)).toEqual(bestCells(board));
    }
  });
});

describe('a move', () => {
  it.each([
    ['b2', 'b2'],
    [' b2\n', 'b2'],
    ['I take [ b2 ] now', 'b2'],
    ['', null],
  ])('%j is read as %j', (reply, move) => expect(moveIn(reply, nim)).toBe(move));

  it('is read by the game where it has its own words', () => expect(moveIn('[4] or 5', TIC_TAC_TOE)).toBe('4'));
});

const build = (params: object, more: object = {}) =>
  builtinRegistry().build(
    rlDatasetSlot,
    { builder: 'two_player_game', game: { builder: 'nim', heaps: [1, 2] }, ...params },
    { ...context, ...more },
  );

async function played(params: object, speak: Speak, more: object = {}, policyStep = 0) {
  const { train } = await build(params, more);
  const policy = scriptedPolicy(renderer, speak);
  const { group, tags } = await doGroupRollout(train.getBatch(0)[0], {
    policy,
    strategy: { maxRetries: 0, minSuccessful: (size) => size, perRolloutTimeout: null, failFast: true },
    limits: NO_LIMITS,
    termination: NO_TERMINATION,
    contextLength: null,
    seed: 0,
    policyStep,
  });
  return { tags, last: group?.trajectories_G.map(({ transitions }) => transitions.at(-1)) ?? [] };
}

/** Takes the first move that the board shows. */
const firstHeap: Speak = (prompt) => `${/(\w)[1-9]/.exec(prompt.slice(prompt.lastIndexOf('user')))?.[1]}1${END}`;

describe('any game in groups', () => {
  it('is played against itself: what one wins the other loses', async () => {
    const { tags, last } = await played({ group_size: 2 }, firstHeap);
    expect(tags).toEqual(['self']);
    expect(last.map((transition) => transition?.reward)).toEqual([1, -1]);
    expect(last[0]?.logs).toMatchObject({ mark: 'first', board: 'a0 b0' });
  });

  it('is played against one who never errs', async () => {
    const { last } = await played({ group_size: 4, opponents: ['minimax'] }, firstHeap);
    expect(last.map((transition) => transition?.metrics.win)).toEqual([0, 0, 0, 0]);
  });

  it('gives moves to learn its form from', async () => {
    const moves = Array.from({ length: 50 }, (_, i) => blindMove(nim, randomFor(i, 'test')));
    for (const [{ content: view }, { content: move }] of moves) {
      const [heap, size] = [String(move)[0], Number(String(move).slice(1))];
      expect(Number(new RegExp(`${heap}(\\d)`).exec(String(view))?.[1])).toBeGreaterThanOrEqual(size);
    }
    const ref = {
      builder: 'two_player_game_demonstrations',
      game: { builder: 'nim' },
      num_examples: 8,
      batch_size: 4,
      test_size: 2,
    };
    const { train, test } = await builtinRegistry().build(datasetSlot, ref, context);
    expect([train.length, test?.length]).toEqual([2, 1]);
  });
});

const saved = (batch: number, more: Partial<CheckpointRecord> = {}): CheckpointRecord => ({
  name: String(batch),
  batch,
  epoch: 0,
  sampler_path: `weights/${batch}`,
  ...more,
});

/** A run that has these checkpoints, whose policies say what `speak` says. */
function pastOf(records: CheckpointRecord[], speak: Speak = firstHeap) {
  const opened: string[] = [];
  const policy = scriptedPolicy(renderer, speak);
  const refused = () => Promise.reject(new Error('nobody asks for this'));
  const past = pastPolicies({
    records: async () => records,
    openSampler: async (model_path) => {
      opened.push(model_path);
      return {
        sample: async (prompt) => ({ sequences: [await policy.complete(prompt, [])] }),
        computeLogprobs: refused,
        getInfo: refused,
        close: async () => undefined,
      };
    },
    save_every: 5,
  });
  return { past, opened };
}

describe('a league', () => {
  it('has the checkpoints of every so many steps, and none that an interruption, the end or the best score has left', async () => {
    const { past } = pastOf([
      saved(5),
      saved(7),
      saved(10),
      saved(10, { name: 'best-10', best: true }),
      saved(15, { sampler_path: undefined, rolling: true }),
      saved(20),
      saved(20, { name: 'final', final: true }),
    ]);
    const steps = async (step: number) => (await past.savedBy(step)).map(({ step }) => step);
    expect([await steps(4), await steps(5), await steps(12), await steps(99)]).toEqual([[], [5], [5, 10], [5, 10, 20]]);
  });

  it('meets blind moves while nobody was saved, and then one of those that were, which opens once', async () => {
    const { past, opened } = pastOf([saved(5), saved(10)]);
    const params = { opponents: ['league'], group_size: 6 };
    const before = await played(params, firstHeap, { past }, 3);
    expect([before.tags, opened, before.last[0]?.metrics.opponent_step]).toEqual([['league'], [], undefined]);
    const later = await played(params, firstHeap, { past }, 12);
    const steps = later.last.map((transition) => transition?.metrics.opponent_step);
    expect(new Set(steps).size).toBe(1);
    expect(opened).toEqual([`weights/${steps[0]}`]);
    expect((await played(params, firstHeap, { past }, 12)).last).toEqual(later.last);
  });

  it('that says what is no move loses the game and costs the policy nothing', async () => {
    const { past } = pastOf([saved(5)], () => `what?${END}`);
    const { last } = await played({ opponents: ['league'], group_size: 2 }, firstHeap, { past }, 5);
    expect(last.map((transition) => [transition?.metrics.void, transition?.reward])).toEqual([
      [1, 0],
      [1, 0],
    ]);
  });

  it('fails the game where the earlier policy cannot be asked', async () => {
    const { past } = pastOf([saved(5)], () => {
      throw new TypeError('the service is gone');
    });
    await expect(played({ opponents: ['league'], group_size: 2 }, firstHeap, { past }, 5)).rejects.toThrow(
      'the service is gone',
    );
  });

  it('needs a run that saves', async () => {
    await expect(build({ opponents: ['league'] })).rejects.toThrow('nothing saves any');
  });
});

// A run that plays against its own checkpoints, on a real engine: what it meets, and that a run which was stopped on the way meets the same.

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Type } from '@sinclair/typebox';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { builtinRegistry } from '../../src/builtin.ts';
import { opponentOf, type Player, type Position } from '../../src/recipes/games/game.ts';
import { gameSlot } from '../../src/recipes/games/slot.ts';
import { defineBuilder } from '../../src/registry/builder.ts';
import type { RunEvent } from '../../src/run/events.ts';
import { runFile } from '../../src/run/run_spec.ts';
import { writeChatModel } from '../support/chat_model.ts';

/** Four moves, each odd or even, whatever was said: the first wins where more of them were odd. */
function parity(moved: string, toMove: Player): Position {
  const odd = moved.split('').filter((move) => move === 'o').length;
  const isOver = moved.length === 4;
  return {
    toMove,
    moves: isOver ? [] : ['o', 'e'],
    winner: isOver && odd !== 2 ? (odd > 2 ? 0 : 1) : null,
    view: `turn ${moved.length}`,
    board: moved,
    play: (move) => parity(moved + move, opponentOf(toMove)),
  };
}

const parityGame = defineBuilder({
  slot: gameSlot,
  name: 'parity',
  version: 1,
  doc: 'Odd or even.',
  params: Type.Object({}),
  build: () => ({
    name: 'parity',
    players: ['odd', 'even'] as const satisfies readonly string[],
    start: parity('', 0),
    readMove: (reply: string) =>
      [...reply].reduce((sum, letter) => sum + letter.charCodeAt(0), 0) % 2 === 1 ? 'o' : 'e',
  }),
});

const SPEC = `
trainer: rl
model_name: ./model
service: {builder: local, threads: 1, batch_invariant: true}
dataset: {builder: two_player_game, game: parity, opponents: [league, self], batch_size: 2, group_size: 4, n_batches: 6, test_opponents: []}
max_tokens: 4
learning_rate: 0.02
lora_rank: 4
save_every: 2
`;

let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cookbook-league-'));
  await writeChatModel(join(directory, 'model'));
  await writeFile(join(directory, 'spec.yaml'), SPEC);
});

afterAll(() => rm(directory, { recursive: true, force: true }));

async function run(name: string, overrides: string[] = [], stopAt: number | null = null) {
  const registry = builtinRegistry();
  registry.add(parityGame);
  const stop = new AbortController();
  return await runFile(join(directory, 'spec.yaml'), {
    registry,
    overrides: [`log_path=${join(directory, name)}`, ...overrides],
    cwd: directory,
    env: {},
    argv: [],
    ask: null,
    onEvent: (event: RunEvent) => {
      if (event.type === 'step' && event.step === stopAt) stop.abort();
    },
    signal: stop.signal,
  });
}

async function rows(name: string): Promise<Record<string, unknown>[]> {
  const text = await readFile(join(directory, name, 'metrics.jsonl'), 'utf8');
  const lines = text.trimEnd().split('\n');
  return lines.map((line) => JSON.parse(line, (key, value) => (key.startsWith('time/') ? undefined : value)));
}

describe('a league', () => {
  it('meets nobody before the first is saved, and then one of those that are', async () => {
    await run('whole');
    const met = (await rows('whole')).map((row) => row['env/league/opponent_step'] ?? null);
    expect(met).toHaveLength(6);
    expect(met.slice(0, 2)).toEqual([null, null]);
    expect(met.slice(2, 4)).toEqual([2, 2]);
    for (const step of met.slice(4)) expect([2, 4]).toContain(step);
  });

  it('meets the same when the run is stopped between its saves and goes on', async () => {
    await run('stopped', [], 2);
    await run('stopped');
    const whole = await rows('whole');
    expect((await rows('stopped')).map(({ step }) => step)).toEqual([0, 1, 2, 3, 4, 5]);
    for (const [i, row] of (await rows('stopped')).entries()) {
      for (const name of [
        'env/league/opponent_step',
        'env/all/reward/total',
        'env/league/win',
        'loss:sum',
        'optim/entropy',
      ])
        expect([i, name, row[name]]).toEqual([i, name, whole[i][name]]);
    }
  });
});

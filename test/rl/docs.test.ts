// The environments of docs/environments.md, as plugins of a spec: they are built, and played as the page says.

import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { builtinRegistry } from '../../src/builtin.ts';
import { gameSlot } from '../../src/recipes/games/slot.ts';
import type { Registry } from '../../src/registry/registry.ts';
import { type RLDatasets, rlDatasetSlot } from '../../src/rl/types.ts';
import { loadPlugins } from '../../src/spec/plugins.ts';
import { workspace } from '../spec/workspace.ts';
import { fenced } from '../support/docs.ts';
import { END, play, type Reply, testRenderer } from './support/scripted_policy.ts';

const renderer = testRenderer();
const blocks = fenced('docs/environments.md', 'ts');
const registry: Registry = builtinRegistry();

beforeAll(async () => {
  const names = blocks.map((text) => /^\/\/ (\w+\.ts)$/m.exec(text)?.[1] ?? '');
  const directory = await workspace(Object.fromEntries(names.map((name, i) => [name, blocks[i]])));
  const place = { file: 'run.yaml', line: 1, column: 1, directory };
  const value = { plugins: names.map((name) => join(directory, name)) };
  await loadPlugins({ value, template: value, placeOf: () => place, file: 'run.yaml' }, registry);
});

const build = (builder: string): Promise<RLDatasets> =>
  registry.build(
    rlDatasetSlot,
    { builder },
    { tokenizer: renderer.tokenizer, renderer, maxContextLength: 512, maxTokens: 16, seed: 0, warn: () => undefined },
  );

async function playFirst(builder: string, script: readonly Reply[] | ((prompt: string) => Reply)) {
  const { train } = await build(builder);
  const [env] = await train.getBatch(0)[0].makeEnvs();
  return await play(env, script, { renderer });
}

describe('the environment in thirty lines', () => {
  it('has thirty lines', () => {
    expect(blocks[0].trimEnd().split('\n').length).toBeLessThanOrEqual(31);
  });

  it('rewards the word that is written backwards', async () => {
    const { train } = await build('backwards');
    expect(train.length).toBe(3);
    expect(train.getBatch(2)).toHaveLength(2);
    const backwards = (prompt: string) => `${[...(/"(\w+)"/.exec(prompt)?.[1] ?? '')].reverse().join('')}${END}`;
    expect((await playFirst('backwards', backwards)).rewards).toEqual([1]);
    expect((await playFirst('backwards', [`lamp${END}`])).rewards).toEqual([0]);
  });
});

describe('the conversation', () => {
  it('goes on while the count is right', async () => {
    const { rewards, prompts } = await playFirst('counting_in_turns', [`1${END}`, `3${END}`, `5${END}`]);
    expect(rewards.reduce((sum, reward) => sum + reward, 0)).toBeCloseTo(1, 12);
    expect(prompts[2]).toContain('user\n4<|im_end|>');
    expect((await playFirst('counting_in_turns', [`2${END}`])).rewards).toEqual([0]);
  });
});

describe('the tool', () => {
  it('is called, answers, and tells what went wrong', async () => {
    const call = (thing: string) =>
      `<tool_call>\n{"name": "look_up", "arguments": {"thing": "${thing}"}}\n</tool_call>${END}`;
    const { rewards, prompts } = await playFirst('inventory', [call('lamps'), call('lamp'), `There are 4.${END}`]);
    expect(prompts[1]).toContain('{"error":"look_up failed: no lamps has ever been here"}');
    expect(prompts[2]).toContain('<tool_response>\n4\n</tool_response>');
    expect(rewards).toEqual([0, 0, 1]);
  });
});

describe('the game', () => {
  it('is played against itself, and by one who never errs', async () => {
    const game = await registry.build(gameSlot, { builder: 'three_in_a_line' }, {});
    const end = ['3', '1', '4', '2', '5'].reduce((position, move) => position.play(move), game.start);
    expect([end.board, end.moves, end.winner]).toEqual(['OOXXX', [], 0]);
    expect(game.start.view).toBe('You are X: -----');
    const { train, test } = await registry.build(
      rlDatasetSlot,
      {
        builder: 'two_player_game',
        game: 'three_in_a_line',
        group_size: 2,
        test_games: 1,
        test_opponents: ['minimax'],
      },
      { tokenizer: renderer.tokenizer, renderer, maxContextLength: 512, maxTokens: 16, seed: 0, warn: () => undefined },
    );
    expect(await train.getBatch(0)[0].makeEnvs()).toHaveLength(2);
    const [env] = (await test?.getBatch(0)[0].makeEnvs()) ?? [];
    const firstFree = (prompt: string): Reply =>
      `[${prompt.slice(prompt.lastIndexOf(': ') + 2).indexOf('-') + 1}]${END}`;
    expect((await play(env, firstFree, { renderer })).rewards.at(-1)).toBeTypeOf('number');
  });
});

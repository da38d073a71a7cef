// cookbook play: a person, or a pipe, in the place of the policy.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { Type } from '@sinclair/typebox';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { builtinRegistry } from '../../src/builtin.ts';
import { playCommand } from '../../src/play/command.ts';
import type { PlayedSpec } from '../../src/play/environments.ts';
import { defineBuilder } from '../../src/registry/builder.ts';
import { semantic } from '../../src/registry/fields.ts';
import { type Env, type EnvGroupBuilder, rlDatasetSlot } from '../../src/rl/types.ts';
import { modelInputFromTokens } from '../../src/tinker/types.ts';
import type { Tokenizer } from '../../src/tokenizers/types.ts';
import { messageOf } from '../../src/util/errors.ts';
import { cookbook } from '../commands/command_line.ts';
import { TestProcess } from '../run/support/processes.ts';
import { writeChatModel } from '../support/chat_model.ts';
import { hasTerminals, Terminal } from '../support/terminal.ts';

const FIELDS = `model_name: ./model
max_tokens: 8
learning_rate: 0.001
`;
const SUMS =
  'dataset: {builder: arithmetic, batch_size: 2, n_batches: 3, max_operand: 9, example: false, test_size: 5}\n';

let cwd: string;

beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'cookbook-play-'));
  await writeChatModel(join(cwd, 'model'));
  await writeFile(join(cwd, 'sums.yaml'), `trainer: rl\nlog_path: run\n${FIELDS}${SUMS}`);
  await writeFile(join(cwd, 'toy.yaml'), `trainer: rl\nlog_path: run\n${FIELDS}dataset: {builder: toy}\n`);
  await writeFile(join(cwd, 'rows.jsonl'), '{"messages": []}\n');
  const rows = 'dataset: {builder: conversation_file, file_path: rows.jsonl, batch_size: 1}\n';
  await writeFile(
    join(cwd, 'sl.yaml'),
    `trainer: supervised\nlog_path: run\nmodel_name: ./model\nlearning_rate: 0.1\n${rows}`,
  );
});
afterAll(() => rm(cwd, { recursive: true, force: true }));

/** Run to its end with something on its stdin. */
async function play(args: string[], input: string): Promise<{ code: unknown; stdout: string; stderr: string }> {
  const process = new TestProcess([resolve('bin/run.js'), 'play', ...args], { cwd, env: { NO_COLOR: '1' } });
  process.feed(input);
  const stdout = await process.rest();
  return { code: await process.ended(), stdout, stderr: process.stderr };
}

describe('cookbook play', () => {
  it('shows what the policy would see, takes an answer, and tells the reward', async () => {
    expect(await play(['sums.yaml'], '12\n')).toMatchInlineSnapshot(`
      {
        "code": 0,
        "stderr": "",
        "stdout": "<|im_start|>user
      What is 9 + 7?<|im_end|>
      <|im_start|>assistant

      The episode is over: reward 0
        format            1
        correct           0
        question          What is 9 + 7?
        reply             12
        reference_answer  16
        extracted         12
      ",
      }
    `);
  });

  it('is data with --json', async () => {
    const { code, stdout } = await play(['sums.yaml', '--json', '--split', 'test', '--group', '4'], '\n\n1\n\nmore\n');
    expect(code).toBe(0);
    const { episodes, ...result } = JSON.parse(stdout);
    expect(result).toEqual({ state: 'done', split: 'test', group: 4, tags: ['arithmetic'] });
    expect(episodes).toMatchObject([
      {
        total_reward: expect.any(Number),
        final_reward: 0,
        stop_reason: null,
        steps: [{ action: '1<|im_end|>', num_tokens: 2 }],
      },
    ]);
  });

  it('asks the same for the same seed', async () => {
    const asked = async (options: Partial<PlayedSpec>) => (await playSpec({ file: 'sums.yaml', ...options }, [])).shown;
    const first = await asked({ seed: 1 });
    expect(await asked({ seed: 1 })).toBe(first);
    expect(await asked({ overrides: ['seed=1'] })).toBe(first);
    expect(await asked({ seed: 2 })).not.toBe(first);
    expect(await asked({ seed: 1, group: 5 })).not.toBe(first);
  });

  it('speaks to the policy as the weights were spoken to that the run starts from', async () => {
    await writeFile(
      join(cwd, 'talk.jsonl'),
      '{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}\n',
    );
    const dataset = 'dataset: {builder: conversation_file, file_path: talk.jsonl, batch_size: 1}';
    const fields =
      'trainer: supervised\nlog_path: talked\nmodel_name: ./model\nlearning_rate: 0.1\nrenderer: role_colon';
    await writeFile(join(cwd, 'talk.yaml'), `${fields}\n${dataset}\n`);
    expect((await cookbook(cwd, 'run', 'talk.yaml')).code).toBe(0);
    const overrides = ['load_checkpoint_path={run: talked, checkpoint: final}'];
    expect((await playSpec({ file: 'sums.yaml', overrides }, ['1'])).shown).toMatch(/User: What is/);
  });

  it('cuts what is longer than the policy may say', async () => {
    const { stderr, stdout } = await play(['sums.yaml'], 'a b c d e f g\n');
    expect(stderr).toBe('That is 14 tokens, of which the policy may sample 8: it was cut.\n');
    expect(stdout).toContain('reward -0.1\n');
  });

  it('says so when the input ends before the episode', async () => {
    const { code, stderr } = await play(['sums.yaml'], '');
    expect({ code, stderr }).toEqual({ code: 3, stderr: 'You left before the episode was over.\n' });
    const { stdout } = await play(['sums.yaml', '--json'], '\n\n');
    expect(JSON.parse(stdout)).toMatchObject({ state: 'left', episodes: [{ total_reward: null, steps: [] }] });
  });

  it('ends with the episode, though more could be read', async () => {
    const open = new TestProcess([resolve('bin/run.js'), 'play', 'sums.yaml'], { cwd });
    expect(await open.ask('12\n')).toBe('<|im_start|>user');
    expect(await open.ended()).toBe(0);
  });

  it('names what is wrong with what it is given', async () => {
    const given: Partial<PlayedSpec>[] = [
      { file: 'sl.yaml' },
      { group: 6 },
      { split: 'test', overrides: ['dataset.test_size=0'] },
      { file: 'sums.yaml', overrides: ['model_name=nowhere'] },
    ];
    const problems = await Promise.all(
      given.map((options) =>
        playSpec({ file: 'sums.yaml', ...options }, []).catch((error: unknown) => messageOf(error)),
      ),
    );
    expect(problems).toMatchInlineSnapshot(`
      [
        "sl.yaml: the trainer "supervised" has no environments to play in",
        "--group 6: train has 6 groups, counted from 0",
        "sums.yaml: its environments have no held-out part to play in",
        "model nowhere: there is no such directory or file",
      ]
    `);
    expect(await cookbook(cwd, 'play', 'smus.yaml', '--split', 'dev')).toEqual({
      code: 2,
      stdout: '',
      stderr: 'Expected --split=dev to be one of: train, test\n"cookbook play --help" shows what it takes.\n',
    });
  });
});

describe.skipIf(!hasTerminals)('at a terminal', () => {
  it('an answer ends with an empty line', async () => {
    const terminal = new Terminal(['play', 'sums.yaml'], { cwd });
    await terminal.shows('› ');
    terminal.type('1\n2\n\n');
    expect(await terminal.ended()).toBe(0);
    expect(terminal.screen).toContain('You are the policy. An answer ends with an empty line, Ctrl-D leaves.');
    expect(terminal.screen).toMatch(/reply +1 2\r\n/);
  });

  it.each([
    ['Ctrl-D', '\u0004'],
    ['Ctrl-C', '\u0003'],
  ])('%s leaves', async (_, typed) => {
    const terminal = new Terminal(['play', 'sums.yaml'], { cwd });
    await terminal.shows('› ');
    terminal.type(typed);
    expect(await terminal.ended()).toBe(3);
    expect(terminal.screen.split('\n').map((line) => line.trimEnd())).toContain(
      'You left before the episode was over.',
    );
  });
});

const toyOf = (groupOf: (tokenizer: Tokenizer) => EnvGroupBuilder) =>
  defineBuilder({
    slot: rlDatasetSlot,
    name: 'toy',
    version: 1,
    doc: 'Toys.',
    params: Type.Object({ any: semantic(Type.Integer({ default: 0, description: 'Nothing.' })) }),
    build: (_, { tokenizer }) => ({ train: { length: 1, getBatch: () => [groupOf(tokenizer)] }, test: null }),
  });

/** In this process. */
async function playSpec(given: Partial<PlayedSpec>, lines: readonly string[], registry = builtinRegistry()) {
  const [output, prose] = [new PassThrough(), new PassThrough()];
  const streams = { input: Readable.from(lines.map((line) => `${line}\n`)), output, prose, interactive: false };
  const spec = {
    file: 'toy.yaml',
    overrides: [],
    cwd,
    env: {},
    split: 'train' as const,
    group: 0,
    seed: null,
    stage: null,
  };
  const result = await playCommand({ ...spec, ...given, streams }, registry);
  return { result, shown: String(output.read() ?? ''), said: String(prose.read() ?? '') };
}

/** In the environments of a group. */
async function playIn(groupOf: (tokenizer: Tokenizer) => EnvGroupBuilder, lines: readonly string[]) {
  const registry = builtinRegistry();
  registry.add(toyOf(groupOf));
  return await playSpec({}, lines, registry);
}

/** Repeats what was said to it, as often as it is told. */
function echo(tokenizer: Tokenizer, turns: number, before = 'say '): Env {
  const stop_condition = [tokenizer.eosTokenId ?? 0];
  let seen = tokenizer.encode(before);
  return {
    initialObservation: async () => ({ observation: modelInputFromTokens(seen), stop_condition }),
    async step({ tokens }) {
      turns -= 1;
      seen = [...seen, ...tokens, ...tokenizer.encode(` ${turns} left `)];
      return {
        reward: tokens.length,
        episode_done: turns === 0,
        next_observation: modelInputFromTokens(seen),
        next_stop_condition: stop_condition,
        logs: { left: turns },
      };
    },
  };
}

describe('stages', () => {
  const stage = (name: string, lines: string) => `  ${name}:\n${lines.replaceAll(/^(?=.)/gm, '    ')}`;
  const RL = `trainer: rl\n${FIELDS}${SUMS}`;
  const SFT = `trainer: supervised\nmodel_name: ./model\ndataset: {builder: conversation_file, file_path: rows.jsonl, batch_size: 1}\n`;
  const file = async (name: string, stages: string) =>
    await writeFile(join(cwd, name), `log_path: runs/staged\nstages:\n${stages}`);
  const refusal = async (given: Partial<PlayedSpec>) =>
    await playSpec(given, []).then(
      () => 'played',
      (error) => `${messageOf(error)} | ${error.hint}`,
    );

  it('the one with environments is played, also before what it starts from has run', async () => {
    const start = 'load_checkpoint_path: {stage: sft, checkpoint: final}\n';
    await file('staged.yaml', stage('sft', `${SFT}renderer: role_colon\n`) + stage('rl', RL + start));
    const { result, shown } = await playSpec({ file: 'staged.yaml' }, ['12']);
    expect(result.state).toBe('done');
    // The renderer is that of the stage that it starts from.
    expect(shown).toMatch(/^User: What is \d \+ \d\?\n\nAssistant:/);
  });

  it('have to be named where several have environments', async () => {
    await file('several.yaml', stage('sft', SFT) + stage('one', RL) + stage('two', RL));
    expect(await refusal({ file: 'several.yaml' })).toBe(
      'several.yaml: 2 of its stages have environments to play in | Name one of them: --stage one or --stage two',
    );
    expect((await playSpec({ file: 'several.yaml', stage: 'two' }, ['12'])).result.state).toBe('done');
    expect(await refusal({ file: 'several.yaml', stage: 'tow' })).toBe(
      'several.yaml has no stage "tow"; did you mean "two"? | It has sft, one, two.',
    );
    expect(await refusal({ file: 'several.yaml', stage: 'sft' })).toContain('has no environments to play in');
    expect(await refusal({ file: 'sums.yaml', stage: 'rl' })).toContain('It is the spec of a single run');
  });
});

describe('groups', () => {
  it('are played turn by turn, each showing what is new', async () => {
    const { result, shown } = await playIn(
      (tokenizer) => ({ makeEnvs: async () => [echo(tokenizer, 2)] }),
      ['a', '', 'b'],
    );
    expect(shown.split('\n')).toEqual([
      'say ',
      'reward 2', // what the environment logs might tell the answer before the end
      ' 1 left ',
      ' 0 left ',
      ...['The episode is over: reward 2', '  left  0'],
      '',
    ]);
    expect(result.episodes).toMatchObject([
      { total_reward: 4, steps: [{ action: 'a<|im_end|>' }, { action: 'b<|im_end|>' }] },
    ]);
  });

  it('whose reward takes all episodes to know give none for one', async () => {
    let cleaned = 0;
    const group = (tokenizer: Tokenizer): EnvGroupBuilder => ({
      makeEnvs: async () => [echo(tokenizer, 1), echo(tokenizer, 1)],
      computeGroupRewards: async (trajectories_G) => trajectories_G.map(() => ({ reward: 1, metrics: {} })),
      cleanup: async () => {
        cleaned += 1;
      },
    });
    const { result, said } = await playIn(group, ['a']);
    expect(result.episodes).toMatchObject([{ total_reward: 2, final_reward: 0 }]);
    expect(said).toBe('The group adds to the reward what takes all of its 2 episodes to know; one was played.\n');
    expect(cleaned).toBe(1);
  });

  it('of players who act on one another are played by all of them in turn', async () => {
    const said: string[] = [];
    const player = (tokenizer: Tokenizer, name: string): Env => {
      const env = echo(tokenizer, 1, `${name}, say `);
      return {
        ...env,
        step: async (action) => {
          said.push(tokenizer.decode(action.tokens));
          while (said.length < 2) await new Promise(setImmediate);
          return await env.step(action);
        },
      };
    };
    const group = (tokenizer: Tokenizer): EnvGroupBuilder => ({
      coupled: true,
      makeEnvs: async () => [player(tokenizer, 'one'), player(tokenizer, 'two')],
      computeGroupRewards: async (trajectories_G) => trajectories_G.map((_, g) => ({ reward: g, metrics: {} })),
    });
    const { result, shown } = await playIn(group, ['x', '', 'y']);
    expect(said).toEqual(['x<|im_end|>', 'y<|im_end|>']);
    expect(shown).toMatch(/^Seat 0\none, say \nSeat 1\ntwo, say \n/);
    expect(result.episodes.map(({ total_reward, final_reward }) => [total_reward, final_reward])).toEqual([
      [2, 0],
      [3, 1],
    ]);
    const left = await playIn(group, ['x']);
    expect(left.result).toMatchObject({ state: 'left', episodes: [{ total_reward: null }, { total_reward: null }] });
  });

  it('of which a limit ends one leave nobody waiting for it', async () => {
    const dataset = 'dataset={builder: tic_tac_toe, group_size: 2, test_games: 1}';
    const overrides = [dataset, 'max_turns=1'];
    const { result } = await playSpec({ file: 'sums.yaml', overrides }, ['[0]', '', '[1]']);
    expect(result.state).toBe('done');
    expect(result.episodes.map(({ stop_reason }) => stop_reason)).toEqual(['max_turns', 'completed']);
  }, 20_000);

  it('whose first prompt is too long are told of', async () => {
    const env: Env = {
      initialObservation: async () => ({ overflow: true, reward: -0.1, metrics: { 'stop/context_overflow': 1 } }),
      step: () => Promise.reject(new Error('never')),
    };
    const { result, shown } = await playIn(() => ({ makeEnvs: async () => [env] }), []);
    expect(shown).toBe('The first prompt is too long to be answered: reward -0.1\n  stop/context_overflow  1\n');
    expect(result.episodes).toMatchObject([{ total_reward: -0.1, stop_reason: 'context_overflow', steps: [] }]);
  });
});

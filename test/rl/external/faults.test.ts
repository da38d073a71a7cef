// What a program may do wrong that runs environments: its episode fails and is told, and the next one is played by it or its successor.

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { externalEnv } from '../../../src/rl/external/env.ts';
import { EnvironmentPool, type PoolOptions } from '../../../src/rl/external/pool.ts';
import { StandardError } from '../../../src/rl/external/standard_error.ts';
import { END, play, testRenderer } from '../support/scripted_policy.ts';

const PROGRAM = join(import.meta.dirname, 'support/program.mjs');

function open(fault: string, options: Partial<PoolOptions> = {}) {
  const told: string[] = [];
  const warned: string[] = [];
  const pool = new EnvironmentPool({
    command: ['node', PROGRAM, fault],
    processes: 1,
    startSeconds: 60,
    requestSeconds: 60,
    notify: (message) => told.push(message),
    warn: (message) => warned.push(message),
    ...options,
  });
  onTestFinished(() => pool.close());
  const playTask = (task: number) =>
    play(externalEnv(pool, { task, seed: 5 }, { renderer: testRenderer() }), [`Hello${END}`, `Again${END}`]);
  return { pool, told, warned, playTask };
}

describe('an episode fails', () => {
  it.each([
    ['error', 'external_error', 'step: the oven is cold\\u001b[31m'],
    ['no_json', 'external_protocol', "it says 'DEBUG: here I am' on its standard output, which is not valid JSON"],
    ['no_object', 'external_protocol', "it says '[1]', which is no JSON object"],
    ['no_utf8', 'external_protocol', 'which is no UTF-8'],
    ['nan', 'external_protocol', 'NaN'],
    ['infinite', 'external_protocol', 'the reward is Infinity, which is no finite number'],
    ['no_number', 'external_protocol', "the reward is '1', which is no finite number"],
    ['no_metric', 'external_protocol', 'the metric "good" is true, which is no finite number'],
    ['not_done', 'external_protocol', 'done is undefined, not true or false'],
    ['silent', 'external_protocol', 'the episode goes on, and there are no messages to reply to'],
    ['no_role', 'external_protocol', "messages[0].role is 'wizard', which is none of system, user, assistant, tool"],
    ['wrong_id', 'external_protocol', 'which nobody has made, or which it has answered'],
    ['half_a_line', 'external_died', 'it ended with exit code 3, without a word'],
    ['exit', 'external_died', 'it ended with exit code 7; its last words: out of memory, said the kettle'],
    ['leave', 'external_died', 'it ended with exit code 2, without a word'],
    ['killed', 'external_died', 'it ended by SIGKILL'],
    ['flood', 'external_protocol', 'it floods its standard output: a line is longer than 16777216 bytes'],
  ])('%s', async (fault, type, message) => {
    const { playTask } = open(fault);
    const failure: unknown = await playTask(1).catch((error: unknown) => error);
    expect(failure).toMatchObject({ name: 'RolloutFailure', type });
    expect(failure).toMatchObject({ message: expect.stringContaining(message) });
    const { rewards, metrics, prompts } = await playTask(2);
    expect(rewards).toEqual([1]);
    expect(metrics).toEqual([{ letters: 5, 'stop/completed': 1 }]);
    expect(prompts[0]).toContain('task 2 seed 5');
  });

  it.each(['hang', 'loop'])('%s, once its time is up', async (fault) => {
    const { playTask, told } = open(fault, { requestSeconds: 1 });
    await expect(playTask(1)).rejects.toMatchObject({
      type: 'external_timeout',
      message: 'step took longer than 1 seconds',
    });
    const again = open(fault);
    expect((await again.playTask(2)).rewards).toEqual([1]);
    expect((await playTask(2)).rewards).toEqual([1]);
    expect(told).toEqual(["the environment's process 0 is started again: step took longer than 1 seconds"]);
  });

  it('never for answering one after the other, as long as it answers', async () => {
    const { playTask } = open('slow', { requestSeconds: 1 });
    const played = await Promise.all(Array.from({ length: 5 }, () => playTask(1)));
    expect(played.map(({ rewards }) => rewards)).toEqual(Array.from({ length: 5 }, () => [1]));
  });

  it('with all others of its process, which know why', async () => {
    const { playTask } = open('exit');
    const outcomes = await Promise.allSettled([playTask(1), playTask(1), playTask(1)]);
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
    expect((await playTask(2)).rewards).toEqual([1]);
  });
});

describe('a program is not trusted that', () => {
  it('answers twice: the episode counts, and the process is another one', async () => {
    const { playTask, told } = open('twice');
    expect((await playTask(1)).rewards).toEqual([0]);
    expect((await playTask(2)).rewards).toEqual([1]);
    expect(told.join()).toContain(
      'is started again: it answers the request 2, which nobody has made, or which it has answered',
    );
  });

  it('speaks another version', async () => {
    const { pool } = open('version');
    await expect(pool.hello()).rejects.toMatchObject({
      type: 'external_protocol',
      message: 'it speaks version 9 of the protocol, and here 1 is spoken',
    });
  });

  it('is not there', async () => {
    const { pool } = open('', { command: ['no-such-program-anywhere'] });
    await expect(pool.hello()).rejects.toMatchObject({
      type: 'external_died',
      message: 'it ended with exit code 127; its last words: there is no command "no-such-program-anywhere"',
    });
  });
});

it('fields that mean nothing are told of once, and the rest counts', async () => {
  const { playTask, warned } = open('unknown');
  expect((await playTask(1)).rewards).toEqual([1]);
  expect((await playTask(3)).rewards).toEqual([1]);
  expect(warned).toEqual([
    'the environment says "mood", which the protocol has no use for: it is ignored',
    'the environment says "messages.mood", which the protocol has no use for: it is ignored',
  ]);
});

it('of a flood of words some are told, none in full', async () => {
  const { playTask, told } = open('words');
  await playTask(1);
  expect(told).toHaveLength(201);
  expect(told[0]).toHaveLength('environment: '.length + 500);
  expect(told[200]).toBe('environment: more of its standard error is left out');
});

describe('the last words of a process', () => {
  const wordsOf = (...lines: string[]) => {
    const told: string[] = [];
    const error = new StandardError((line) => told.push(line));
    error.take(Buffer.from(lines.map((line) => `${line}\n`).join('')));
    return { words: error.lastWords(), told };
  };

  it('are the line of a stack that names the error: all of it was told before', () => {
    const python = [
      'Traceback (most recent call last):',
      '  File "env.py", line 1',
      "ModuleNotFoundError: No module named 'x'",
    ];
    expect(wordsOf(...python)).toEqual({ words: `; its last words: ${python[2]}`, told: python });
    const node = [
      'loader:1210',
      '  throw err;',
      '  ^',
      "Error: Cannot find module 'x'",
      '    at load (loader:1)',
      '',
      'Node.js v20',
    ];
    expect(wordsOf(...node).words).toBe(`; its last words: ${node[3]}`);
  });

  it('are the last line of any other text', () => {
    expect(wordsOf('one', 'two', '').words).toBe('; its last words: two');
    expect(wordsOf().words).toBe(', without a word');
  });

  it.skipIf(spawnSync('python3', ['-c', '']).status !== 0)(
    'name the package that an environment of Python needs',
    async () => {
      // An interpreter that is asked for no packages of the machine has none.
      const command = ['python3', '-I', '-S', 'adapters/python/cookbook_env.py', 'textarena:TicTacToe-v0'];
      const { pool } = open('', { command });
      await expect(pool.hello()).rejects.toThrow(/textarena is not installed for .*: pip install textarena==0\.7\.4$/);
    },
  );
});

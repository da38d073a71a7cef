// Which process an episode is played in, and what becomes of processes when nobody needs them any more.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { externalEnv } from '../../../src/rl/external/env.ts';
import { EnvironmentPool } from '../../../src/rl/external/pool.ts';
import { temporaryDirectory } from '../../support/temporary_directory.ts';
import { END, play, testRenderer } from '../support/scripted_policy.ts';

const PROGRAM = join(import.meta.dirname, 'support/program.mjs');

async function open(fault: string, processes: number) {
  const log = join(await temporaryDirectory(), 'log');
  const pool = new EnvironmentPool({
    command: ['node', PROGRAM, fault, log],
    processes,
    startSeconds: 60,
    requestSeconds: 60,
    notify: () => undefined,
    warn: () => undefined,
  });
  onTestFinished(() => pool.close());
  const env = (task: number) => externalEnv(pool, { task, seed: 0 }, { renderer: testRenderer() });
  const lines = async () =>
    (await readFile(log, 'utf8'))
      .trimEnd()
      .split('\n')
      .map((line) => line.split(' '));
  return { pool, env, lines };
}

const isAlive = (pid: number) => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

it('episodes are spread over the processes', async () => {
  const { env, lines } = await open('none', 2);
  await Promise.all([0, 2, 4, 6].map((task) => play(env(task), [`x${END}`])));
  const resets = (await lines()).filter(([, method]) => method === 'reset').map(([pid]) => pid);
  const [first] = resets;
  expect(resets).toHaveLength(4);
  expect(resets.filter((pid) => pid === first)).toHaveLength(2);
});

it('a program that plays one episode at a time is given the next when one is over', async () => {
  const { env, lines } = await open('one_at_a_time', 1);
  const played = await Promise.all([0, 2, 4].map((task) => play(env(task), [`x${END}`])));
  expect(played.map(({ rewards }) => rewards)).toEqual([[1], [1], [1]]);
  expect((await lines()).map(([, method, episode]) => `${method} ${episode}`)).toEqual([
    'hello ',
    'reset 0',
    'step 0',
    'reset 1',
    'step 1',
    'reset 2',
    'step 2',
  ]);
});

it('whoever waits for a turn and gives up leaves it to the next', async () => {
  const { env } = await open('one_at_a_time', 1);
  const first = env(0);
  await first.initialObservation();
  const leaving = new AbortController();
  const second = env(2).initialObservation({ signal: leaving.signal });
  const third = env(4).initialObservation();
  leaving.abort(new Error('no more'));
  await expect(second).rejects.toThrow('no more');
  first.close?.();
  expect(await third).toHaveProperty('observation');
});

it('the program is told of an episode that is left before its end', async () => {
  const { env, lines, pool } = await open('none', 1);
  const left = env(0);
  await left.initialObservation();
  left.close?.();
  await pool.close();
  expect((await lines()).map(([, method, episode]) => `${method} ${episode}`)).toEqual([
    'hello ',
    'reset 0',
    'close 0',
  ]);
});

it('closing ends the processes, those too that hang', async () => {
  const { env, lines, pool } = await open('loop', 1);
  const hanging = env(1);
  await hanging.initialObservation();
  const { tokenizer } = testRenderer();
  const tokens = tokenizer.encode(`x${END}`);
  const stepped = hanging.step({ tokens, logprobs: tokens.map(() => -1), stop_reason: 'stop' });
  const failed = expect(stepped).rejects.toMatchObject({ type: 'external_died' });
  const [[pid]] = await lines();
  await pool.close();
  await failed;
  await expect.poll(() => isAlive(Number(pid)), { timeout: 20_000 }).toBe(false);
});

it('a process that hangs ends with the one that started it, however that ended', async () => {
  const log = join(await temporaryDirectory(), 'log');
  const guard = join(import.meta.dirname, '../../../bin/external_process.mjs');
  const source = `
    const { spawn } = require('node:child_process');
    const options = { stdio: ['pipe', 'pipe', 'inherit'], detached: true };
    const child = spawn(process.execPath, [${JSON.stringify(guard)}, process.pid, 'node', ${JSON.stringify(PROGRAM)}, 'loop', ${JSON.stringify(log)}], options);
    child.stdout.once('data', () => process.stdout.write(String(child.pid)));
    for (const request of [{ method: 'hello' }, { method: 'reset', episode: 'a', task: 1 }, { method: 'step', episode: 'a' }])
      child.stdin.write(JSON.stringify({ id: 0, ...request }) + '\\n');
  `;
  const parent = spawn(process.execPath, ['-e', source], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [output] = await once(parent.stdout, 'data');
  const guarding = Number(String(output));
  expect(isAlive(guarding)).toBe(true);
  parent.kill('SIGKILL');
  await once(parent, 'exit');
  const pid = Number((await readFile(log, 'utf8')).split(' ')[0]);
  await expect.poll(() => isAlive(pid) || isAlive(guarding), { timeout: 20_000 }).toBe(false);
});

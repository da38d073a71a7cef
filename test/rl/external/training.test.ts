// A policy trained in environments of other programs: those of the documentation, and one that dies on the way.

import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { builtinRegistry } from '../../../src/builtin.ts';
import { runFile } from '../../../src/run/run_spec.ts';
import { writeChatModel } from '../../support/chat_model.ts';
import { fenced, ROOT } from '../../support/docs.ts';

const PROGRAM = join(import.meta.dirname, 'support/program.mjs');

let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cookbook-external-'));
  await writeChatModel(join(directory, 'model'));
  const [javaScript = ''] = fenced('docs/environments-external.md', 'js');
  const [python = ''] = fenced('docs/environments-external.md', 'python');
  await writeFile(join(directory, 'sums.mjs'), javaScript);
  await writeFile(join(directory, 'sums.py'), python);
});

async function train(name: string, command: readonly string[], fields = '') {
  const spec = `
trainer: rl
log_path: ${name}
model_name: ./model
service: {builder: local, threads: 1, batch_invariant: true}
dataset: {builder: external, command: ${JSON.stringify(command)}, batch_size: 2, group_size: 4, n_batches: 3, terminate_on_length: false${fields}}
max_tokens: 6
learning_rate: 0.02
lora_rank: 4
`;
  await writeFile(join(directory, `${name}.yaml`), spec);
  const messages: string[] = [];
  const finished = await runFile(join(directory, `${name}.yaml`), {
    registry: builtinRegistry(),
    overrides: [],
    cwd: directory,
    env: {},
    argv: [],
    ask: null,
    onEvent: (event) => {
      if (event.type === 'warning' || event.type === 'notice') messages.push(event.message);
    },
    signal: new AbortController().signal,
  });
  const text = await readFile(join(directory, name, 'metrics.jsonl'), 'utf8').catch(() => '');
  const lines = text.split('\n').filter((line) => line !== '');
  const rows = lines.map((line): Record<string, unknown> => JSON.parse(line));
  return { ...finished, messages, rows };
}

/** But for times. */
const stable = (rows: readonly Record<string, unknown>[]) =>
  rows.map((row) =>
    Object.fromEntries(Object.entries(row).filter(([name]) => !/^(time|timestamp|tokens_per)|per_second/.test(name))),
  );

const hasPython = (() => {
  try {
    execFileSync('python3', ['-c', 'import json']);
    return true;
  } catch {
    return false;
  }
})();

describe('the examples of the documentation', () => {
  it('are those of the configurations, and of forty lines at most', async () => {
    for (const [language, file] of [
      ['js', 'configs/external_sums.mjs'],
      ['python', 'configs/external_sums.py'],
    ]) {
      const [shown = ''] = fenced('docs/environments-external.md', language);
      expect(shown).toBe(await readFile(join(ROOT, file), 'utf8'));
      expect(shown.trimEnd().split('\n').length).toBeLessThanOrEqual(40);
    }
  });

  it('train, and the same seed gives the same', async () => {
    const first = await train('javascript', ['node', 'sums.mjs'], ', test_size: 2');
    expect(first.status.state).toBe('done');
    expect(first.rows).toHaveLength(4);
    const { 'env/all/tries': tries, 'test/env/all/tries': tested } = { ...first.rows[0] };
    expect(tries).toBeGreaterThan(0);
    expect(tested).toBeGreaterThan(0);
    const again = await train('javascript_again', ['node', 'sums.mjs'], ', test_size: 2, processes: 2');
    expect(stable(again.rows)).toEqual(stable(first.rows));
    if (!hasPython) return;
    const python = await train('python', ['python3', 'sums.py'], ', test_size: 2');
    expect(stable(python.rows)).toEqual(stable(first.rows));
  });
});

it('a program that dies twice is started again, and the episodes that it had are counted as failed and tried again', async () => {
  const log = join(directory, 'deaths');
  await writeFile(log, '');
  const { status, rows, messages } = await train('dying', ['node', PROGRAM, 'die_twice', log]);
  expect(status.state).toBe('done');
  expect(rows[2]['rollout_errors/external_died']).toBeGreaterThanOrEqual(2);
  expect(messages.filter((message) => message.includes('is started again: it ended with exit code 1'))).toHaveLength(2);
  expect((await readFile(log, 'utf8')).match(/hello/g)).toHaveLength(3);
});

it('a program that says no hello is an error before anything is trained', async () => {
  const { status, rows } = await train('mute', ['node', '-e', 'process.exit(4)']);
  expect(status.state).toBe('failed');
  expect(status.error?.message).toBe(
    'the environment of node -e process.exit(4): it ended with exit code 4, without a word',
  );
  expect(rows).toEqual([]);
});

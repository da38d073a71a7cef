// Environments of three Python packages, as they are, trained in through the adapter, which is killed twice on the way.

import { execFileSync } from 'node:child_process';
import { copyFile, mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { builtinRegistry } from '../../src/builtin.ts';
import { runFile } from '../../src/run/run_spec.ts';
import { ROOT } from '../support/docs.ts';
import { pythonOf } from './venv.ts';

const environment = await pythonOf({
  name: 'environments',
  requirements: join(import.meta.dirname, 'environments_requirements.txt'),
  packages: 'verifiers, textarena and reasoning_gym, about 600 MB,',
});
if ('missing' in environment)
  process.stderr.write(`interop: PYTHON ENVIRONMENTS ARE SKIPPED: ${environment.missing}\n`);

const KILLED_AFTER = [5, 12];
const STEPS = 20;

/** Processes that run the adapter, without the one that guards it. */
function adapters(file: string): number[] {
  const lines = execFileSync('ps', ['-eo', 'pid,args'], { encoding: 'utf8' }).split('\n');
  return lines
    .filter((line) => line.includes(file) && !line.includes('external_process.mjs'))
    .map((line) => Number.parseInt(line, 10));
}

const signalAll = (pids: readonly number[], signal: NodeJS.Signals) => {
  for (const pid of pids) process.kill(pid, signal);
};

describe.skipIf('missing' in environment)('the adapter', () => {
  it('has two hundred lines at most', async () => {
    const text = await readFile(join(ROOT, 'adapters/python/cookbook_env.py'), 'utf8');
    expect(text.trimEnd().split('\n').length).toBeLessThanOrEqual(200);
  });

  it.each([
    ['reasoning_gym', ['reasoning_gym:chain_sum', 'size=40', 'max_terms=2', 'max_digits=1'], {}],
    ['textarena', ['textarena:IteratedRockPaperScissors-v0'], { 'env/all/invalid_move': expect.any(Number) }],
    [
      'verifiers',
      ['verifiers:external_words', join(ROOT, 'configs/external_words.py')],
      { 'env/all/similarity': expect.any(Number) },
    ],
  ])('%s', { timeout: 900_000 }, async (name, args, metrics) => {
    const python = 'missing' in environment ? '' : environment.path;
    const directory = await mkdtemp(join(tmpdir(), 'cookbook-environments-'));
    const adapter = join(directory, 'cookbook_env.py');
    await copyFile(join(ROOT, 'adapters/python/cookbook_env.py'), adapter);
    const told: string[] = [];
    let kills = 0;
    const killSoon = async () => {
      // Stopped first: what the next step asks for is then under way when it dies.
      const pids = adapters(adapter);
      signalAll(pids, 'SIGSTOP');
      await sleep(2000);
      signalAll(pids, 'SIGKILL');
      kills += pids.length;
    };
    const { status } = await runFile(join(ROOT, `configs/external_${name}.yaml`), {
      registry: builtinRegistry(),
      overrides: [
        `log_path=${join(directory, 'run')}`,
        `dataset.command=${JSON.stringify([python, '-W', 'ignore', adapter, ...args])}`,
        'dataset.batch_size=2',
        'dataset.group_size=2',
        `dataset.n_batches=${STEPS}`,
        'dataset.test_size=0',
        'max_turns=3',
        'eval_every=0',
      ],
      cwd: directory,
      env: {},
      argv: [],
      ask: null,
      onEvent: (event) => {
        if (event.type === 'notice' || event.type === 'warning') told.push(event.message);
        if (event.type === 'step' && KILLED_AFTER.includes(event.step)) void killSoon();
      },
      signal: new AbortController().signal,
    });
    expect(status.state).toBe('done');
    expect(kills).toBe(2);
    expect(told.filter((message) => message.includes('is started again: it ended'))).toHaveLength(2);
    const lines = (await readFile(join(directory, 'run/metrics.jsonl'), 'utf8')).trimEnd().split('\n');
    const rows = lines.map((line): Record<string, unknown> => JSON.parse(line)).slice(0, STEPS);
    expect(rows).toHaveLength(STEPS);
    for (const row of rows) {
      const figures = Object.entries(row).filter(([, value]) => typeof value !== 'number' || !Number.isFinite(value));
      expect(figures).toEqual([]);
    }
    expect(rows[STEPS - 1]).toMatchObject({ 'env/all/reward/total': expect.any(Number), ...metrics });
    expect(rows[STEPS - 1]['rollout_errors/external_died']).toBeGreaterThanOrEqual(2);
    expect(adapters(adapter)).toEqual([]);
  });
});

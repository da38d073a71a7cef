// The sweep over the last stage of RLHF, cut short and killed at ten moments: the same command ends with the same bytes, and trains
// each stage once a seed.

import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { nextUniform, randomFor } from '../../src/util/random.ts';
import { type CliResult, cookbook } from '../support/cli.ts';
import { finalWeights, killAfterLines, timelessRows } from '../support/crashes.ts';

const KILLS = 10;
/** A run writes one when it starts and one when it ends, so that ten kills come before ten runs have ended. */
const LINES = 2;
/** The stages of configs/rlhf.yaml, of a few steps each. */
const SHORT = [
  'stages.sft.max_steps=3',
  'stages.sft.eval_every=0',
  'stages.rm.max_steps=3',
  'stages.rm.eval_every=0',
  'stages.rl.dataset.n_batches=2',
  'stages.rl.dataset.batch_size=2',
  'stages.rl.dataset.group_size=2',
  'stages.rl.dataset.test_size=0',
  'stages.rl.eval_every=0',
  'stages.rl.evaluators=[]',
  'stages.rl.max_tokens=8',
  'service.threads=1',
];

let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cookbook-stage-sweep-'));
  await writeFile(join(directory, 'sweep.yaml'), sweepOf([1e-3, 3e-3, 1e-2]));
});

const sweepOf = (rates: readonly number[]) => `
base: ${resolve('configs/rlhf.yaml')}
log_path: unused
grid: {stages.rl.learning_rate: [${rates.join(', ')}]}
seeds: 2
`;

function sweep(name: string, killAfter = Number.POSITIVE_INFINITY): Promise<CliResult> {
  return cookbook(['sweep', 'sweep.yaml', `log_path=${name}`, ...SHORT], {
    cwd: directory,
    onLine: killAfterLines(killAfter),
  });
}

async function runsIn(name: string): Promise<string[]> {
  const names = await readdir(join(directory, name));
  return names.filter((run) => existsSync(join(directory, name, run, 'run.json'))).sort();
}

const stageOf = (run: string) => run.slice(0, run.indexOf(','));

it('ends with the same runs, rows and weights as a sweep that was never killed', async () => {
  expect(await sweep('whole')).toMatchObject({ code: 0 });
  const runs = await runsIn('whole');
  expect(runs.map(stageOf)).toEqual(['rl', 'rl', 'rl', 'rl', 'rl', 'rl', 'rm', 'rm', 'sft', 'sft']);

  const random = randomFor(0, 'moments of kills');
  for (let kill = 0; kill < KILLS; kill++) {
    const lines = Math.floor(nextUniform(random) * LINES);
    expect(await sweep('killed', lines)).toMatchObject({ signal: 'SIGKILL' });
  }
  expect(await sweep('killed')).toMatchObject({ code: 0 });

  expect(await runsIn('killed')).toEqual(runs);
  for (const run of runs) {
    const [whole, killed] = [join(directory, 'whole', run), join(directory, 'killed', run)];
    expect(await timelessRows(killed)).toEqual(await timelessRows(whole));
    expect(await finalWeights(killed)).toBe(await finalWeights(whole));
  }
});

it('a rate that is added later adds runs of the last stage alone', async () => {
  const before = await runsIn('whole');
  const made = await Promise.all(before.map((run) => readFile(join(directory, 'whole', run, 'run.json'), 'utf8')));
  await writeFile(join(directory, 'sweep.yaml'), sweepOf([1e-3, 3e-3, 1e-2, 1e-1]));
  expect(await sweep('whole')).toMatchObject({ code: 0 });
  const added = (await runsIn('whole')).filter((run) => !before.includes(run));
  expect(added.map(stageOf)).toEqual(['rl', 'rl']);
  const kept = await Promise.all(before.map((run) => readFile(join(directory, 'whole', run, 'run.json'), 'utf8')));
  expect(kept).toEqual(made);
});

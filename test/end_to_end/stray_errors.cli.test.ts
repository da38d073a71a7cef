// Environments that leave errors or waits behind in the process of a run: the run is not lost, and what happened is told.

import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { writeChatModel } from '../support/chat_model.ts';
import { cookbook } from '../support/cli.ts';

let directory: string;

const PLUGIN = `
import { benchmarkSlot, defineBuilder, problemBenchmark, problemDataset, rlDatasetSlot, semantic, Type } from 'tinker-cookbook';

const FAULTS = {
  rejects: () => void Promise.reject(new Error('left behind')),
  throws: () => void setTimeout(() => { throw new Error('thrown later'); }, 1),
  rejects_text: () => void Promise.reject('no error at all'),
};

export const asked = defineBuilder({
  slot: benchmarkSlot,
  name: 'careless',
  version: 1,
  doc: 'Leaves something behind.',
  params: Type.Object({ fault: semantic(Type.String({ description: 'What is left behind.' })) }),
  build({ fault }, { renderer }) {
    if (fault === 'build') throw new Error('not built');
    const checkAnswer = () => { FAULTS[fault](); return true; };
    const problems = [{ question: 'a', reference_answer: 'b', checkAnswer }];
    return problemBenchmark(problems, { name: 'careless', grader: '1', renderer });
  },
});

export const careless = defineBuilder({
  slot: rlDatasetSlot,
  name: 'careless',
  version: 1,
  doc: 'Leaves something behind.',
  params: Type.Object({ fault: semantic(Type.String({ description: 'What is left behind.' })) }),
  build({ fault }, { renderer }) {
    if (fault === 'build') throw new Error('not built');
    if (fault === 'waits') return new Promise(() => {});
    // The first answer alone is right, so that there is something to learn.
    let answers = 0;
    const checkAnswer = () => { FAULTS[fault](); return answers++ === 0; };
    const problem = () => ({ question: 'a', reference_answer: 'b', checkAnswer });
    return { train: problemDataset(4, problem, { renderer, batchSize: 2, groupSize: 2, shuffleSeed: null }), test: null };
  },
});
`;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cookbook-strays-'));
  await writeChatModel(join(directory, 'model'));
  await writeFile(join(directory, 'careless.mjs'), PLUGIN);
  await writeFile(
    join(directory, 'spec.yaml'),
    `
trainer: rl
plugins: [./careless.mjs]
model_name: ./model
dataset: {builder: careless, fault: rejects}
max_tokens: 3
lora_rank: 4
`,
  );
});

const run = (fault: string) =>
  cookbook(['run', 'spec.yaml', `log_path=${fault}`, `dataset.fault=${fault}`], { cwd: directory });

it.each([
  ['rejects', 'left behind (PLUGIN)'],
  ['throws', 'thrown later (PLUGIN)'],
  ['rejects_text', 'no error at all'],
])('an error that nobody waits for is told once, and the run goes on: %s', async (fault, message) => {
  const { code, stderr } = await run(fault);
  expect(code).toBe(0);
  const warnings = stderr.split('\n').filter((line) => line.startsWith('warning: '));
  const plugin = join(directory, 'careless.mjs');
  expect(warnings.map((line) => line.replaceAll(/:\d+\)/g, ')').replaceAll(plugin, 'PLUGIN'))).toEqual([
    `warning: the plugin careless.mjs left an error behind, which ends nothing: ${message}`,
  ]);
});

it('a wait for what never comes ends the run, which says so', async () => {
  const { code, stderr } = await run('waits');
  expect(code).toBe(1);
  expect(stderr).toContain('it waits for what never comes: a promise of a plugin is never settled');
  const status = JSON.parse(await readFile(join(directory, 'waits/status.json'), 'utf8'));
  expect(status.state).toBe('failed');
});

describe('cookbook play', () => {
  const play = (fault: string) =>
    cookbook(['play', 'spec.yaml', 'log_path=played', `dataset.fault=${fault}`], { cwd: directory });

  it('tells an error of a plugin by its line, without a stack', async () => {
    const { code, stderr } = await play('build');
    expect(code).toBe(1);
    expect(stderr.replaceAll(directory, 'DIR')).toMatch(
      /^the plugin careless\.mjs: not built \(DIR\/careless\.mjs:\d+\)$/,
    );
  });

  it('ends where it waits for what never comes', async () => {
    const { code, stderr } = await play('waits');
    expect(code).toBe(2);
    expect(stderr).toContain('it waits for what never comes');
  });
});

describe('cookbook eval', () => {
  const evaluate = (fault: string) =>
    cookbook(
      [
        ...['eval', 'model', '--plugin', 'careless.mjs', '--benchmark', 'careless', '--max-tokens', '3'],
        ...['--set', `fault=${fault}`, '--save-dir', `eval_${fault}`],
      ],
      { cwd: directory },
    );

  it('tells an error that nobody waits for, and goes on', async () => {
    const { code, stderr } = await evaluate('rejects');
    expect(code).toBe(0);
    expect(stderr).toContain('the plugin careless.mjs left an error behind, which ends nothing: left behind');
  });

  it('tells an error of a plugin by its line, without a stack', async () => {
    const { code, stderr } = await evaluate('build');
    expect(code).toBe(1);
    expect(stderr).toContain('the plugin careless.mjs: not built (');
    expect(stderr).not.toContain('    at ');
  });
});

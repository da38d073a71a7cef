import { mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { listQuestions, reportCommand } from '../../src/report/command.ts';
import { savedQuestions } from '../../src/report/queries.ts';
import { lossCurve, temporaryDirectory, writeRun, writeSweep, writeText } from './run_directories.ts';

const objective = { metric: 'test/nll', goal: 'minimize' as const, at: 'last' };

let cwd: string;
let remove: () => void;
beforeEach(() => {
  [cwd, remove] = temporaryDirectory();
  writeSweep(join(cwd, 'runs/grid'));
  for (const [name, seed, to] of [
    ['a', 0, 1],
    ['b', 1, 1.1],
    ['c', 0, 1.2],
  ] as const) {
    writeRun(join(cwd, 'runs/grid', name), {
      axes: { rate: name === 'c' ? 2 : 1 },
      seed,
      objective,
      metrics: lossCurve(2, to),
    });
  }
  writeRun(join(cwd, 'runs/grid/d'), {
    state: 'diverged',
    axes: { rate: 3 },
    objective,
    metrics: [
      { step: 0, 'test/nll': 2 },
      { step: 1, 'test/nll': 'NaN' },
    ],
  });
});
afterEach(() => remove());

async function ask(question: string, directories = ['runs/grid']) {
  const { json } = await reportCommand({
    directories,
    cwd,
    question,
    maxSeconds: undefined,
    maxRows: undefined,
    maxMemory: undefined,
    format: null,
    output: undefined,
    svg: undefined,
    html: undefined,
    width: Number.POSITIVE_INFINITY,
    notify: (notice) => expect.fail(notice),
  });
  return json;
}

describe('a question', () => {
  it('is found by its name beside the runs, then in the working directory, then among those that ship', async () => {
    writeText(join(cwd, 'queries/problems.sql'), "SELECT 'here' AS place");
    expect(await ask('problems')).toEqual([{ place: 'here' }]);
    writeText(join(cwd, 'runs/grid/queries/problems.sql'), "SELECT 'beside' AS place");
    expect(await ask('problems')).toEqual([{ place: 'beside' }]);
    expect(await ask('problems', ['runs'])).toEqual([{ place: 'here' }]);
    expect(await ask('time_per_step')).toHaveLength(4);
  });

  it('is a file where it is called by a path', async () => {
    writeText(join(cwd, 'mine.sql'), '-- A comment.\nSELECT count(*) AS n FROM runs;\n-- The end.\n');
    expect(await ask('mine.sql')).toEqual([{ n: 4 }]);
    expect(await ask('./mine.sql')).toEqual([{ n: 4 }]);
    await expect(ask('mine')).rejects.toThrow('no saved question "mine"');
    await expect(ask('mime.sql')).rejects.toThrow('mime.sql: no such file; did you mean mine.sql?');
    await expect(ask('.')).rejects.toThrow('no saved question "."');
    await expect(ask('..')).rejects.toThrow('no saved question ".."');
  });

  it('never lies behind a link that leads out of its directory', async () => {
    writeText(join(cwd, 'secret.sql'), 'SELECT 1');
    mkdirSync(join(cwd, 'queries'));
    symlinkSync('../secret.sql', join(cwd, 'queries/leak.sql'));
    await expect(ask('leak')).rejects.toThrow('no saved question "leak"');
  });

  it.each([
    [
      '-- One.\n\nSELECT nope\nFROM runs',
      'wrong.sql:3: Referenced column "nope" not found in FROM clause (SELECT nope)',
    ],
    ['-- Zwei: ä\nSELECT 1\nFROM (', 'wrong.sql:3: syntax error at end of input'],
    ['SELECT 1; SELECT 2', 'wrong.sql:1: 2 statements where one is expected'],
    ["-- No.\nFROM read_text('/etc/passwd')", 'wrong.sql: read_text() may not be called here'],
  ])('says where in its file it is wrong: %j', async (sql, message) => {
    writeText(join(cwd, 'wrong.sql'), sql);
    await expect(ask('wrong.sql')).rejects.toMatchObject({ message, exitCode: 2 });
  });
});

describe('the questions that ship', () => {
  const shipped = readdirSync('queries').map((file) => file.replace('.sql', ''));

  it('are listed with what they ask', () => {
    const questions = savedQuestions({ directories: ['runs/grid'], cwd });
    expect(questions.map(({ name }) => name)).toEqual(shipped.sort());
    expect(questions.every(({ about }) => about?.endsWith('.') === true)).toBe(true);
    expect(listQuestions({ directories: [], cwd }, 80).text).toContain('best_per_seed');
  });

  it.each(shipped)('%s is answered', async (name) => {
    expect(await ask(name)).toMatchSnapshot();
  });

  it('rate_by_rank names the rate to take, and leaves out what diverged', async () => {
    const last: Record<string, number[]> = {
      '4/0.001': [0.5, 0.7],
      '4/0.01': [0.2, 0.4],
      '4/0.1': [6, 0.1],
      '16/0.01': [0.1, 0.3],
    };
    for (const [point, values] of Object.entries(last)) {
      const [lora_rank, learning_rate] = point.split('/').map(Number);
      values.forEach((value, seed) => {
        writeRun(join(cwd, `runs/rates/${lora_rank}-${learning_rate}-${seed}`), {
          axes: { lora_rank, learning_rate },
          seed,
          objective,
          metrics: [{ step: 3, 'test/nll': value }],
        });
      });
    }
    const rows = await ask('rate_by_rank', ['runs/rates']);
    expect(rows).toMatchObject([
      { lora_rank: 4, learning_rate: 0.001, mean: 0.6, seeds: 2, diverged: 0, verdict: '' },
      { lora_rank: 4, learning_rate: 0.01, verdict: 'best of its rank' },
      { lora_rank: 4, learning_rate: 0.1, mean: 0.1, sd: null, diverged: 1, verdict: 'diverged in part' },
      { lora_rank: 16, learning_rate: 0.01, mean: 0.2, verdict: 'take this' },
    ]);
  });

  it.each(shipped)('%s is answered where nothing has been logged', async (name) => {
    writeRun(join(cwd, 'empty/a'), { state: 'pending' });
    expect(Array.isArray(await ask(name, ['empty']))).toBe(true);
  });
});

// Results of evaluations in reports: matched to their runs, in SQL and in the report of a run.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { toText } from '../../src/report/document.ts';
import { readEntries } from '../../src/report/entries.ts';
import { scoreOf } from '../../src/report/evaluations.ts';
import { makeReport } from '../../src/report/report.ts';
import { readScores } from '../../src/report/scoreboard.ts';
import { isJsonObject, objectOf } from '../../src/util/json.ts';
import { temporaryDirectory } from '../support/temporary_directory.ts';
import { answersTo, writeAnswers } from './evaluation_directories.ts';
import { writeRun } from './run_directories.ts';

let cwd: string;
let hash: string;

beforeEach(async () => {
  cwd = await temporaryDirectory();
  writeRun(join(cwd, 'runs/a'), {
    metrics: [{ step: 0, 'test/nll': 2 }],
    spec: { evaluators: [{ builder: 'benchmark', benchmark: { builder: 'sums' } }] },
  });
  writeRun(join(cwd, 'runs/b'), { seed: 1, metrics: [{ step: 0, 'test/nll': 3 }] });
  const record: unknown = JSON.parse(readFileSync(join(cwd, 'runs/a/run.json'), 'utf8'));
  hash = String(objectOf(isJsonObject(record) ? record.identity : null).hash);
  writeAnswers(
    join(cwd, 'evals/a-1/sums'),
    [
      { id: 'x', reward: 0 },
      { id: 'y', reward: 1 },
      { id: 'x', reward: 1 },
      { id: 'z', reward: 0, error: 'late' },
      // Judging it anew has failed.
      { id: 'y', reward: 0, error: 'no judge' },
    ],
    {
      'settings.json': { model: `run:${hash}@12`, temperature: 0.6, max_tokens: 8, seed: 0 },
      'result.json': { metrics: { correct: 0.5 }, pass_at_k: { 1: 0.5 } },
    },
  );
  writeAnswers(join(cwd, 'evals/other/sums'), [{ id: 'x', reward: 1 }], { 'settings.json': { model: 'ORG/NAME' } });
  mkdirSync(join(cwd, 'runs/a/iteration_000004'));
  writeAnswers(join(cwd, 'tmp'), [{ id: 'x', reward: 1 }]);
  writeFileSync(
    join(cwd, 'runs/a/iteration_000004/eval_sums_trajectories.jsonl'),
    readFileSync(join(cwd, 'tmp/trajectories.jsonl')),
  );
});

const ask = async (sql: string, directories: readonly string[] = ['runs']) => {
  const { json, notices } = await makeReport({ sql, directories, cwd });
  return { rows: json, notices };
};

describe('in SQL', () => {
  it('evaluations: a row a benchmark of a model, with the run that it is of', async () => {
    const { rows, notices } = await ask('SELECT * EXCLUDE (settings, metrics) FROM evaluations');
    expect(notices).toEqual([]);
    expect(rows).toMatchInlineSnapshot(`
      [
        {
          "benchmark": "sums",
          "evaluation": "evals/a-1/sums",
          "max_tokens": 8,
          "model": "run:615dd669c326@12",
          "num_answers": 3,
          "num_correct": 2,
          "num_errors": 1,
          "num_examples": 3,
          "pass_at_k": {
            "1": 0.5,
          },
          "run": "runs/a",
          "score": 0.6666666666666666,
          "score_high": 0.9385080552796037,
          "score_low": 0.20765960080204765,
          "seed": 0,
          "step": 12,
          "temperature": 0.6,
        },
        {
          "benchmark": "sums",
          "evaluation": "evals/other/sums",
          "max_tokens": null,
          "model": "ORG/NAME",
          "num_answers": 1,
          "num_correct": 1,
          "num_errors": 0,
          "num_examples": 1,
          "pass_at_k": {},
          "run": null,
          "score": 1,
          "score_high": 1,
          "score_low": 0.20654931437723745,
          "seed": null,
          "step": null,
          "temperature": null,
        },
        {
          "benchmark": "sums",
          "evaluation": "runs/a/iteration_000004/eval_sums_trajectories.jsonl",
          "max_tokens": null,
          "model": null,
          "num_answers": 1,
          "num_correct": 1,
          "num_errors": 0,
          "num_examples": 1,
          "pass_at_k": {},
          "run": "runs/a",
          "score": 1,
          "score_high": 1,
          "score_low": 0.20654931437723745,
          "seed": null,
          "step": 4,
          "temperature": null,
        },
      ]
    `);
  });

  it('evaluation_examples: the last of each answer that did not fail, else the last', async () => {
    const { rows } = await ask(
      `SELECT run, step, example_id, sample, correct, error, input, extracted FROM evaluation_examples ORDER BY ALL`,
    );
    expect(rows).toMatchInlineSnapshot(`
      [
        {
          "correct": true,
          "error": null,
          "example_id": "x",
          "extracted": "7",
          "input": "ask x",
          "run": "runs/a",
          "sample": 0,
          "step": 4,
        },
        {
          "correct": true,
          "error": null,
          "example_id": "x",
          "extracted": "7",
          "input": "ask x",
          "run": "runs/a",
          "sample": 0,
          "step": 12,
        },
        {
          "correct": true,
          "error": null,
          "example_id": "y",
          "extracted": "7",
          "input": "ask y",
          "run": "runs/a",
          "sample": 0,
          "step": 12,
        },
        {
          "correct": false,
          "error": "late",
          "example_id": "z",
          "extracted": "7",
          "input": "ask z",
          "run": "runs/a",
          "sample": 0,
          "step": 12,
        },
        {
          "correct": true,
          "error": null,
          "example_id": "x",
          "extracted": "7",
          "input": "ask x",
          "run": null,
          "sample": 0,
          "step": null,
        },
      ]
    `);
  });

  it('join with runs', async () => {
    const { rows } = await ask(
      `SELECT run, state, score FROM runs JOIN evaluations USING (run) WHERE evaluation LIKE 'evals/%'`,
    );
    expect(rows).toEqual([{ run: 'runs/a', state: 'done', score: 2 / 3 }]);
  });

  it('answer the question of the page', async () => {
    const page = readFileSync(join(import.meta.dirname, '../../docs/report.md'), 'utf8');
    const [, sql = ''] = /examples that training has cost:\n\n```sql\n([\s\S]*?)```/.exec(page) ?? [];
    expect((await ask(sql)).rows).toEqual([]);
    const before = join(cwd, 'runs/a/iteration_000000/eval_sums_trajectories.jsonl');
    mkdirSync(join(before, '..'));
    writeFileSync(before, readFileSync(join(cwd, 'tmp/trajectories.jsonl')));
    writeAnswers(join(cwd, 'tmp'), [{ id: 'x', reward: 0 }]);
    const after = join(cwd, 'runs/a/iteration_000004/eval_sums_trajectories.jsonl');
    writeFileSync(after, readFileSync(join(cwd, 'tmp/trajectories.jsonl')));
    expect((await ask(sql)).rows).toEqual([{ input: 'ask x', was: 'it is 7', became: 'it is 7' }]);
  });

  it('are those of the runs that are named', async () => {
    const count = async (directory: string) =>
      (await ask('SELECT evaluation FROM evaluations ORDER BY ALL', [directory])).rows;
    expect(await count('runs/b')).toEqual([]);
    expect(await count('runs/a')).toEqual([
      { evaluation: 'evals/a-1/sums' },
      { evaluation: 'runs/a/iteration_000004/eval_sums_trajectories.jsonl' },
    ]);
  });

  it('what is damaged is told, and the rest counts', async () => {
    const file = join(cwd, 'evals/a-1/sums/trajectories.jsonl');
    writeFileSync(file, `nonsense\n{"example_id": 3}\n${readFileSync(file, 'utf8')}{"idx": 9, "exam`);
    writeFileSync(join(cwd, 'evals/a-1/sums/settings.json'), '[]');
    const { rows, notices } = await ask(`SELECT run, num_answers FROM evaluations WHERE evaluation = 'evals/a-1/sums'`);
    expect(rows).toEqual([{ run: null, num_answers: 3 }]);
    expect(notices).toEqual([
      'evals/a-1/sums/trajectories.jsonl: 1 damaged lines were left out',
      'evals/a-1/sums/settings.json: is not a JSON object',
    ]);
  });
});

it('the report of a run tells what was measured of its weights', async () => {
  const { blocks, json } = await makeReport({ directories: ['runs/a'], cwd });
  expect(toText(blocks)).toContain(
    '\n\nsums after 12 steps: 66.7 % of 3 examples (95 % interval: 20.8 % to 93.9 %), evals/a-1/sums\n\n',
  );
  expect(objectOf(json).evaluations).toMatchObject([{ benchmark: 'sums', step: 12, num_correct: 2, num_errors: 1 }]);
  const other = await makeReport({ directories: ['runs/b'], cwd });
  expect(objectOf(other.json).evaluations).toEqual([]);
});

it('scores of more examples than a call takes arguments', () => {
  const answers = Array.from({ length: 300_000 }, (_, i) => {
    return { example_id: `${i >> 1}`, sample: i % 2, idx: null, reward: i % 2, error: null, line: {} };
  });
  expect(scoreOf({ answers })).toMatchObject({ score: 0.5, num_examples: 150_000, num_answers: 300_000 });
});

describe('as pages show them', () => {
  it('are ranked within their benchmark, and held against the first on the examples that both have answered', async () => {
    writeAnswers(join(cwd, 'runs/evals/p/sums'), answersTo(20, 20), { 'settings.json': { model: 'P', seed: 0 } });
    writeAnswers(join(cwd, 'runs/evals/q/sums'), answersTo(30, 12), { 'settings.json': { model: 'Q', seed: 0 } });
    writeAnswers(join(cwd, 'runs/evals/r/sums'), [{ id: 'unlike', reward: 0 }], { 'settings.json': { model: 'R' } });
    const { entries } = readEntries({ directories: ['runs'], cwd });
    const { benchmarks, notices } = await readScores(entries, { directories: ['runs/evals'], cwd });
    expect(notices).toEqual([]);
    expect(benchmarks.map(({ benchmark, n_more }) => [benchmark, n_more])).toEqual([['sums', 0]]);
    const scores = benchmarks[0]?.scores ?? [];
    expect(scores.map(({ model, score, num_examples }) => [model, score, num_examples])).toEqual([
      ['P', 1, 20],
      ['runs/a', 2 / 3, 3],
      ['Q', 0.4, 30],
      ['R', 0, 1],
    ]);
    expect(scores.map(({ difference }) => difference?.num_examples ?? null)).toEqual([null, null, 20, null]);
    expect(scores[2]?.difference).toMatchObject({ value: -0.4, p_value: expect.closeTo(2 ** -7), differing: [] });
  });
});

// The files of an evaluation, what they hold after a kill, and what they refuse.

import { appendFile, mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { tokenAnswerer } from '../../src/evaluation/answerer.ts';
import { benchmarkResult } from '../../src/evaluation/benchmark_result.ts';
import { recordedEvaluations } from '../../src/evaluation/recorded_answers.ts';
import { ResultsDirectory } from '../../src/evaluation/results_directory.ts';
import { runBenchmark } from '../../src/evaluation/run_benchmark.ts';
import type { Benchmark } from '../../src/evaluation/types.ts';
import type { JsonObject } from '../../src/util/json.ts';
import { charTokenizer } from '../support/char_tokenizer.ts';
import { temporaryDirectory } from '../support/temporary_directory.ts';
import { evenBenchmark, evenExample, seedClient } from './support/scripted.ts';

const SETTINGS: JsonObject = { model: 'run:abc@20', temperature: 0.6 };

const open = (saveDir: string, benchmark: Benchmark, settings = SETTINGS) =>
  ResultsDirectory.open(saveDir, benchmark, settings, new AbortController().signal);

/** Evaluates with what is there, and says how much was sampled for it. */
async function evaluated(saveDir: string, benchmark: Benchmark, failing = false) {
  const results = await open(saveDir, benchmark);
  const { client, asked } = seedClient((seed) => {
    if (failing && seed % 3 === 0) throw new Error('no connection');
  });
  const samples_P_K = await runBenchmark({
    benchmark,
    answerer: tokenAnswerer(client, charTokenizer()),
    sampling: { max_tokens: 8, temperature: 1, seed: 0, num_samples: 1, concurrency: 4, timeout_seconds: 1000 },
    known: results.known,
    onRecord: (record) => results.append(record),
  });
  const result = benchmarkResult(benchmark, samples_P_K);
  await results.finish(result);
  results.close();
  return { asked: asked.length, result, path: results.trajectoriesPath };
}

describe('what was answered', () => {
  it('is not asked again, also where a kill has cut a line short', async () => {
    const saveDir = await temporaryDirectory();
    const first = await evaluated(saveDir, evenBenchmark(8));
    expect(await evaluated(saveDir, evenBenchmark(8))).toEqual({ ...first, asked: 0 });
    const text = await readFile(first.path, 'utf8');
    await writeFile(first.path, text.slice(0, -20));
    const again = await evaluated(saveDir, evenBenchmark(8));
    expect(again.asked).toBe(1);
    expect({ ...again.result, time_seconds: 0 }).toEqual({ ...first.result, time_seconds: 0 });
    expect((await readFile(first.path, 'utf8')).split('\n')).toHaveLength(9);
  });

  it('is asked again where it failed', async () => {
    const saveDir = await temporaryDirectory();
    const first = await evaluated(saveDir, evenBenchmark(12), true);
    expect(first.result.num_errors).toBeGreaterThan(0);
    const second = await evaluated(saveDir, evenBenchmark(12));
    expect(second.asked).toBe(first.result.num_errors);
    expect(second.result.num_errors).toBe(0);
    const whole = await evaluated(await temporaryDirectory(), evenBenchmark(12));
    expect({ ...second.result, time_seconds: 0 }).toEqual({ ...whole.result, time_seconds: 0 });
  });

  it('belongs to its example, wherever that stands now', async () => {
    const saveDir = await temporaryDirectory();
    await evaluated(saveDir, evenBenchmark(6));
    const { examples, ...rest } = evenBenchmark(6);
    const changed = { ...rest, examples: [evenExample('new'), ...examples.slice(3).reverse()] };
    const { asked, result } = await evaluated(saveDir, changed);
    expect(asked).toBe(1);
    const anew = await evaluated(await temporaryDirectory(), changed);
    expect({ ...result, time_seconds: 0 }).toEqual({ ...anew.result, time_seconds: 0 });
  });

  it('is read back however long its line is, to go on and to compare', async () => {
    const saveDir = await temporaryDirectory();
    const said = 'x'.repeat(9 * 2 ** 20);
    const long: Benchmark = { ...evenBenchmark(0), examples: [evenExample('long', () => ({ logs: { said } }))] };
    const { asked, path } = await evaluated(saveDir, long);
    expect([asked, (await stat(path)).size > said.length]).toEqual([1, true]);
    expect(await evaluated(saveDir, long)).toMatchObject({ asked: 0 });
    expect(await recordedEvaluations(saveDir)).toMatchObject([{ benchmark: 'even', answers: [{ input: 'long' }] }]);
  });

  it('is judged anew by another grader, once', async () => {
    const saveDir = await temporaryDirectory();
    const before = await evaluated(saveDir, evenBenchmark(6));
    const examples = evenBenchmark(6).examples.map(({ input }) => evenExample(input, () => ({ reward: 1 })));
    const kind: Benchmark = { name: 'even', grader: 'kind 1', examples };
    const after = await evaluated(saveDir, kind);
    expect(after).toMatchObject({ asked: 0, result: { score: 1 } });
    expect(before.result.score).toBeLessThan(1);
    const lines = (await readFile(after.path, 'utf8')).split('\n').length;
    expect(await evaluated(saveDir, kind)).toMatchObject({ asked: 0, result: { score: 1 } });
    expect((await readFile(after.path, 'utf8')).split('\n')).toHaveLength(lines);
  });
});

describe('what lies there', () => {
  it('of another model or other settings is refused, and told apart', async () => {
    const saveDir = await temporaryDirectory();
    (await open(saveDir, evenBenchmark(1))).close();
    await expect(open(saveDir, evenBenchmark(1), { model: 'run:abc@40', temperature: 0.6 })).rejects.toThrow(
      /holds answers that were sampled otherwise: model "run:abc@20", and this is "run:abc@40"$/,
    );
    (await open(saveDir, { ...evenBenchmark(1), name: 'odd' }, { model: 'other' })).close();
  });

  it('and is damaged is told with its line', async () => {
    const saveDir = await temporaryDirectory();
    const { path } = await evaluated(saveDir, evenBenchmark(2));
    await appendFile(path, '{"idx": -1}\n');
    await expect(open(saveDir, evenBenchmark(2))).rejects.toThrow(/trajectories\.jsonl:3: "idx" cannot be -1/);
    await writeFile(path, 'nonsense\n');
    await expect(open(saveDir, evenBenchmark(2))).rejects.toThrow(/trajectories\.jsonl:1: is not valid JSON/);
  });

  it('of no evaluation is left alone', async () => {
    const saveDir = await temporaryDirectory();
    await mkdir(join(saveDir, 'even'));
    await writeFile(join(saveDir, 'even/settings.json'), '[]');
    await expect(open(saveDir, evenBenchmark(1))).rejects.toThrow(/settings\.json: is not an object/);
    await expect(open(saveDir, { ...evenBenchmark(1), name: '../even' })).rejects.toThrow(
      /cannot be called "\.\.\/even"/,
    );
  });

  it('is summed up over all benchmarks', async () => {
    const saveDir = await temporaryDirectory();
    await evaluated(saveDir, { ...evenBenchmark(4), name: 'second' });
    const { result } = await evaluated(saveDir, evenBenchmark(3));
    const { benchmarks } = JSON.parse(await readFile(join(saveDir, 'summary.json'), 'utf8'));
    expect(benchmarks).toEqual([
      { name: 'even', score: result.score, num_examples: 3, num_errors: 0 },
      { name: 'second', score: expect.any(Number), num_examples: 4, num_errors: 0 },
    ]);
  });
});

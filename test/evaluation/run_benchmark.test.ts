import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { type BenchmarkSampling, tokenAnswerer } from '../../src/evaluation/answerer.ts';
import { benchmarkResult, scoredSample } from '../../src/evaluation/benchmark_result.ts';
import { type KnownSample, runBenchmark } from '../../src/evaluation/run_benchmark.ts';
import { sampleKey, type TrajectoryRecord } from '../../src/evaluation/trajectory_record.ts';
import type { Benchmark } from '../../src/evaluation/types.ts';
import type { SamplingClient } from '../../src/tinker/clients.ts';
import { RendererError } from '../../src/util/errors.ts';
import { charTokenizer } from '../support/char_tokenizer.ts';
import { evenBenchmark, evenExample, seedClient } from './support/scripted.ts';

const tokenizer = charTokenizer();

const SAMPLING: BenchmarkSampling = {
  max_tokens: 8,
  temperature: 1,
  seed: 0,
  num_samples: 1,
  concurrency: 4,
  timeout_seconds: 1000,
};

async function run(
  benchmark: Benchmark,
  client: SamplingClient,
  {
    sampling = {},
    known,
    signal,
  }: { sampling?: Partial<BenchmarkSampling>; known?: Map<string, KnownSample>; signal?: AbortSignal } = {},
) {
  const records: TrajectoryRecord[] = [];
  const samples_P_K = await runBenchmark({
    benchmark,
    answerer: tokenAnswerer(client, tokenizer),
    sampling: { ...SAMPLING, ...sampling },
    known,
    signal,
    onRecord: (record) => records.push(record),
  });
  return { records, samples_P_K, result: benchmarkResult(benchmark, samples_P_K) };
}

const said = (records: readonly TrajectoryRecord[]) =>
  Object.fromEntries(records.map((record) => [sampleKey(record), record.metrics.said]));

const knownFrom = (records: readonly TrajectoryRecord[]) =>
  new Map(records.map((record): [string, KnownSample] => [sampleKey(record), { scored: scoredSample(record) }]));

describe('what is sampled', () => {
  it('depends on the example and the number of the answer, on no order and no company', async () => {
    const all = await run(evenBenchmark(12), seedClient().client, { sampling: { num_samples: 2 } });
    const waiting = seedClient(async (seed) => {
      for (let i = 0; i < seed % 7; i++) await setImmediate();
    });
    const mixed = await run(evenBenchmark(12), waiting.client, { sampling: { num_samples: 2, concurrency: 24 } });
    expect(said(mixed.records)).toEqual(said(all.records));
    const { examples, ...rest } = evenBenchmark(12);
    const alone = await run({ ...rest, examples: [examples[7]] }, seedClient().client);
    expect(said(all.records)).toMatchObject(said(alone.records));
    expect(new Set(Object.values(said(all.records))).size).toBeGreaterThan(20);
    expect(said((await run(evenBenchmark(12), seedClient().client, { sampling: { seed: 1 } })).records)).not.toEqual(
      said((await run(evenBenchmark(12), seedClient().client)).records),
    );
  });

  it('of several answers begins with the first to each example, and goes on with what is missing', async () => {
    const first = await run(evenBenchmark(6), seedClient().client);
    const { client, asked } = seedClient();
    const known = knownFrom(first.records);
    const both = await run(evenBenchmark(6), client, { sampling: { num_samples: 2, concurrency: 1 }, known });
    expect(asked).toHaveLength(6);
    const anew = await run(evenBenchmark(6), seedClient().client, { sampling: { num_samples: 2, concurrency: 1 } });
    expect(anew.records.map(({ sample }) => sample)).toEqual([0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1]);
    expect({ ...both.result, time_seconds: 0 }).toEqual({ ...anew.result, time_seconds: 0 });
    expect(Object.keys(both.result.pass_at_k)).toEqual(['1', '2']);
  });

  it('never exceeds the bound on how much is on its way', async () => {
    let now = 0;
    let most = 0;
    const { client } = seedClient(async () => {
      most = Math.max(most, ++now);
      await setImmediate();
      now -= 1;
    });
    await run(evenBenchmark(20), client, { sampling: { concurrency: 3 } });
    expect(most).toBe(3);
  });
});

describe('what fails', () => {
  it('is tried again, and leaves no trace when it goes well', async () => {
    const tries = new Map<number, number>();
    const { client } = seedClient((seed) => {
      tries.set(seed, (tries.get(seed) ?? 0) + 1);
      if (tries.get(seed) !== 3) throw new Error('no connection');
    });
    const { result, records } = await run(evenBenchmark(5), client);
    expect(result.num_errors).toBe(0);
    expect(said(records)).toEqual(said((await run(evenBenchmark(5), seedClient().client)).records));
  });

  it('counts as wrong in the end, and is told', async () => {
    const failing = evenExample('broken', () => {
      throw new RangeError('out of range');
    });
    const whole = evenBenchmark(4);
    const { client, asked } = seedClient();
    const { result, records } = await run({ ...whole, examples: [...whole.examples, failing] }, client);
    expect(asked).toHaveLength(4 + 3);
    expect(records.find(({ error }) => error !== null)).toMatchObject({
      example_id: 'even_broken',
      reward: 0,
      turns: [],
      error: 'RangeError: out of range',
      logs: { input: 'broken', expected: 'even' },
    });
    expect(result).toMatchObject({ num_examples: 5, num_errors: 1, score: result.num_correct / 5 });
    expect(result.score_completed).toBe(result.num_correct / 4);
  });

  it('for time is not tried again', async () => {
    const { client, asked } = seedClient(() => new Promise<never>(() => {}));
    const { records } = await run(evenBenchmark(1), client, { sampling: { timeout_seconds: 0.01 } });
    expect(asked.length).toBeLessThan(2);
    expect(records[0].error).toBe('rollout_timeout: it took longer than 0.01 seconds');
  });

  it('for all examples alike ends the evaluation', async () => {
    const whole = evenBenchmark(50);
    const makeEnv = () => {
      throw new RendererError('there is no system role');
    };
    const { client, asked } = seedClient();
    const examples = whole.examples.map((example) => ({ ...example, makeEnv }));
    await expect(run({ ...whole, examples }, client)).rejects.toThrow('there is no system role');
    expect(asked).toEqual([]);
  });

  it('is an id that two examples have', async () => {
    const { examples, ...rest } = evenBenchmark(2);
    const twice = { ...rest, examples: [...examples, examples[0]] };
    await expect(run(twice, seedClient().client)).rejects.toThrow('two examples have the id "even_0"');
  });

  it('and what is stopped leaves nothing on its way', async () => {
    const stop = new AbortController();
    const { client, asked } = seedClient(async () => {
      if (asked.length === 3) stop.abort(new Error('stopped'));
      await setImmediate();
    });
    const records: TrajectoryRecord[] = [];
    const running = runBenchmark({
      benchmark: evenBenchmark(30),
      answerer: tokenAnswerer(client, tokenizer),
      sampling: { ...SAMPLING, concurrency: 2 },
      onRecord: (record) => records.push(record),
      signal: stop.signal,
    });
    await expect(running).rejects.toThrow('stopped');
    const then = { asked: asked.length, records: records.length };
    await setImmediate();
    expect({ asked: asked.length, records: records.length }).toEqual(then);
    expect(records.length).toBeLessThan(4);
  });
});

describe('answers of before', () => {
  it('are judged by another grader without being sampled again', async () => {
    const before = await run(evenBenchmark(8), seedClient().client);
    const known = new Map(
      before.records.map(({ turns, time_seconds, ...of }): [string, KnownSample] => [
        sampleKey(of),
        { turns, time_seconds },
      ]),
    );
    const { name, examples } = evenBenchmark(8);
    const odd: Benchmark = {
      name,
      grader: 'odd 1',
      examples: examples.map(({ input }) => evenExample(input, (value) => ({ reward: value % 2 }))),
    };
    const { client, asked } = seedClient();
    const after = await run(odd, client, { known });
    expect(asked).toEqual([]);
    expect(after.result.num_correct).toBe(8 - before.result.num_correct);
    expect(said(after.records)).toEqual(said(before.records));
    expect(after.records.every(({ grader }) => grader === 'odd 1')).toBe(true);
    expect(after.result.time_seconds).toBe(before.result.time_seconds);
  });

  it('are sampled where they cannot be judged again', async () => {
    const known = new Map<string, KnownSample>([
      [sampleKey({ example_id: 'even_0', sample: 0 }), { turns: [], time_seconds: 1 }],
    ]);
    const { client, asked } = seedClient();
    const { result } = await run(evenBenchmark(1), client, { known });
    expect(asked).toHaveLength(1);
    expect(result.num_errors).toBe(0);
  });
});

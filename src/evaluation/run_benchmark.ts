// Asks a model the examples of a benchmark, many at a time. What is sampled depends on the example and on which of its answers
// it is, and on nothing that happens beside.

import pLimit from 'p-limit';
import { rolloutErrorOf } from '../rl/rollout_failure.ts';
import { ConfigurationError, RendererError } from '../util/errors.ts';
import { seedFor } from '../util/random.ts';
import { type Answerer, type AnswerOptions, type BenchmarkSampling, ROLLOUT_TIMEOUT } from './answerer.ts';
import { scoredSample } from './benchmark_result.ts';
import {
  type Answered,
  answerRecord,
  errorRecord,
  type SampleOf,
  sampleKey,
  type TrajectoryRecord,
  type TrajectoryTurn,
} from './trajectory_record.ts';
import type { Benchmark, ScoredSample } from './types.ts';

/** An answer of before. One that another grader has judged is there with its turns, to be judged anew. */
export type KnownSample = { scored: ScoredSample } | { turns: TrajectoryTurn[]; time_seconds: number };

export interface BenchmarkRun {
  benchmark: Benchmark;
  answerer: Answerer;
  sampling: BenchmarkSampling;
  /** Answers of before, by `sampleKey`. */
  known?: ReadonlyMap<string, KnownSample>;
  /** Hears of every answer as it comes, in no order. */
  onRecord?(record: TrajectoryRecord): void;
  signal?: AbortSignal;
}

/** What fails by chance, such as a connection, seldom fails three times. */
const TRIES = 3;

/**
 * The answers of each example, in the order of the benchmark. What fails is a sample with an error.
 * @throws the signal's reason; what `onRecord` throws; ConfigurationError and RendererError, which all examples would meet,
 * and the former for examples that have one id
 */
export async function runBenchmark(run: BenchmarkRun): Promise<ScoredSample[][]> {
  const { benchmark, answerer, sampling, known = new Map() } = run;
  requireDistinct(benchmark);
  requireAskable(benchmark, answerer);
  const stop = new AbortController();
  const signal = run.signal === undefined ? stop.signal : AbortSignal.any([run.signal, stop.signal]);
  const limit = pLimit(sampling.concurrency);
  const answer = async (of: SampleOf): Promise<ScoredSample> => {
    const before = known.get(sampleKey({ example_id: of.example.example_id, sample: of.sample }));
    if (before !== undefined && 'scored' in before) return before.scored;
    return await limit(async () => {
      try {
        const record = await answerOf(of, before?.turns, { ...run, signal });
        if (before !== undefined && record.error === null) record.time_seconds = before.time_seconds;
        run.onRecord?.(record);
        return scoredSample(record);
      } catch (error) {
        stop.abort(error);
        throw error;
      }
    });
  };
  // The first answers to all examples before the second ones: a run that is cut short has measured them all.
  const samples_K_P = Array.from({ length: sampling.num_samples }, (_, sample) =>
    benchmark.examples.map((example, idx) => answer({ idx, sample, example })),
  );
  // Nothing may be on its way when this ends, so all are waited for.
  await Promise.allSettled(samples_K_P.flat());
  signal.throwIfAborted();
  return await Promise.all(
    benchmark.examples.map(async (_, p) => await Promise.all(samples_K_P.map((samples_P) => samples_P[p]))),
  );
}

/** Two examples of one id could not be told apart in the results. */
function requireDistinct({ name, examples }: Benchmark): void {
  const seen = new Set<string>();
  for (const { example_id } of examples) {
    if (seen.has(example_id)) throw new ConfigurationError(`${name}: two examples have the id "${example_id}"`);
    seen.add(example_id);
  }
}

/** Asks nothing where one of the examples cannot be asked: a score of the others would be another benchmark's. */
function requireAskable({ name, examples }: Benchmark, answerer: Answerer): void {
  for (const example of examples) {
    const refusal = answerer.refusal(example);
    if (refusal === null) continue;
    throw new ConfigurationError(`${name} cannot be asked of a service that takes and gives texts: ${refusal}`, {
      hint: 'Ask a run, a model, or one at a Tinker service (--service tinker): those are sampled token by token.',
    });
  }
}

/** Judges what was said before, else asks, and asks again where that fails. A later try samples what the first one did. */
async function answerOf(
  of: SampleOf,
  turns: readonly TrajectoryTurn[] | undefined,
  run: BenchmarkRun,
): Promise<TrajectoryRecord> {
  if (turns !== undefined) {
    const again = await tryOnce(of, run, (options) => run.answerer.judgeAnew(of, turns, options));
    if (again !== null) return again.record;
  }
  for (let attempt = 1; ; attempt++) {
    const tried = await tryOnce(of, run, (options) => run.answerer.answer(of, options));
    if (tried !== null && (attempt === TRIES || !tried.retry)) return tried.record;
  }
}

/** One try and whether another may end better; null where what was said before does not go so far. */
async function tryOnce(
  of: SampleOf,
  { benchmark, sampling, signal }: BenchmarkRun,
  answer: (options: AnswerOptions) => Promise<Answered | null>,
): Promise<{ record: TrajectoryRecord; retry: boolean } | null> {
  signal?.throwIfAborted();
  const began = performance.now();
  const context = () => ({ benchmark, time_seconds: (performance.now() - began) / 1000 });
  const seed = seedFor(sampling.seed, 'benchmark', of.example.example_id, of.sample);
  try {
    const answered = await answer({ sampling, seed, signal });
    return answered === null ? null : { record: answerRecord(of, answered, context()), retry: false };
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof ConfigurationError || error instanceof RendererError) throw error;
    const { error_type, error_message } = rolloutErrorOf(error);
    const isLate = error_type === ROLLOUT_TIMEOUT;
    const message = isLate ? `it took longer than ${sampling.timeout_seconds} seconds` : error_message;
    return { record: errorRecord(of, `${error_type}: ${message}`, context()), retry: !isLate };
  }
}

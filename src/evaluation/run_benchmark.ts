// Asks a model the examples of a benchmark, many at a time. What is sampled depends on the example and on which of its answers
// it is, and on nothing that happens beside.

import pLimit from 'p-limit';
import { type TokenCompleter, tinkerTokenCompleter } from '../completers/completers.ts';
import { checkedEnvs } from '../rl/checked.ts';
import { NO_LIMITS, type RolloutLimits } from '../rl/limits.ts';
import { doSingleRollout } from '../rl/rollout.ts';
import { RolloutFailure, rolloutErrorOf, within } from '../rl/rollout_failure.ts';
import type { SamplingClient } from '../tinker/clients.ts';
import type { Tokenizer } from '../tokenizers/types.ts';
import { ConfigurationError, RendererError } from '../util/errors.ts';
import { seedFor } from '../util/random.ts';
import { scoredSample } from './benchmark_result.ts';
import { ReplayEnded, replayPolicy } from './replay.ts';
import {
  errorRecord,
  type SampleOf,
  sampleKey,
  type TrajectoryRecord,
  type TrajectoryTurn,
  trajectoryRecord,
} from './trajectory_record.ts';
import type { Benchmark, ScoredSample } from './types.ts';

export interface BenchmarkSampling {
  /** Longest action, in tokens. */
  max_tokens: number;
  temperature: number;
  seed: number;
  /** Answers to each example. */
  num_samples: number;
  /** Answers that are sampled at the same time. */
  concurrency: number;
  /** An answer that takes longer has failed. */
  timeout_seconds: number;
}

/** An answer of before. One that another grader has judged is there with its turns, to be judged anew. */
export type KnownSample = { scored: ScoredSample } | { turns: TrajectoryTurn[]; time_seconds: number };

export interface BenchmarkRun {
  benchmark: Benchmark;
  client: SamplingClient;
  tokenizer: Tokenizer;
  sampling: BenchmarkSampling;
  /** Answers of before, by `sampleKey`. */
  known?: ReadonlyMap<string, KnownSample>;
  /** Hears of every answer as it comes, in no order. */
  onRecord?(record: TrajectoryRecord): void;
  signal?: AbortSignal;
}

/** What fails by chance, such as a connection, seldom fails three times. */
const TRIES = 3;

const ROLLOUT_TIMEOUT = 'rollout_timeout';

/**
 * The answers of each example, in the order of the benchmark. What fails is a sample with an error.
 * @throws the signal's reason; what `onRecord` throws; ConfigurationError and RendererError, which all examples would meet,
 * and the former for examples that have one id
 */
export async function runBenchmark(run: BenchmarkRun): Promise<ScoredSample[][]> {
  const { benchmark, client, sampling, known = new Map() } = run;
  requireDistinct(benchmark);
  const { max_context_length: contextLength } = await client.getInfo();
  const policy = tinkerTokenCompleter(client, {
    maxTokens: sampling.max_tokens,
    temperature: sampling.temperature,
    contextWindow: contextLength,
  });
  const stop = new AbortController();
  const signal = run.signal === undefined ? stop.signal : AbortSignal.any([run.signal, stop.signal]);
  const limit = pLimit(sampling.concurrency);
  const answer = async (of: SampleOf): Promise<ScoredSample> => {
    const before = known.get(sampleKey({ example_id: of.example.example_id, sample: of.sample }));
    if (before !== undefined && 'scored' in before) return before.scored;
    return await limit(async () => {
      try {
        const record = await answerOf(of, before?.turns, { ...run, signal }, policy, contextLength);
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

/** Judges what was said before, else asks, and asks again where that fails. A later try samples what the first one did. */
async function answerOf(
  of: SampleOf,
  turns: readonly TrajectoryTurn[] | undefined,
  run: BenchmarkRun,
  policy: TokenCompleter,
  contextLength: number,
): Promise<TrajectoryRecord> {
  if (turns !== undefined) {
    const replayed = await tryOnce(of, run, replayPolicy(turns), contextLength);
    if (replayed !== null) return replayed.record;
  }
  for (let attempt = 1; ; attempt++) {
    const tried = await tryOnce(of, run, policy, contextLength);
    if (tried !== null && (attempt === TRIES || !tried.retry)) return tried.record;
  }
}

/** One episode and whether another may end better; null where what was said before does not go so far. */
async function tryOnce(
  of: SampleOf,
  { benchmark, tokenizer, sampling, signal }: BenchmarkRun,
  policy: TokenCompleter,
  contextLength: number,
): Promise<{ record: TrajectoryRecord; retry: boolean } | null> {
  signal?.throwIfAborted();
  const began = performance.now();
  const context = () => ({ benchmark, tokenizer, time_seconds: (performance.now() - began) / 1000 });
  const seed = seedFor(sampling.seed, 'benchmark', of.example.example_id, of.sample);
  const limits: RolloutLimits = { ...NO_LIMITS, rollout_timeout_seconds: sampling.timeout_seconds };
  try {
    const made = await within(sampling.timeout_seconds, ROLLOUT_TIMEOUT, signal, () => of.example.makeEnv());
    const [env] = checkedEnvs([made], 'makeEnv');
    const trajectory = await doSingleRollout(policy, env, { limits, contextLength, seed, signal });
    // What was reached by then is no answer.
    if (trajectory.stop_reason === ROLLOUT_TIMEOUT) throw new RolloutFailure(ROLLOUT_TIMEOUT, '');
    return { record: trajectoryRecord(of, trajectory, context()), retry: false };
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof ReplayEnded) return null;
    if (error instanceof ConfigurationError || error instanceof RendererError) throw error;
    const { error_type, error_message } = rolloutErrorOf(error);
    const isLate = error_type === ROLLOUT_TIMEOUT;
    const message = isLate ? `it took longer than ${sampling.timeout_seconds} seconds` : error_message;
    return { record: errorRecord(of, `${error_type}: ${message}`, context()), retry: !isLate };
  }
}

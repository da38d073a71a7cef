// From the answers to the examples of a benchmark to its score.

import { isEvent } from '../rl/events.ts';
import { passAtK, reportedKs } from './pass_at_k.ts';
import { scoreInterval } from './score_interval.ts';
import type { TrajectoryRecord } from './trajectory_record.ts';
import type { Benchmark, ScoredSample } from './types.ts';

/** result.json. */
export interface BenchmarkResult {
  name: string;
  /** Share of the answers that are right; those that failed are wrong. */
  score: number;
  /** 95 % interval of the score. */
  score_interval: [low: number, high: number];
  /** Share of those answers that neither failed nor were cut; null where there are none. */
  score_completed: number | null;
  num_examples: number;
  /** Answers to each. */
  num_samples: number;
  /** Of all answers. */
  num_correct: number;
  num_errors: number;
  num_truncated: number;
  /** Means over the answers that have them, of events (`stop/*`) over all that did not fail; totals as their names say. */
  metrics: Record<string, number>;
  /** Of all answers together, which are sampled at the same time. */
  time_seconds: number;
  pass_at_k: Record<string, number>;
  /** 95 % intervals of these, over the examples. */
  pass_at_k_interval: Record<string, [low: number, high: number]>;
}

export function scoredSample({ reward, metrics, error, time_seconds, turns }: TrajectoryRecord): ScoredSample {
  const tokens = (isAction: boolean) =>
    turns.reduce((sum, turn) => sum + ((turn.role === 'assistant') === isAction ? turn.token_count : 0), 0);
  return {
    reward,
    metrics,
    error,
    time_seconds,
    turns: turns.filter(({ role }) => role === 'assistant').length,
    ac_tokens: tokens(true),
    ob_tokens: tokens(false),
  };
}

/** @param samples_P_K answers of each example, equally many of all */
export function benchmarkResult(
  { name, summarize }: Pick<Benchmark, 'name' | 'summarize'>,
  samples_P_K: readonly (readonly ScoredSample[])[],
): BenchmarkResult {
  const samples = samples_P_K.flat();
  const num_samples = samples_P_K[0]?.length ?? 0;
  const correct_P = samples_P_K.map((samples_K) => samples_K.filter(isCorrect).length);
  const completed = samples.filter((sample) => sample.error === null && !isTruncated(sample));
  const num_correct = samples.filter(isCorrect).length;
  const byK = <T>(of: (passed_P: readonly number[]) => T): Record<string, T> =>
    Object.fromEntries(
      (num_samples === 0 ? [] : reportedKs(num_samples)).map((k) => [
        String(k),
        of(correct_P.map((correct) => passAtK(num_samples, correct, k))),
      ]),
    );
  return {
    name,
    score: share(num_correct, samples.length),
    score_interval: scoreInterval(
      correct_P.map((correct) => correct / num_samples),
      num_samples,
    ),
    score_completed: completed.length === 0 ? null : share(completed.filter(isCorrect).length, completed.length),
    num_examples: samples_P_K.length,
    num_samples,
    num_correct,
    num_errors: samples.filter(({ error }) => error !== null).length,
    num_truncated: samples.filter(isTruncated).length,
    metrics: { ...means(samples), ...summarize?.(samples), ...totals(samples) },
    time_seconds: sum(samples, ({ time_seconds }) => time_seconds),
    pass_at_k: byK((passed_P) => sum(passed_P, (passed) => passed) / samples_P_K.length),
    pass_at_k_interval: byK((passed_P) => scoreInterval(passed_P, num_samples)),
  };
}

const isCorrect = ({ reward }: ScoredSample) => reward > 0;

const isTruncated = ({ metrics }: ScoredSample) => metrics.max_tokens_reached === 1 || metrics.context_overflow === 1;

function means(samples: readonly ScoredSample[]): Record<string, number> {
  const names = new Set(samples.flatMap(({ metrics }) => Object.keys(metrics)));
  return Object.fromEntries(
    [...names].sort().map((name) => {
      const values = isEvent(name)
        ? samples.flatMap(({ metrics, error }) => (error === null ? [metrics[name] ?? 0] : []))
        : samples.flatMap(({ metrics }) => (Object.hasOwn(metrics, name) ? [metrics[name]] : []));
      return [name, sum(values, (value) => value) / values.length];
    }),
  );
}

function totals(samples: readonly ScoredSample[]): Record<string, number> {
  const total_turns = sum(samples, ({ turns }) => turns);
  const total_ac_tokens = sum(samples, ({ ac_tokens }) => ac_tokens);
  const total_ob_tokens = sum(samples, ({ ob_tokens }) => ob_tokens);
  const episodes = samples.filter(({ error }) => error === null).length;
  return {
    total_ac_tokens,
    total_ob_tokens,
    total_turns,
    turns_per_episode: share(total_turns, episodes),
    ac_tokens_per_turn: share(total_ac_tokens, total_turns),
    ob_tokens_per_turn: share(total_ob_tokens, total_turns),
  };
}

const share = (part: number, whole: number) => (whole === 0 ? 0 : part / whole);

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0);
}

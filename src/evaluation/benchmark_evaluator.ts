// The evaluator `benchmark`: a benchmark on the model as it is trained.

import { type Static, Type } from '@sinclair/typebox';
import { defineBuilder } from '../registry/builder.ts';
import { builderOf, nullable, runtime, semantic } from '../registry/fields.ts';
import { type Evaluator, type EvaluatorContext, evaluatorSlot } from '../training/evaluator.ts';
import type { Metrics } from '../training/types.ts';
import type { BenchmarkResult } from './benchmark_result.ts';
import type { TrajectoryRecord } from './trajectory_record.ts';
import { type Benchmark, benchmarkSlot } from './types.ts';

const params = Type.Object({
  benchmark: semantic(builderOf(benchmarkSlot, { description: 'What the model is measured on.' })),
  name: nullable(
    semantic(
      Type.String({
        minLength: 1,
        default: null,
        description: 'Its metrics are eval/NAME/…; null: as the builder of the benchmark is called.',
      }),
    ),
  ),
  max_tokens: semantic(Type.Integer({ minimum: 1, default: 1024, description: 'Longest action, in tokens.' })),
  temperature: semantic(Type.Number({ minimum: 0, default: 0.6, description: 'Of sampling; 0 = greedy.' })),
  num_samples: semantic(Type.Integer({ minimum: 1, default: 1, description: 'Answers to each example, for pass@k.' })),
  concurrency: runtime(
    Type.Integer({ minimum: 1, default: 64, description: 'Answers that are sampled at the same time.' }),
  ),
  timeout_seconds: semantic(
    Type.Number({ exclusiveMinimum: 0, default: 1800, description: 'An answer that takes longer has failed.' }),
  ),
  save_trajectories: runtime(
    Type.Boolean({ default: true, description: 'Write what was said to iteration_NNNNNN/ of the run.' }),
  ),
});
type BenchmarkEvaluatorConfig = Static<typeof params>;

export const benchmarkEvaluator = defineBuilder({
  slot: evaluatorSlot,
  name: 'benchmark',
  version: 1,
  doc: 'A benchmark, as `cookbook eval` runs it: eval/NAME/score, the share of right answers, and what else there is to tell.',
  params,
  async build(config, context, make) {
    const { rendererOf } = await import('./sample_replies.ts');
    const { requireFileName } = await import('./results_directory.ts');
    const { tokenizer, seed, models, warn, notify, signal } = context;
    const renderer = rendererOf(context, 'benchmark');
    const { checkedBenchmark } = await import('./checked_benchmark.ts');
    const built = await make(config.benchmark, { tokenizer, renderer, seed, models, warn, notify, signal });
    const benchmark = checkedBenchmark(built, config.benchmark.builder);
    return evaluatorOf({ ...benchmark, name: requireFileName(nameOf(config)) }, config, context);
  },
  headline: (config) => [
    { metric: `eval/${nameOf(config)}/score`, goal: 'maximize', label: `${nameOf(config)} score` },
  ],
});

const nameOf = ({ name, benchmark }: Pick<BenchmarkEvaluatorConfig, 'name' | 'benchmark'>) => name ?? benchmark.builder;

function evaluatorOf(
  benchmark: Benchmark,
  config: BenchmarkEvaluatorConfig,
  { tokenizer, seed, warn }: EvaluatorContext,
): Evaluator {
  return {
    async evaluate({ sampling, step, logPath, signal }) {
      const { runBenchmark } = await import('./run_benchmark.ts');
      const { tokenAnswerer } = await import('./answerer.ts');
      const { benchmarkResult } = await import('./benchmark_result.ts');
      const client = await sampling();
      const records: TrajectoryRecord[] = [];
      const samples_P_K = await runBenchmark({
        benchmark,
        answerer: tokenAnswerer(client, tokenizer),
        sampling: { ...config, seed },
        onRecord: (record) => records.push(record),
        signal,
      });
      const failed = records.find(({ error }) => error !== null);
      if (failed !== undefined) warn(`${benchmark.name}: an answer failed and counts as wrong: ${failed.error}`);
      if (config.save_trajectories) await writeRecords(logPath, step, benchmark.name, records);
      return metricsOf(benchmark.name, benchmarkResult(benchmark, samples_P_K));
    },
  };
}

/** In the order of the examples, whichever answer came first. */
async function writeRecords(
  logPath: string,
  step: number,
  name: string,
  records: readonly TrajectoryRecord[],
): Promise<void> {
  const { writeIterationFiles } = await import('../training/iteration_directory.ts');
  const inOrder = records.toSorted((a, b) => a.sample - b.sample || a.idx - b.idx);
  const file = { name: `eval_${name}_trajectories.jsonl`, lines: linesOf(inOrder) };
  await writeIterationFiles(logPath, step, [file]);
}

function* linesOf(records: readonly TrajectoryRecord[]): Generator<string> {
  for (const record of records) yield JSON.stringify(record);
}

function metricsOf(name: string, result: BenchmarkResult): Metrics {
  const { score, score_completed, num_examples, num_correct, num_errors, num_truncated, pass_at_k } = result;
  const all = {
    ...result.metrics,
    score,
    ...(score_completed === null ? {} : { score_completed }),
    num_examples,
    num_correct,
    num_errors,
    num_truncated,
    ...Object.fromEntries(Object.entries(pass_at_k).map(([k, value]) => [`pass@${k}`, value])),
  };
  return Object.fromEntries(Object.entries(all).map(([metric, value]) => [`eval/${name}/${metric}`, value]));
}

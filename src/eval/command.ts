// cookbook eval: a benchmark on the weights of a run or on a model, with every answer on disk as soon as it is there.

import { createHash } from 'node:crypto';
import { join, resolve } from 'node:path';
import type { BenchmarkSampling } from '../evaluation/answerer.ts';
import { benchmarkResult } from '../evaluation/benchmark_result.ts';
import { checkedBenchmark } from '../evaluation/checked_benchmark.ts';
import { ResultsDirectory, requireFileName } from '../evaluation/results_directory.ts';
import { type KnownSample, runBenchmark } from '../evaluation/run_benchmark.ts';
import { sampleKey } from '../evaluation/trajectory_record.ts';
import { type Benchmark, benchmarkSlot } from '../evaluation/types.ts';
import type { Registry } from '../registry/registry.ts';
import { samplingModels } from '../run/sampling_models.ts';
import { stopOnSignals } from '../run/signals.ts';
import { besidePlugins } from '../run/strays.ts';
import { takeLease } from '../run_files/lease.ts';
import { addPlugins } from '../spec/command_line.ts';
import { colorsFor } from '../util/colors.ts';
import { makeDirectory } from '../util/files.ts';
import { canonicalJson, type JsonObject } from '../util/json.ts';
import { plural } from '../util/plural.ts';
import { widthOf } from '../util/wrapped.ts';
import { type AskedModel, type ModelOptions, openAskedModel } from './asked_model.ts';
import { benchmarkRef } from './benchmark_fields.ts';
import { evalProgress, type KnownAnswers, type ProgressStream } from './progress.ts';
import { type EvaluatedPlace, interruptedScreen, resultScreen } from './screen.ts';

export interface EvalOptions extends ModelOptions {
  benchmark: string;
  /** `field=value` arguments: parameters of the benchmark. */
  assignments: readonly string[];
  /** Files whose builders count too. */
  plugins: readonly string[];
  sampling: BenchmarkSampling;
  /** Examples to ask, from the first; null = all. */
  limit: number | null;
  /** Where results lie; null = a place that is the model's and its settings' own. */
  saveDir: string | null;
  argv: readonly string[];
  /** Null where nobody wants to see it. */
  progress: ProgressStream | null;
  notify(message: string): void;
}

export interface EvalEnd {
  /** What `--json` prints. */
  result: object;
  screen: string[];
  exitCode: 0 | 3;
}

export async function evalCommand(options: EvalOptions, registry: Registry): Promise<EvalEnd> {
  const plugins = options.plugins.map((file) => resolve(file));
  return await besidePlugins(plugins, options.notify, () => evaluateModel(options, registry));
}

async function evaluateModel(options: EvalOptions, registry: Registry): Promise<EvalEnd> {
  const { notify, sampling } = options;
  await addPlugins(options.plugins, registry, process.cwd());
  const benchmarkParams = benchmarkRef(options.benchmark, options.assignments, registry, process.cwd());
  const asked = await openAskedModel(options, registry, { sampling, env: process.env, notify });
  const models = samplingModels(registry, notify);
  try {
    const { renderer } = asked;
    const material = { tokenizer: renderer.tokenizer, renderer, seed: sampling.seed, models, warn: notify, notify };
    const built = await registry.build(benchmarkSlot, benchmarkParams, material);
    const whole = checkedBenchmark(built, benchmarkParams.builder);
    const benchmark = { ...whole, examples: whole.examples.slice(0, options.limit ?? undefined) };
    const settings: JsonObject = {
      ...asked.settings,
      max_tokens: sampling.max_tokens,
      temperature: sampling.temperature,
      seed: sampling.seed,
    };
    const saveDir = options.saveDir ?? join('evals', placeName(asked.label, settings));
    return await evaluate(benchmark, asked, { saveDir, settings }, options);
  } finally {
    await models.close();
    await asked.close();
  }
}

/** The answers of a model at its settings lie together, whatever else is measured. */
function placeName(label: string, settings: JsonObject): string {
  const digest = createHash('sha256').update(canonicalJson(settings)).digest('hex').slice(0, 8);
  return `${label.replaceAll(/[^\w.@-]+/g, '-')}-${digest}`;
}

async function evaluate(
  benchmark: Benchmark,
  { answerer, description }: AskedModel,
  { saveDir, settings }: { saveDir: string; settings: JsonObject },
  { target, sampling, argv, progress, notify }: EvalOptions,
): Promise<EvalEnd> {
  const directory = join(saveDir, requireFileName(benchmark.name));
  await makeDirectory(directory);
  const lease = await takeLease(directory);
  const stop = stopOnSignals();
  try {
    await stop.watched;
    const results = await ResultsDirectory.open(saveDir, benchmark, settings, lease.lost);
    const known = knownAnswers(benchmark, sampling, results.known);
    tellBeginning(benchmark, description, known, notify);
    const shown = progress === null ? null : evalProgress(progress, known);
    const { resultPath, trajectoriesPath } = results;
    const place: EvaluatedPlace = { target, argv, max_tokens: sampling.max_tokens, resultPath, trajectoriesPath };
    const colors = colorsFor(process.stdout);
    const width = widthOf(process.stdout);
    let { answered } = known;
    let firstError: string | null = null;
    try {
      const samples_P_K = await runBenchmark({
        benchmark,
        answerer,
        sampling,
        known: results.known,
        signal: AbortSignal.any([stop.signal, lease.lost]),
        onRecord(record) {
          results.append(record);
          answered += 1;
          firstError ??= record.error;
          shown?.answered(record);
        },
      });
      shown?.end();
      const result = benchmarkResult(benchmark, samples_P_K);
      await results.finish(result);
      return {
        result: { state: 'done', target: description, directory, ...result },
        screen: resultScreen(result, place, firstError, colors, width),
        exitCode: result.num_errors > 0 ? 3 : 0,
      };
    } catch (error) {
      shown?.end();
      if (!stop.signal.aborted) throw error;
      const far = { answered, total: known.total };
      return {
        result: { state: 'interrupted', target: description, directory, name: benchmark.name, ...far },
        screen: interruptedScreen(benchmark.name, far, place, colors, width),
        exitCode: 3,
      };
    } finally {
      results.close();
    }
  } finally {
    stop.dispose();
    await lease.release();
  }
}

/** What of this evaluation was answered before. */
function knownAnswers(
  { examples }: Benchmark,
  { num_samples }: BenchmarkSampling,
  known: ReadonlyMap<string, KnownSample>,
): KnownAnswers {
  const scored = examples.flatMap(({ example_id }) =>
    Array.from({ length: num_samples }, (_, sample) => known.get(sampleKey({ example_id, sample }))).flatMap((found) =>
      found !== undefined && 'scored' in found ? [found.scored] : [],
    ),
  );
  const correct = scored.filter(({ reward }) => reward > 0).length;
  return { total: examples.length * num_samples, answered: scored.length, correct };
}

function tellBeginning(
  { name, examples }: Benchmark,
  description: string,
  { total, answered }: KnownAnswers,
  notify: (message: string) => void,
): void {
  const samples = total === examples.length ? '' : `, ${total / examples.length} answers to each`;
  const before = answered === 0 ? '' : `; ${answered} of ${plural(total, 'answer')} were there already`;
  notify(`${name}: ${plural(examples.length, 'example')}${samples}, asked of ${description}${before}`);
}

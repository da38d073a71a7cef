// cookbook thinking-score: by how much the answers of a model hang on the steps that it writes before them.

import { createHash } from 'node:crypto';
import { basename, join, resolve } from 'node:path';
import pLimit from 'p-limit';
import { benchmarkRef } from '../eval/benchmark_fields.ts';
import { checkedBenchmark } from '../evaluation/checked_benchmark.ts';
import { benchmarkSlot } from '../evaluation/types.ts';
import type { Registry } from '../registry/registry.ts';
import { samplingModels } from '../run/sampling_models.ts';
import { openSamplingTarget } from '../run/sampling_target.ts';
import { addPlugins } from '../spec/command_line.ts';
import { ConfigurationError } from '../util/errors.ts';
import { expressionProblem } from '../util/expressions.ts';
import { makeDirectory, writeFileAtomic } from '../util/files.ts';
import { canonicalJson } from '../util/json.ts';
import { plural } from '../util/plural.ts';
import { printable } from '../util/printable.ts';
import { wrappedText } from '../util/wrapped.ts';
import { type ProbedProblem, probeProblem } from './analyze.ts';
import { type ScoredStep, type StepSummary, summaryOf } from './scores.ts';

export interface ThinkingScoreOptions {
  target: string;
  checkpoint: string | null;
  benchmark: string;
  assignments: readonly string[];
  plugins: readonly string[];
  limit: number;
  max_tokens: number;
  answer_cue: string | null;
  min_step_chars: number;
  /** `NAME=REGEX`: steps that are also summed up by themselves. */
  kinds: readonly string[];
  concurrency: number;
  seed: number;
  saveDir: string | null;
  /** Columns of the terminal that shows the summary. */
  width?: number;
  signal: AbortSignal;
  notify(message: string): void;
}

export interface ThinkingSummary extends StepSummary {
  target: string;
  benchmark: string;
  num_problems: number;
  num_correct: number;
  kinds: Record<string, StepSummary>;
}

export async function thinkingScoreCommand(
  options: ThinkingScoreOptions,
  registry: Registry,
): Promise<{ summary: ThinkingSummary; directory: string; lines: string[] }> {
  const { target: named, checkpoint, notify, seed, signal } = options;
  const kinds = options.kinds.map(kindOf);
  const plugins = options.plugins.map((file) => resolve(file));
  await addPlugins(plugins, registry, process.cwd());
  const params = benchmarkRef(options.benchmark, options.assignments, registry, process.cwd());
  const ref = checkpoint === null ? named : { run: named, checkpoint };
  const target = await openSamplingTarget(ref, registry, notify);
  const models = samplingModels(registry, notify);
  try {
    const { client, renderer, description } = target;
    const material = { tokenizer: renderer.tokenizer, renderer, seed, models, warn: notify, notify };
    const benchmark = checkedBenchmark(await registry.build(benchmarkSlot, params, material), params.builder);
    const examples = benchmark.examples.slice(0, options.limit);
    notify(`${benchmark.name}: ${plural(examples.length, 'problem')}, thought about by ${description}`);
    const limit = pLimit(options.concurrency);
    const { max_context_length: contextLength } = await client.getInfo();
    let leftOut = 0;
    const onLeftOut = () => {
      leftOut += 1;
    };
    const asked = { ...options, client, renderer, contextLength, onLeftOut, signal };
    const probed = await Promise.all(examples.map((example) => limit(() => probeProblem(example, asked))));
    if (leftOut > 0)
      notify(
        `${plural(leftOut, 'step')} left out: with an answer behind them they are more than the ${contextLength} tokens of the model's context`,
      );
    const problems = probed.filter((problem) => problem !== null);
    if (problems.length === 0) {
      throw new ConfigurationError(`${benchmark.name}: there is no problem with an answer and a step before it`, {
        hint: 'Name a benchmark whose examples have one expected answer, and see with cookbook eval what the model says.',
      });
    }
    const { max_tokens, answer_cue, min_step_chars } = options;
    const settings = { model: target.identity(), max_tokens, answer_cue, min_step_chars, seed };
    const digest = createHash('sha256').update(canonicalJson(settings)).digest('hex').slice(0, 8);
    const place = `${basename(named)}-${digest}`.replaceAll(/[^\w.@-]+/g, '-');
    const directory = join(options.saveDir ?? join('evals', place), `thinking_score_${benchmark.name}`);
    const summary = { target: description, benchmark: benchmark.name, ...summed(problems, kinds) };
    await makeDirectory(directory);
    const rows = problems.map((problem) => `${JSON.stringify(problem)}\n`).join('');
    await writeFileAtomic(join(directory, 'tts_per_problem.jsonl'), rows);
    await writeFileAtomic(join(directory, 'tts_summary.json'), `${JSON.stringify(summary, null, 2)}\n`);
    return { summary, directory, lines: summaryLines(summary, directory, options.width) };
  } finally {
    await models.close();
    await target.close();
  }
}

interface Kind {
  name: string;
  expression: RegExp;
}

function kindOf(text: string): Kind {
  const [, name = '', pattern = ''] = /^([\w.-]+)=(.+)$/s.exec(text) ?? [];
  if (name === '') throw new ConfigurationError(`--kind ${text}: expected NAME=REGEX`);
  const problem = expressionProblem(pattern);
  if (problem !== null) throw new ConfigurationError(`--kind ${text}: ${problem}`);
  return { name, expression: new RegExp(pattern, 's') };
}

function summed(problems: readonly ProbedProblem[], kinds: readonly Kind[]) {
  const steps = problems.flatMap((problem) => problem.steps);
  const of = ({ expression }: Kind) => summaryOf(steps.filter(({ text }: ScoredStep) => expression.test(text)));
  return {
    num_problems: problems.length,
    num_correct: problems.filter(({ model_correct }) => model_correct).length,
    ...summaryOf(steps),
    kinds: Object.fromEntries(kinds.map((kind) => [kind.name, of(kind)])),
  };
}

function summaryLines(summary: ThinkingSummary, directory: string, width = Number.POSITIVE_INFINITY): string[] {
  const { target, benchmark, num_problems, num_correct, num_steps, kinds } = summary;
  const rows: [string, StepSummary][] = [['all steps', summary], ...Object.entries(kinds)];
  const nameWidth = Math.max(...rows.map(([name]) => name.length));
  const cell = (value: number) => value.toFixed(3).padStart(10);
  const head = `${target}: ${plural(num_problems, 'problem')} of ${benchmark}, ${num_correct} with the right answer; ${plural(num_steps, 'step')}`;
  return [
    wrappedText(printable(head), width),
    '',
    `${' '.repeat(nameWidth)}       steps  mean TTS  TTS ≥ 0.7  TTS ≥ 0.3  decorative`,
    ...rows.map(
      ([name, each]) =>
        `${name.padEnd(nameWidth)}  ${String(each.num_steps).padStart(10)}${cell(each.mean_tts)} ${cell(each.at_least_0_7)} ${cell(each.at_least_0_3)}  ${cell(each.decorative)}`,
    ),
    '',
    printable(`in ${directory}`),
  ];
}

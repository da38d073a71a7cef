// The last screen of an evaluation: the score and how sure it is, what went wrong, where the answers lie, what to type next.

import type { Colors } from 'picocolors/types.js';
import type { BenchmarkResult } from '../evaluation/benchmark_result.ts';
import { columns } from '../run/reporters/final_screen.ts';
import { shortPath } from '../util/files.ts';
import { plural } from '../util/plural.ts';
import { printable } from '../util/printable.ts';
import { programName, quote } from '../util/program_name.ts';
import { wrappedText } from '../util/wrapped.ts';

export interface EvaluatedPlace {
  /** Null where there is nothing here to talk to. */
  target: string | null;
  /** The words behind the program's name. */
  argv: readonly string[];
  max_tokens: number;
  resultPath: string;
  trajectoriesPath: string;
}

/** Its lines, blank ones between the blocks. `firstError`: why one of the answers failed; `width`: what a line may take, commands aside. */
export function resultScreen(
  result: BenchmarkResult,
  place: EvaluatedPlace,
  firstError: string | null,
  colors: Colors,
  width = Number.POSITIVE_INFINITY,
): string[] {
  return blocks([
    wrappedText(printable(headline(result)), width)
      .split('\n')
      .map(colors.bold),
    columns([...winRates(result), ...passes(result), ...parts(result), ...troubles(result, place, firstError)]).flatMap(
      (line) => wrappedText(line, width).split('\n'),
    ),
    columns([
      ['result', shortPath(place.resultPath)],
      ['answers', shortPath(place.trajectoriesPath)],
    ]),
    columns(nextCommands(result, place), width),
  ]);
}

/** Of one that was stopped before all answers had come. */
export function interruptedScreen(
  name: string,
  { answered, total }: { answered: number; total: number },
  { argv, trajectoriesPath }: EvaluatedPlace,
  colors: Colors,
  width = Number.POSITIVE_INFINITY,
): string[] {
  return blocks([
    [colors.bold(printable(`${name}: stopped after ${answered} of ${plural(total, 'answer')}`))],
    columns([['answers', shortPath(trajectoriesPath)]]),
    columns([[command(argv), 'go on with the others']], width),
  ]);
}

/** Of replies that judges have compared, ties as half. */
function winRates({ metrics }: BenchmarkResult): [string, string][] {
  return Object.entries(metrics).flatMap(([metric, value]): [string, string][] => {
    const [, judge] = /^win_rate\/(.+)$/.exec(metric) ?? [];
    return judge === undefined ? [] : [[`win rate by ${printable(judge)}`, `${percent(value)}, a tie as half`]];
  });
}

/** Shares that a benchmark tells apart: of subjects and levels, of prompts and instructions. */
const PART = /^(?:subject|level)\/|^(?:prompt|instruction)_(?:strict|loose)$/;
const MOST_PARTS = 20;

function parts({ metrics }: BenchmarkResult): [string, string][] {
  const found = Object.entries(metrics).filter(([metric]) => PART.test(metric));
  const shown = found.slice(0, MOST_PARTS).map(([metric, value]): [string, string] => [metric, percent(value)]);
  return found.length > MOST_PARTS ? [...shown, [`${found.length - MOST_PARTS} more`, 'in the result']] : shown;
}

function headline(result: BenchmarkResult): string {
  const { name, score, score_interval, num_correct, num_examples, num_samples } = result;
  const verdict = winRates(result).length === 0 ? 'right' : 'preferred';
  const [low, high] = score_interval;
  const answers = num_examples * num_samples;
  const of = num_samples === 1 ? `${answers}` : `${answers} answers to ${plural(num_examples, 'example')}`;
  return `${name}: ${percent(score)} ${verdict}, ${num_correct} of ${of} (95 % interval: ${percent(low)} to ${percent(high)})`;
}

function passes({ pass_at_k, pass_at_k_interval, num_samples }: BenchmarkResult): [string, string][] {
  return num_samples === 1
    ? []
    : Object.entries(pass_at_k).map(([k, value]): [string, string] => {
        const [low, high] = pass_at_k_interval[k] ?? [value, value];
        return [`pass@${k}`, `${percent(value)} (95 % interval: ${percent(low)} to ${percent(high)})`];
      });
}

function troubles(
  { num_errors, num_truncated }: BenchmarkResult,
  { max_tokens }: EvaluatedPlace,
  firstError: string | null,
): [string, string][] {
  const errors = `${num_errors}, counted as wrong${firstError === null ? '' : `: ${firstError}`}`;
  return [
    ...(num_errors === 0 ? [] : [['errors', errors] satisfies [string, string]]),
    [
      'truncated',
      num_truncated === 0 ? '0' : `${num_truncated}, cut at ${max_tokens} tokens or the end of the context`,
    ],
  ];
}

/** What is most needed first: answers that failed, answers that were cut, more of them. */
function nextCommands(
  { num_errors, num_truncated, num_samples, num_examples }: BenchmarkResult,
  { argv, target, max_tokens }: EvaluatedPlace,
): [string, string][] {
  const more = num_samples * 4;
  const commands: [string, string][] = [];
  if (num_errors > 0) commands.push([command(argv), 'ask again where it failed']);
  if (num_truncated > num_examples / 20) {
    // Answers of another length lie elsewhere.
    const elsewhere = without(argv, '--save-dir');
    commands.push([command(withFlag(elsewhere, '--max-tokens', 4 * max_tokens)), 'leave more room for answers']);
  }
  if (commands.length === 0) {
    commands.push([command(withFlag(argv, '--num-samples', more)), `pass@${more}, on top of these answers`]);
  }
  return target === null ? commands : [...commands, [`${programName()} chat ${quote(target)}`, 'talk to it']];
}

function command(argv: readonly string[]): string {
  return `${programName()} ${argv.map(quote).join(' ')}`;
}

function withFlag(argv: readonly string[], flag: string, value: number): string[] {
  return [...without(argv, flag), flag, String(value)];
}

function without(argv: readonly string[], flag: string): string[] {
  return argv.filter((word, i) => word !== flag && argv[i - 1] !== flag && !word.startsWith(`${flag}=`));
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

function blocks(all: readonly string[][]): string[] {
  return all.filter((block) => block.length > 0).flatMap((block) => ['', ...block]);
}

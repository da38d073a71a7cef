// Two evaluations held against each other, as people read it.

import type { Colors } from 'picocolors/types.js';
import { columns } from '../run/reporters/final_screen.ts';
import { plural } from '../util/plural.ts';
import { printable } from '../util/printable.ts';
import { wrappedText } from '../util/wrapped.ts';
import type { ComparedBenchmark, FlippedExample } from './compare.ts';

export interface CompareScreenOptions {
  /** Flipped examples to show each way. */
  most: number;
  colors: Colors;
  width: number;
}

const MOST_CHARACTERS = 60;
/** What is usual. */
const SIGNIFICANT = 0.05;

export function compareScreen(compared: readonly ComparedBenchmark[], options: CompareScreenOptions): string[] {
  return compared.flatMap((each) => screenOf(each, options));
}

function screenOf(compared: ComparedBenchmark, { most, colors, width }: CompareScreenOptions): string[] {
  const { num_examples, score_a, score_b, path_a, path_b, better, worse, notices } = compared;
  const of = (score: number) => `${percent(score)} right of ${plural(num_examples, 'example')}`;
  const text = (line: string) => wrappedText(printable(line), width).split('\n');
  return [
    '',
    ...text(headline(compared)).map(colors.bold),
    '',
    ...columns([
      ['a', `${of(score_a)}, ${printable(path_a)}`],
      ['b', `${of(score_b)}, ${printable(path_b)}`],
    ]),
    ...notices.flatMap((notice) => text(`  note: ${notice}`)),
    ...flips('better in b', better, { most, colors }),
    ...flips('worse in b', worse, { most, colors }),
  ];
}

function headline({ benchmark, difference, difference_interval, p_value, test }: ComparedBenchmark): string {
  const [low, high] = difference_interval.map(points);
  const verdict =
    difference === 0
      ? 'a and b are equally good'
      : `b is ${points(Math.abs(difference))} points ${difference > 0 ? 'better' : 'worse'} than a`;
  const chance = p_value < SIGNIFICANT ? 'more than chance explains' : 'no more than chance explains';
  const name = test === 'mcnemar' ? "McNemar's exact test" : 'sign flips';
  return `${benchmark}: ${verdict}, ${chance} (95 % interval: ${low} to ${high}; p = ${probability(p_value)}, ${name})`;
}

function flips(
  title: string,
  examples: readonly FlippedExample[],
  { most, colors }: Pick<CompareScreenOptions, 'most' | 'colors'>,
): string[] {
  if (examples.length === 0) return [];
  const shown = examples
    .slice(0, most)
    .map(({ input, expected, extracted_a, extracted_b }): [string, string] => [
      printable(shortened(input)),
      printable(`expected ${shortened(expected ?? '—')}; a: ${told(extracted_a)}, b: ${told(extracted_b)}`),
    ]);
  const more = examples.length - shown.length;
  return [
    '',
    colors.bold(`${title}: ${plural(examples.length, 'example')}`),
    ...columns(shown),
    ...(more === 0 ? [] : [`  and ${more} more: --all shows them`]),
  ];
}

const told = (extracted: string | number | null) => (extracted === null ? 'nothing' : shortened(String(extracted)));

function shortened(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ').trim();
  return line.length > MOST_CHARACTERS ? `${line.slice(0, MOST_CHARACTERS - 1)}…` : line;
}

const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
const points = (difference: number) => (100 * difference).toFixed(1);
const probability = (p: number) => (p < 0.0001 ? p.toExponential(1) : p.toFixed(4));

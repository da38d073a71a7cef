// The last screen of a sweep: how many runs finished, the best configuration, what went wrong, and what to type next.

import type { Colors } from 'picocolors/types.js';
import { columns } from '../../run/reporters/final_screen.ts';
import { whyUndecided } from '../../run_files/undecided.ts';
import { shortPath } from '../../util/files.ts';
import { plural } from '../../util/plural.ts';
import { printable, printableText } from '../../util/printable.ts';
import { programName, quote } from '../../util/program_name.ts';
import { wrappedText } from '../../util/wrapped.ts';
import type { RunReport, SweepResult } from '../run_sweep.ts';
import { configurationText, scoreText } from './text.ts';

const SHOWN_RUNS = 10;

/** Its lines, blank ones between the blocks. @param width what a line may take, commands aside */
export function finalScreen(
  result: SweepResult,
  argv: readonly string[],
  colors: Colors,
  width = Number.POSITIVE_INFINITY,
): string[] {
  const blocks = [
    [colors.bold(headline(result))],
    columns(best(result)),
    troubles(result.not_done).map(printableText),
    columns([['directory', shortPath(result.log_path)]]),
  ].map((lines) => lines.flatMap((line) => wrappedText(line, width).split('\n')));
  blocks.push(columns(nextCommands(result, argv), width));
  return blocks.filter((block) => block.length > 0).flatMap((block) => ['', ...block]);
}

function headline({ states, runs, reused }: SweepResult): string {
  const finished = states.done + states.stopped + states.diverged;
  const counts: [number, string][] = [
    [states.stopped, 'stopped early'],
    [states.diverged, 'diverged'],
    [states.failed, 'failed'],
    [states.interrupted, 'interrupted'],
    [states.running, 'running elsewhere'],
    [states.pending, 'not started'],
  ];
  const others = counts.filter(([count]) => count > 0).map(([count, what]) => `, ${count} ${what}`);
  if (reused === runs) {
    const all = runs === 1 ? 'the 1 run was' : `all ${runs} runs were`;
    return `${all} finished before: nothing was left to do${others.join('')}`;
  }
  return `${finished} of ${plural(runs, 'run')} ${finished === 1 ? 'is' : 'are'} finished${others.join('')}`;
}

function best({ objective, best, best_stopped, tied, undecided }: SweepResult): [string, string][] {
  if (objective === null) return [];
  const { metric, at } = objective;
  const label = at === 'last' ? metric : `${metric} (${at})`;
  if (best === null) {
    return undecided === null ? [] : [[label, `no configuration is the best: ${whyUndecided(undecided)}`]];
  }
  return [
    ...[best, ...tied].map((each, i): [string, string] => [
      i === 0 ? 'best' : 'and',
      `${configurationText(each)}${i === 0 ? stoppedText(best_stopped) : ''}`,
    ]),
    [label, scoreText(best)],
  ];
}

/** One that was given up leads by what it had come to by then. */
function stoppedText(stopped: SweepResult['best_stopped']): string {
  if (stopped === undefined) return '';
  return ` (stopped at step ${stopped.step}${stopped.of === null ? '' : ` of ${stopped.of}`})`;
}

/** Failures first: they are what somebody has to look at. */
function troubles(notDone: readonly RunReport[]): string[] {
  const failed = notDone.filter(({ state }) => state === 'failed');
  const waiting = notDone.filter(({ state, error }) => state === 'pending' && error !== null);
  const diverged = notDone.filter(({ state }) => state === 'diverged');
  const lines = [
    ...failed.flatMap(({ name, directory, error }) => [
      `  failed    ${name}`,
      `            ${printable(error?.message ?? 'unknown error')} (${shortPath(directory)}/logs.log)`,
    ]),
    ...diverged.map(({ name }) => `  diverged  ${name}`),
    ...waiting.flatMap(({ name, error }) => [`  waiting   ${name}`, `            ${printable(error?.message ?? '')}`]),
  ];
  const more = lines.length - 2 * SHOWN_RUNS;
  return more > 0 ? [...lines.slice(0, 2 * SHOWN_RUNS), `  and more: see ${programName()} report`] : lines;
}

function nextCommands(
  { states, log_path, best, complete = true }: SweepResult,
  argv: readonly string[],
): [string, string][] {
  const { failed, interrupted, running, pending } = states;
  const again: [string, string] = [`${programName()} ${argv.map(quote).join(' ')}`, 'run what is missing'];
  const report: [string, string] = [
    `${programName()} report ${quote(shortPath(log_path))}`,
    'compare the configurations',
  ];
  const run = best?.best_run ?? null;
  const chat: [string, string][] =
    run === null || run.sampler_path === null
      ? []
      : [[`${programName()} chat ${quote(shortPath(run.directory))}`, 'talk to its best run']];
  return failed + interrupted + running + pending > 0 || !complete ? [again, report, ...chat] : [report, ...chat];
}

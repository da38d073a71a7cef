// The screen of `cookbook status`: who is at work, how many runs stand where, those that run or went wrong, and what to type next.

import type { Colors } from 'picocolors/types.js';
import { formatDuration } from '../run/progress.ts';
import { columns } from '../run/reporters/final_screen.ts';
import { isFinished } from '../run_files/status.ts';
import type { SweepProcess } from '../run_files/sweep_processes.ts';
import type { SeenState } from '../run_files/types.ts';
import { WORK } from '../sweep/executors/work.ts';
import { displayWidth, fitted } from '../util/display_width.ts';
import { shortPath } from '../util/files.ts';
import { plural } from '../util/plural.ts';
import { printable } from '../util/printable.ts';
import { programName, quote } from '../util/program_name.ts';
import { wrappedText } from '../util/wrapped.ts';
import type { RunStanding, SweepStanding } from './command.ts';
import { searchRows } from './search.ts';

export interface ScreenOptions {
  colors: Colors;
  width: number;
  /** All runs, and not only those that somebody has to look at. */
  all: boolean;
  now: number;
}

const SHOWN_RUNS = 10;
/** Without a terminal. */
const WIDTH = 120;

export function statusScreen(standing: SweepStanding | RunStanding, options: ScreenOptions): string[] {
  return 'runs' in standing ? sweepScreen(standing, options) : runScreen(standing, options);
}

function sweepScreen(sweep: SweepStanding, options: ScreenOptions): string[] {
  const { colors, width } = options;
  const blocks = [
    wrap(colors.bold(headline(sweep)), width),
    people(sweep, options),
    columns(searchRows(sweep.search)).flatMap((line) => wrap(line, width)),
    table(sweep.runs, options),
    columns(nextOfSweep(sweep), width),
  ];
  return blocks.filter((block) => block.length > 0).flatMap((block) => ['', ...block]);
}

function headline({ runs, states, search: { most_runs } }: SweepStanding): string {
  const parts = ORDER.flatMap((state) => {
    const count = states[state] ?? 0;
    return count === 0 ? [] : [`${count} ${WORDS[state]}`];
  });
  const count =
    most_runs === null ? plural(runs.length, 'run') : `${runs.length} of at most ${plural(most_runs, 'run')}`;
  return `${count}${parts.length === 0 ? '' : `: ${parts.join(', ')}`}`;
}

/** What somebody has to look at first. */
const ORDER: readonly SeenState[] = [
  'running',
  'failed',
  'damaged',
  'killed',
  'diverged',
  'interrupted',
  'unknown',
  'stopped',
  'done',
  'pending',
];

const WORDS: Record<SeenState, string> = {
  running: 'running',
  failed: 'failed',
  damaged: 'damaged',
  killed: 'killed',
  diverged: 'diverged',
  interrupted: 'interrupted',
  unknown: 'unknown',
  stopped: 'stopped early',
  done: 'done',
  pending: 'not started',
};

function people(
  { processes, driven, stop_request, last_words }: SweepStanding,
  { width, now }: ScreenOptions,
): string[] {
  const rows = processes.map((each) => [each.role, describe(each, now)] as [string, string]);
  if (!driven && !processes.some(({ role }) => role === 'driver')) rows.unshift(['driver', 'none']);
  for (const [i, line] of last_words.entries()) {
    rows.push([i === 0 ? 'it said' : '', fitted(printable(line), MOST_WORDS)]);
  }
  if (stop_request !== null) {
    const how = stop_request.now ? 'at once' : 'with checkpoints';
    rows.push(['asked', `to stop ${how}, ${ago(stop_request.requested_at, now)} ago on ${stop_request.host}`]);
  }
  return columns(rows).flatMap((line) => wrap(line, width));
}

/** Of a line of a log; the rest is there to be read. */
const MOST_WORDS = 400;

function describe({ host, pid, live, started_at, slots }: SweepProcess, now: number): string {
  const where = `process ${pid} on ${host}`;
  if (!live) return `${where} is gone without a last word`;
  return `${where}, since ${ago(started_at, now)}${slots === null ? '' : `, ${slots} at a time`}`;
}

function table(runs: readonly RunStanding[], { width, all, now, colors }: ScreenOptions): string[] {
  const rank = ({ state }: RunStanding) => ORDER.indexOf(state);
  const wanted = runs.filter(({ state }) => all || ORDER.indexOf(state) < ORDER.indexOf('unknown'));
  const sorted = all ? wanted : [...wanted].sort((a, b) => rank(a) - rank(b));
  const shown = all ? sorted : sorted.slice(0, SHOWN_RUNS);
  const cells = shown.map((run) => ({
    state: WORDS[run.state],
    step: run.total_steps === null ? `${run.step}` : `${run.step}/${run.total_steps}`,
    where: whereOf(run, now),
    run,
  }));
  const most = (of: (cell: (typeof cells)[number]) => string) =>
    Math.max(0, ...cells.map((each) => displayWidth(of(each))));
  const [state, step, where] = [most((each) => each.state), most((each) => each.step), most((each) => each.where)];
  const limit = Number.isFinite(width) ? width : WIDTH;
  const room = Math.max(20, limit - state - step - where - 8);
  const lines = cells.flatMap(({ run, ...cell }) => {
    const name = fitted(printable(run.name), room, 'end');
    const first = `  ${cell.state.padEnd(state)}  ${cell.step.padStart(step)}  ${cell.where.padEnd(where)}  ${name}`;
    const trouble = run.problem ?? run.error?.message ?? null;
    const isTroubled = run.state === 'failed' || run.state === 'damaged';
    const why = trouble === null || !isTroubled ? [] : [`    ${fitted(printable(trouble), limit - 4)}`];
    return [first.trimEnd(), ...why.map((line) => colors.dim(line))];
  });
  const more = sorted.length - shown.length;
  return more > 0 ? [...lines, `  and ${more} more: --all shows them`] : lines;
}

function whereOf({ host, pid, state, started_at, ended_at, stop_request }: RunStanding, now: number): string {
  if (host !== null) {
    const asked = stop_request === null ? '' : ', asked to stop';
    return `${host}:${pid}${started_at === null ? '' : `, ${ago(started_at, now)}`}${asked}`;
  }
  if (state === 'pending') return stop_request === null ? '' : 'asked to stop';
  return ended_at === null ? '' : `${ago(ended_at, now)} ago`;
}

function ago(time: string, now: number): string {
  return formatDuration(Math.max(0, (now - Date.parse(time)) / 1000));
}

function nextOfSweep(sweep: SweepStanding): [string, string][] {
  const { log_path, argv, driven, executor, states, runs, processes, stop_request, last_words } = sweep;
  const place = quote(shortPath(log_path));
  const isLeft = ({ state, stop_request }: RunStanding) =>
    stop_request === null && !isFinished(state) && state !== 'running';
  const mayTake = stop_request === null && (!driven || executor === WORK) && runs.some(isLeft);
  const isAtWork = processes.some(({ live }) => live) || (states.running ?? 0) > 0;
  const finished = (states.done ?? 0) + (states.stopped ?? 0) + (states.diverged ?? 0);
  const failed = runs.find(({ state }) => state === 'failed' || state === 'damaged');
  const rows: [string, string][] = [];
  if (failed !== undefined) {
    rows.push([`${programName()} logs ${quote(shortPath(failed.directory))}`, 'read what went wrong']);
  }
  if (last_words.length > 0) rows.push([`${programName()} logs ${place}`, 'read what its driver said']);
  if (finished + (states.running ?? 0) < runs.length && mayTake)
    rows.push([`${programName()} work ${place}`, 'run what is missing, here']);
  if (isAtWork && finished < runs.length) rows.push([`${programName()} stop ${place}`, 'save checkpoints, and stop']);
  if ((finished < runs.length || last_words.length > 0) && !driven && argv.length > 0) {
    rows.push([`${programName()} ${argv.map(quote).join(' ')}`, 'go on with the sweep']);
  }
  if (finished > 0) rows.push([`${programName()} report ${place}`, 'compare the configurations']);
  return rows;
}

function runScreen(run: RunStanding, { colors, width, now }: ScreenOptions): string[] {
  const of = run.total_steps === null ? '' : ` of ${run.total_steps}`;
  const rows: [string, string][] = [['step', `${run.step}${of}`]];
  if (run.host !== null) rows.push(['executed by', `process ${run.pid} on ${run.host}`]);
  if (run.attempt > 0) rows.push(['attempt', `${run.attempt}`]);
  if (run.started_at !== null) rows.push(['started', `${run.started_at} (${ago(run.started_at, now)} ago)`]);
  if (run.ended_at !== null) rows.push(['ended', `${run.ended_at} (${ago(run.ended_at, now)} ago)`]);
  if (run.stop_request !== null)
    rows.push(['asked to stop', `${run.stop_request.requested_at}, on ${run.stop_request.host}`]);
  const trouble = run.problem ?? run.error?.message ?? null;
  if (trouble !== null) rows.push(['trouble', trouble]);
  rows.push(['directory', shortPath(run.directory)]);
  const place = quote(shortPath(run.directory));
  const next: [string, string][] = [[`${programName()} logs ${place}`, 'read its log']];
  if (run.state === 'running') next.push([`${programName()} stop ${place}`, 'save a checkpoint, and stop']);
  else next.push([`${programName()} report ${place}`, 'see its metrics']);
  return [
    '',
    ...wrap(colors.bold(`${printable(run.name)}: ${WORDS[run.state]}`), width),
    '',
    ...columns(rows).flatMap((line) => wrap(line, width)),
    '',
    ...columns(next, width),
  ];
}

function wrap(line: string, width: number): string[] {
  return wrappedText(line, width).split('\n');
}

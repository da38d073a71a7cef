// A plan for people: where the number of runs comes from, how many are in which state, and the first of them.

import type { Colors } from 'picocolors/types.js';
import { formatDuration } from '../run/progress.ts';
import { columns } from '../run/reporters/final_screen.ts';
import { shortPath } from '../util/files.ts';
import { folded } from '../util/folded.ts';
import { plural } from '../util/plural.ts';
import { programName, quote } from '../util/program_name.ts';
import { wrappedText } from '../util/wrapped.ts';
import { type Estimates, NO_ESTIMATES } from './estimate.ts';
import { estimateText, totalText } from './estimate_text.ts';
import { type Plan, type PlannedRun, POINT_STATES, type PointState, type SweepPlan } from './plan.ts';
import type { PlanSummary } from './plan_summary.ts';
import { isOver, ruleNotice, type StudySummary, studyRows, studyTitle } from './study/study_text.ts';

const SHOWN_RUNS = 10;

interface PlanTextOptions {
  width?: number;
  all?: boolean;
  command?: string | null;
  estimates?: Estimates;
}

/**
 * Lines, blank ones between the blocks. `width`: what a line may take, commands aside; `all`: show every run, however many;
 * `command`: what runs the plan.
 */
export function planText(
  plan: Plan | SweepPlan,
  summary: PlanSummary,
  colors: Colors,
  { width = Number.POSITIVE_INFINITY, all = false, command = null, estimates = NO_ESTIMATES }: PlanTextOptions = {},
): string[] {
  const { study } = summary;
  const most = all ? Number.POSITIVE_INFINITY : SHOWN_RUNS;
  const blocks = [
    [colors.bold(`${titleOf(plan, study)} in ${shortPath(plan.log_path)}`)],
    ...(study === undefined ? [] : [columns(studyRows(study))]),
    columns(states(summary, 'size' in plan)),
    study === undefined ? [] : ruleNotice(study),
    [duration(summary), cost(summary)].filter((line) => line !== ''),
    stageGraph(plan.runs),
    runRows(plan.runs, colors, { width, most, estimates }),
    orphanRows(plan, most),
  ];
  const lines = blocks.filter((block) => block.length > 0).flatMap((block, i) => (i === 0 ? block : ['', ...block]));
  const next = command === null ? [] : ['', ...columns([nextCommand(plan, command, study)], width)];
  return [...lines.flatMap((line) => wrappedText(line, width).split('\n')), ...next];
}

function titleOf(plan: Plan | SweepPlan, study: StudySummary | undefined): string {
  if (!('size' in plan)) return numberOfRuns(plan);
  if (study === undefined) return multiplication(plan.size, plan.runs.length);
  if (plan.size.axes.length === 0) return studyTitle(study);
  return `${multiplication(plan.size, plan.runs.length)}, given up by ${study.early_stopping},`;
}

function nextCommand(
  { runs, log_path }: Plan | SweepPlan,
  command: string,
  study: StudySummary | undefined,
): [string, string] {
  const isDone = runs.every(({ state }) => state === 'done');
  if (isDone && (study === undefined || isOver(study))) {
    return [`${programName()} report ${quote(shortPath(log_path))}`, 'see what was learned'];
  }
  return [command, runs.every(({ state }) => state === 'new') ? 'run it' : 'run what is missing'];
}

/** `3 learning_rate × 2 lora_rank × 3 seeds = 18 runs`. */
function multiplication({ axes, excluded, included, seeds, stages }: SweepPlan['size'], runs: number): string {
  const product = axes.map(({ label, choices }) => `${choices.length} ${label}`).join(' × ');
  const points = [
    product,
    excluded > 0 ? `− ${excluded} excluded` : '',
    included > 0 ? `${product === '' ? '' : '+ '}${included} included` : '',
  ].filter((part) => part !== '');
  const factors = [points.length > 1 && seeds !== null ? `(${points.join(' ')})` : points.join(' ')];
  if (seeds !== null) factors.push(plural(seeds, 'seed'));
  const text = factors.filter((factor) => factor !== '').join(' × ');
  const total =
    stages.length === 0 ? plural(runs, 'run') : `${plural(runs, 'run')} of ${plural(stages.length, 'stage')}`;
  return text === '' ? total : `${text} = ${total}`;
}

function numberOfRuns({ runs }: Plan): string {
  return runs.some(({ stage }) => stage !== null) ? plural(runs.length, 'stage') : plural(runs.length, 'run');
}

/** Which stages start from which, with the number of their runs where points share some of them. */
function stageGraph(runs: readonly PlannedRun[]): string[] {
  const stages = new Map<string, { runs: number; after: Set<string> }>();
  for (const { stage, after } of runs) {
    if (stage === null) continue;
    const known = stages.get(stage) ?? { runs: 0, after: new Set<string>() };
    stages.set(stage, { runs: known.runs + 1, after: new Set([...known.after, ...after.map((each) => each.stage)]) });
  }
  const isShared = [...stages.values()].some((stage) => stage.runs > 1);
  return columns(
    [...stages].map(([name, stage]) => {
      const from = stage.after.size === 0 ? 'starts from no other' : `starts from ${[...stage.after].join(' and ')}`;
      return [name, isShared ? `${plural(stage.runs, 'run')}, ${from}` : from];
    }),
  );
}

/** What becomes of runs in each state; those of a sweep lie in directories of their identities, one of a spec where the spec says. */
const MEANINGS: Record<PointState, string> = {
  new: 'not started',
  resume: 'interrupted or killed: to go on from the last checkpoint, if there is one',
  retry: 'failed: to be tried again',
  stale: 'there, but of other contents or other fields: to be run anew beside it',
  running: 'a live process runs it',
  done: 'finished: not run again',
};

const STALE_IN_PLACE = 'another run lies there: "run" asks before it deletes it';

function states({ counts, stopped, diverged, orphans }: PlanSummary, isSweep: boolean): [string, string][] {
  const notes = [
    stopped > 0 ? `; ${stopped} of them stopped early` : '',
    diverged > 0 ? `; ${diverged} of them diverged` : '',
  ].join('');
  const rows = POINT_STATES.filter((state) => counts[state] > 0).map((state): [string, string] => {
    const meaning = state === 'stale' && !isSweep ? STALE_IN_PLACE : MEANINGS[state];
    return [`${counts[state]} ${state}`, meaning + (state === 'done' ? notes : '')];
  });
  if (orphans > 0) rows.push([`${orphans} orphan`, 'there, but no point of this sweep: left alone']);
  return rows;
}

function duration({ total_steps, remaining_steps, estimated_seconds, study }: PlanSummary): string {
  const steps =
    total_steps === null || remaining_steps === null || total_steps === 0
      ? ''
      : remaining_steps === total_steps
        ? plural(total_steps, 'step')
        : `${remaining_steps} of ${plural(total_steps, 'step')} left`;
  const time =
    estimated_seconds === null || estimated_seconds === 0 ? '' : `about ${formatDuration(estimated_seconds)} left`;
  const parts = [steps, time].filter((part) => part !== '');
  const atMost = study === undefined ? '' : 'at most ';
  return parts.length === 0 ? '' : `  ${atMost}${parts.join(', ')}`;
}

/** That of a single run stands beside its name. */
function cost({ estimate, runs }: PlanSummary): string {
  return estimate === undefined || runs === 1 ? '' : `  ${totalText(estimate)}`;
}

/** What is to be run before what is done. */
function runRows(
  runs: readonly PlannedRun[],
  colors: Colors,
  { width, most, estimates }: { width: number; most: number; estimates: Estimates },
): string[] {
  const shown = first(runs, ({ state }) => state !== 'done', most);
  if (shown.length < most) shown.push(...first(runs, ({ state }) => state === 'done', most - shown.length));
  const rows = shown.flatMap((run) => [
    ...nameRows(run, width),
    ...reasons(run, colors),
    ...costRows(run, colors, estimates),
  ]);
  const more = runs.length - shown.length;
  return more > 0 ? [...rows, `  and ${more} more: "plan --all" shows them`] : rows;
}

function orphanRows({ orphans }: Plan | SweepPlan, most: number): string[] {
  const rows = orphans.slice(0, most).map(({ directory }) => `  orphan  ${shortPath(directory)}`);
  const more = orphans.length - rows.length;
  return more > 0 ? [...rows, `  and ${more} more: "plan --all" shows them`] : rows;
}

/** A name that does not fit on a line is broken between what it sets. */
function nameRows({ state, name }: PlannedRun, width: number): string[] {
  const lines = folded(name, width - INDENT.length - 2);
  return lines.map((line, i) => (i === 0 ? `  ${state.padEnd(7)}  ${line}` : `${INDENT}  ${line}`));
}

/** As far as the names of the runs. */
const INDENT = ' '.repeat(11);

function first<T>(items: readonly T[], fits: (item: T) => boolean, count: number): T[] {
  const found: T[] = [];
  for (const item of items) {
    if (found.length === count) break;
    if (fits(item)) found.push(item);
  }
  return found;
}

function costRows({ hash }: PlannedRun, colors: Colors, estimates: Estimates): string[] {
  const estimate = estimates.get(hash);
  return estimate === undefined ? [] : [`${INDENT}${colors.dim(estimateText(estimate))}`];
}

function reasons({ stale, found }: PlannedRun, colors: Colors): string[] {
  if (stale !== null) {
    const differences = stale.differences.join(', ') || 'its identity is another one';
    return [`${INDENT}${colors.dim(`${shortPath(stale.directory)}: ${differences}`)}`];
  }
  const reason = found?.problem ?? found?.status?.error?.message;
  return reason === undefined || reason === null ? [] : [`${INDENT}${colors.dim(reason)}`];
}

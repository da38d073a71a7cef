// The last screen of a run: what was learned, where it lies, and what to type next.

import type { Colors } from 'picocolors/types.js';
import type { KeptBest } from '../../run_files/best_checkpoint.ts';
import { sameCommand } from '../../run_files/same_command.ts';
import { isFinished } from '../../run_files/status.ts';
import type { RunRecord, RunState, RunStatus } from '../../run_files/types.ts';
import { localCheckpoint } from '../../tinker/local_path.ts';
import { shortPath } from '../../util/files.ts';
import { plural } from '../../util/plural.ts';
import { printable } from '../../util/printable.ts';
import { programName, quote } from '../../util/program_name.ts';
import { wrappedText } from '../../util/wrapped.ts';
import { formatChange } from '../change.ts';
import type { EndedRun } from '../execute_directory.ts';
import { formatMetric } from '../progress.ts';

/**
 * Its lines, blank ones between the blocks.
 * @param width what a line may take, commands aside
 * @param others commands that stand below its own
 */
export function finalScreen(
  { directory, record, status, executed, resumable, transcript, stopped, best }: EndedRun,
  colors: Colors,
  width = Number.POSITIVE_INFINITY,
  others: readonly [string, string][] = [],
): string[] {
  const place = shortPath(directory);
  const blocks = [
    [
      colors.bold(
        printable(
          executed
            ? headline(record.name, status, stopped)
            : `${headline(record.name, status, null)}: nothing was left to do`,
        ),
      ),
    ],
    (status.warnings ?? []).map((warning) => colors.yellow(printable(`warning: ${warning}`))),
    columns([
      ...status.learned.map((learned): [string, string] => [labelOf(learned.metric, record), formatChange(learned)]),
      ...(best === null ? [] : [bestLine(best, record)]),
    ]),
    columns(places(place, { status, transcript, best })),
  ].map((lines) => lines.flatMap((line) => wrappedText(line, width).split('\n')));
  blocks.push(columns([...nextCommands(place, record, { status, resumable, best }), ...others], width));
  return blocks.filter((block) => block.length > 0).flatMap((block) => ['', ...block]);
}

function headline(name: string, { state, step, total_steps }: RunStatus, stopped: string | null): string {
  const steps =
    total_steps === null || state === 'done' ? plural(step, 'step') : `${step} of ${plural(total_steps, 'step')}`;
  const headlines: Record<RunState, string> = {
    done: `${name} is done after ${steps}`,
    stopped: `${name} was stopped early, after ${steps}: ${stopped ?? 'it was not getting better'}`,
    diverged: `${name} diverged after ${steps}: the loss or a weight is no longer a number`,
    interrupted: `${name} was interrupted after ${steps}`,
    failed: step === 0 ? `${name} failed before its first step` : `${name} failed after ${steps}`,
    running: `${name} is running`,
    pending: `${name} has not started`,
  };
  return headlines[state];
}

/** What a metric is called on every screen of the run. */
export function labelOf(metric: string, { headline = [] }: RunRecord): string {
  return headline.find((each) => each.metric === metric)?.label ?? metric;
}

function bestLine({ metric, value, step }: KeptBest, record: RunRecord): [string, string] {
  return [`best ${labelOf(metric, record)}`, `${formatMetric(value)} at step ${step}, kept as checkpoint best`];
}

interface Ended {
  status: RunStatus;
  best: KeptBest | null;
}

function places(
  place: string,
  { status: { state, sampler_path }, transcript, best }: Ended & { transcript: string | null },
): [string, string][] {
  const last = best === null ? 'weights' : 'last weights';
  const weights: [string, string][] = [
    ...(best === null ? [] : [['best weights', best.sampler_path] as const]),
    ...(sampler_path === null ? [] : [[last, sampler_path] as const]),
  ].map(([what, path]) => [what, weightsPlace(place, path)]);
  const log: [string, string][] = state === 'failed' ? [['log', `${place}/logs.log`]] : [];
  const said: [string, string][] = transcript === null ? [] : [['transcript', `${place}/${transcript}`]];
  return [['directory', place], ...weights, ...said, ...log];
}

/** Weights of the embedded engine lie in the run directory; those of another service are known to that by their path. */
function weightsPlace(place: string, sampler_path: string): string {
  const local = localCheckpoint(sampler_path);
  return local === null ? shortPath(sampler_path) : `${place}/checkpoints/${local}`;
}

function nextCommands(
  place: string,
  record: RunRecord,
  { status: { state, step, sampler_path }, resumable, best }: Ended & { resumable: boolean },
): [string, string][] {
  const talk = `${programName()} chat ${quote(place)}`;
  const toBest: [string, string][] = best === null ? [] : [[`${talk} --checkpoint best`, 'talk to its best weights']];
  const toLast: [string, string][] =
    sampler_path === null ? [] : [[talk, best === null ? 'talk to it' : 'talk to its last weights']];
  const chat = [...toBest, ...toLast];
  const report: [string, string] = [`${programName()} report ${quote(place)}`, 'see its metrics'];
  const how = resumable ? 'go on from the last checkpoint' : 'start again from the beginning';
  const again: [string, string] = [
    sameCommand(record.argv, record.spec.if_exists),
    state === 'failed' ? `${how}, once that is mended` : how,
  ];
  if (isFinished(state)) return [...chat, report];
  return step === 0 ? [again] : [again, report];
}

/** A long command moves nothing but what stands behind it. */
const LONGEST_LEFT = 48;

/** Rows of two cells. Where they do not fit on a line of so many columns, the second one stands below the first. */
export function columns(rows: [string, string][], limit = Number.POSITIVE_INFINITY): string[] {
  const shown = rows.map(([left, right]): [string, string] => [printable(left), printable(right)]);
  const width = Math.max(0, ...shown.map(([left]) => left.length).filter((length) => length <= LONGEST_LEFT));
  return shown.flatMap(([left, right]) => {
    const line = `  ${left.padEnd(width)}  ${right}`;
    return line.length <= limit ? [line] : [`  ${left}`, `      ${right}`];
  });
}

// The last screen of several stages: what became of each, and then that of the one that matters most.

import { dirname } from 'node:path';
import type { Colors } from 'picocolors/types.js';
import { isFinished } from '../../run_files/status.ts';
import type { RunStatus } from '../../run_files/types.ts';
import { shortPath } from '../../util/files.ts';
import { listed, plural, stagesDone } from '../../util/plural.ts';
import { programName, quote } from '../../util/program_name.ts';
import { wrappedText } from '../../util/wrapped.ts';
import { formatChange } from '../change.ts';
import type { EndedStage } from '../execute_stages.ts';
import { columns, finalScreen, labelOf } from './final_screen.ts';

/** Its lines, blank ones between the blocks. @param width what a line may take, commands aside */
export function pipelineScreen(
  stages: readonly EndedStage[],
  colors: Colors,
  width = Number.POSITIVE_INFINITY,
): string[] {
  const [first] = stages;
  if (first === undefined) return [];
  const place = shortPath(dirname(first.run.directory));
  const done = stages.filter(({ run: { status } }) => status.state === 'done' || status.state === 'stopped').length;
  const rows = columns(stages.map((stage): [string, string] => [stage.stage ?? '', outcomeOf(stage)]));
  const told =
    stages.find(({ run }) => run.status.state === 'failed' || run.status.state === 'diverged') ??
    stages.find(({ run }) => !isFinished(run.status.state)) ??
    stages.at(-1) ??
    first;
  return [
    '',
    colors.bold(`${place}: ${stagesDone(done, stages.length)}`),
    '',
    ...rows.flatMap((row) => wrappedText(row, width).split('\n')),
    ...finalScreen(told.run, colors, width, [[`${programName()} report ${quote(place)}`, 'see all stages']]),
  ];
}

function outcomeOf({ run: { executed, record, status }, missing }: EndedStage): string {
  if (missing.length > 0) return `not started: ${listed(missing)} ${missing.length === 1 ? 'is' : 'are'} not done`;
  const [learned] = status.learned;
  const what = learned === undefined ? '' : `, ${labelOf(learned.metric, record)} ${formatChange(learned)}`;
  return `${STATES[status.state](status)}${what}${executed || !isFinished(status.state) ? '' : ' (was done before)'}`;
}

const STATES: Record<RunStatus['state'], (status: RunStatus) => string> = {
  done: ({ step }) => `done after ${plural(step, 'step')}`,
  stopped: ({ step }) => `stopped early after ${plural(step, 'step')}`,
  diverged: ({ step }) => `diverged after ${plural(step, 'step')}`,
  interrupted: ({ step }) => `interrupted after ${plural(step, 'step')}`,
  failed: ({ step, error }) => `failed after ${plural(step, 'step')}: ${error?.message ?? 'unknown error'}`,
  running: () => 'running',
  pending: () => 'not started',
};

// A single run as people read it: how it stands, what it has learned, its metrics, and what to type next.

import { formatChange } from '../run/change.ts';
import type { KeptBest } from '../run_files/best_checkpoint.ts';
import { plural } from '../util/plural.ts';
import { printable } from '../util/printable.ts';
import { programName, quote } from '../util/program_name.ts';
import type { Block } from './document.ts';
import type { EvaluationScore } from './evaluations.ts';
import { formatNumber, formatSeconds, formatValue } from './format.ts';
import type { RunSummary } from './run_summary.ts';
import { sparkline } from './sparkline.ts';

export interface RunDocumentOptions {
  /** Where to look when something went wrong. */
  look: string;
  warnings: readonly string[];
  /** The command that goes on with it; null where that is over, under way, or not known. */
  again: string | null;
  /** Whether that has a checkpoint to go on from. */
  isResumable: boolean;
  /** The newest episodes that it has written down; null for a run that writes none. */
  transcript: string | null;
  /** As of the entry. */
  stopped: string | null;
  best: KeptBest | null;
  /** What `cookbook eval` has measured of its weights. */
  evaluations: readonly (EvaluationScore & { evaluation: string; benchmark: string; step: number | null })[];
  /** Shows the metrics that are details, too. */
  all: boolean;
}

export function runBlocks(
  summary: RunSummary,
  { look, warnings, again, isResumable, transcript, stopped, best, evaluations, all }: RunDocumentOptions,
): Block[] {
  const { run, metrics } = summary;
  // Where nothing tells more than the details do, they are what there is to show.
  const shown =
    all || metrics.every(({ isDetail }) => isDetail) ? metrics : metrics.filter(({ isDetail }) => !isDetail);
  const more = metrics.length - shown.length;
  const talk = `${programName()} chat ${quote(run.run)}`;
  const next = [
    ...(again === null ? [] : [[isResumable ? 'go on with it' : 'start it from the beginning', again] as const]),
    ...(best === null
      ? []
      : [[`talk to its best weights, of step ${best.step}`, `${talk} --checkpoint best`] as const]),
    ...(run.sampler_path === null ? [] : [[`talk to ${best === null ? 'it' : 'its last weights'}`, talk] as const]),
    ...(more === 0 ? [] : [[plural(more, 'more metric'), `${programName()} report ${quote(run.run)} --all`] as const]),
  ];
  return [
    { heading: printable(run.run) },
    { lines: factLines(summary, { look, transcript, stopped }) },
    ...(warnings.length === 0 ? [] : [{ lines: warnings.map((warning) => printable(`warning: ${warning}`)) }]),
    ...(evaluations.length === 0 ? [] : [{ lines: evaluations.map(evaluationLine) }]),
    shown.length === 0 ? { lines: ['no metrics yet'] } : { table: tableOf(shown) },
    ...(next.length === 0
      ? []
      : [{ commands: next.map(([what, command]) => ({ what, command: printable(command) })) }]),
  ];
}

function evaluationLine({
  benchmark,
  step,
  score,
  score_low,
  score_high,
  num_examples,
  evaluation,
}: RunDocumentOptions['evaluations'][number]): string {
  const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
  const at = step === null ? '' : ` after ${plural(step, 'step')}`;
  const interval = `95 % interval: ${percent(score_low)} to ${percent(score_high)}`;
  return printable(
    `${benchmark}${at}: ${percent(score)} of ${plural(num_examples, 'example')} (${interval}), ${evaluation}`,
  );
}

function factLines(
  { run, learned }: RunSummary,
  { look, transcript, stopped }: Pick<RunDocumentOptions, 'look' | 'transcript' | 'stopped'>,
): string[] {
  const why = run.error === null ? stopped : `${run.error} (see ${look})`;
  const state = why === null ? run.state : `${run.state}: ${why}`;
  const of = run.total_steps === null ? '' : ` of ${run.total_steps}`;
  const facts = [
    ['state', state],
    ['steps', run.steps === null ? null : `${run.steps}${of}`],
    ['time', run.seconds === null ? null : formatSeconds(run.seconds)],
    [learned?.metric ?? '', learned === null ? null : changeOf(learned)],
    ['seed', run.seed === null ? null : String(run.seed)],
    ['attempt', run.attempt === null ? null : String(run.attempt)],
    ['configuration', run.config_id],
    ['commit', run.git_commit === null ? null : `${run.git_commit}${run.git_dirty === true ? ' with changes' : ''}`],
    ['transcript', transcript],
  ];
  return facts.flatMap(([name, fact]) => (fact == null ? [] : printable(`${name}: ${fact}`)));
}

function changeOf({ metric, first, last, best, best_step }: NonNullable<RunSummary['learned']>): string {
  const change = formatChange({ metric, before: first, after: last });
  if (best === null || best_step === null) return change;
  return `${change}, best ${formatNumber(best)} at step ${best_step}`;
}

function tableOf(metrics: RunSummary['metrics']) {
  const rows = metrics.map(({ metric, first, last, least, greatest, curve }) => [
    printable(metric),
    ...[first, last, least, greatest].map(formatValue),
    sparkline(curve),
  ]);
  const columns = ['metric', 'first', 'last', 'least', 'greatest', 'curve'].map((name) => ({
    name,
    align: name === 'metric' || name === 'curve' ? ('left' as const) : ('right' as const),
    isSpare: name === 'least' || name === 'greatest',
  }));
  return { columns, rows };
}

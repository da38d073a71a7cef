// A single run as people read it: how it stands, what it has learned, its metrics, and what to type next.

import { formatChange } from '../run/change.ts';
import { plural } from '../util/plural.ts';
import { printable } from '../util/printable.ts';
import { programName, quote } from '../util/program_name.ts';
import type { Block } from './document.ts';
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
  /** Shows the metrics that are details, too. */
  all: boolean;
}

export function runBlocks(
  summary: RunSummary,
  { look, warnings, again, isResumable, transcript, all }: RunDocumentOptions,
): Block[] {
  const { run, metrics } = summary;
  // Where nothing tells more than the details do, they are what there is to show.
  const shown =
    all || metrics.every(({ isDetail }) => isDetail) ? metrics : metrics.filter(({ isDetail }) => !isDetail);
  const more = metrics.length - shown.length;
  const next = [
    ...(again === null ? [] : [`${isResumable ? 'go on with it' : 'start it from the beginning'}: ${again}`]),
    ...(run.sampler_path === null ? [] : [`talk to it: ${programName()} chat ${quote(run.run)}`]),
    ...(more === 0 ? [] : [`${plural(more, 'more metric')}: ${programName()} report ${quote(run.run)} --all`]),
  ];
  return [
    { heading: printable(run.run) },
    { lines: factLines(summary, look, transcript) },
    ...(warnings.length === 0 ? [] : [{ lines: warnings.map((warning) => printable(`warning: ${warning}`)) }]),
    shown.length === 0 ? { lines: ['no metrics yet'] } : { table: tableOf(shown) },
    ...(next.length === 0 ? [] : [{ lines: next.map(printable) }]),
  ];
}

function factLines({ run, learned }: RunSummary, look: string, transcript: string | null): string[] {
  const state = run.error === null ? run.state : `${run.state}: ${run.error} (see ${look})`;
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

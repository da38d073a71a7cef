// Summaries as people read them: a table of configurations, the best one, and a line for each run that needs a look.

import { SEEN_STATES, type SeenState } from '../run_files/types.ts';
import { whyUndecided } from '../run_files/undecided.ts';
import { textOf } from '../util/json.ts';
import { listed, plural, stagesDone } from '../util/plural.ts';
import { printable } from '../util/printable.ts';
import type { Block } from './document.ts';
import { formatExact, formatMean, formatNumber } from './format.ts';
import type { Asked } from './search_order.ts';
import { sparkline } from './sparkline.ts';
import type { Configuration, Problem, Summary } from './summary.ts';

interface SummaryOptions {
  /** Every run that needs a look, however many. */
  all?: boolean;
  askedFor?(summary: Summary): Asked | null;
}

export function summaryBlocks(
  summaries: readonly Summary[],
  { all = false, askedFor = () => null }: SummaryOptions = {},
): Block[] {
  const told = summaries.map((summary) => ({ summary, asked: askedFor(summary) }));
  return told.flatMap(({ summary, asked }, i) => [
    { heading: headingOf(summary) },
    { table: tableOf(summary, asked) },
    ...(asked === null ? [] : [{ lines: [`asked for by ${asked.by}; trials are numbered in the order of asking`] }]),
    ...(conclusion(summary) ?? []),
    ...(summary.stages === null ? notStarted(summary, all ? Number.POSITIVE_INFINITY : MOST_NAMES) : []),
    ...problemBlocks(summary.problems, all ? Number.POSITIVE_INFINITY : MOST_PROBLEMS),
    ...(summary.again === null
      ? []
      : [{ commands: [{ what: 'run what is missing', command: printable(summary.again) }] }]),
    ...(summary.stages === summaries[i + 1]?.stages ? [] : stagesLeft(summaries, summary.stages)),
  ]);
}

/** Of the stages that lie in one place, how many are done, and which have not started. */
function stagesLeft(summaries: readonly Summary[], place: string | null): Block[] {
  const runs = summaries
    .filter(({ stages }) => place !== null && stages === place)
    .flatMap(({ states, configurations }) => ({ states, name: textOf(configurations[0]?.fields.stage) ?? '' }));
  const pending = runs.filter(({ states }) => states.pending === 1).map(({ name }) => name);
  if (pending.length === 0) return [];
  const done = runs.filter(({ states }) => (states.done ?? 0) + (states.stopped ?? 0) === 1).length;
  const have = pending.length === 1 ? 'has' : 'have';
  return [{ lines: [printable(`${stagesDone(done, runs.length)}; ${listed(pending)} ${have} not started`)] }];
}

function headingOf({ group, metric, goal, at, states, configurations }: Summary): string {
  const runs = configurations.reduce((sum, { n_runs }) => sum + n_runs, 0);
  const value =
    at === 'last' ? 'last value' : at === 'best' ? 'best value' : `value at step ${at.slice('step:'.length)}`;
  const objective = `${value} of ${metric}${goal === null ? '' : `, ${goal}`}`;
  return printable(`${group}: ${plural(runs, 'run')} (${countsOf(SEEN_STATES, states).join(', ')}); ${objective}`);
}

function countsOf(shown: readonly SeenState[], states: Summary['states']): string[] {
  return shown.flatMap((state) => (states[state] === undefined ? [] : `${states[state]} ${state}`));
}

function tableOf({ shown: fields, metric, configurations }: Summary, asked: Asked | null) {
  const columns = [
    { name: '', align: 'left' as const },
    { name: 'trial', align: 'right' as const },
    ...fields.map((field) => ({ name: printable(field), align: alignmentOf(field, configurations) })),
    { name: printable(metric), align: 'right' as const },
    { name: 'n', align: 'right' as const },
    { name: 'cost', align: 'right' as const },
    { name: 'curve', align: 'left' as const },
    { name: 'notes', align: 'left' as const },
  ];
  const rows = configurations.map((configuration) => [
    configuration.best ? '★' : '',
    `${asked?.trialOf(configuration) ?? ''}`,
    ...fields.map((field) => formatExact(configuration.fields[field] ?? null)),
    formatMean(configuration.mean, configuration.sd),
    `${configuration.n}/${configuration.n_runs}`,
    configuration.cost === undefined ? '' : `$${formatNumber(configuration.cost)}`,
    sparkline(configuration.curve),
    notesOf(configuration),
  ]);
  // A column in which nothing stands says nothing, such as the notes of a sweep in which all went well.
  const shown = columns.map((_, i) => rows.some((row) => row[i] !== ''));
  return {
    columns: columns.filter((_, i) => shown[i]),
    rows: rows.map((row) => row.filter((_, i) => shown[i])),
  };
}

function alignmentOf(field: string, configurations: readonly Configuration[]): 'left' | 'right' {
  return configurations.some(({ fields }) => typeof fields[field] === 'string') ? 'left' : 'right';
}

function notesOf({ states, preliminary, n_not_finite, n_without_value, instead }: Configuration): string {
  const counted = countsOf(
    SEEN_STATES.filter((state) => state !== 'done'),
    states,
  );
  const other = instead === null ? '' : ` (${printable(instead.metric)} ${formatNumber(instead.mean)})`;
  return [
    ...counted,
    ...(n_not_finite > 0 ? [`${n_not_finite} not finite`] : []),
    ...(n_without_value > 0 ? [`${n_without_value} without value${other}`] : []),
    ...(preliminary ? ['so far'] : []),
  ].join(', ');
}

function settingsOf(configuration: Configuration, fields: readonly string[]): string {
  return fields.map((field) => `${field}=${formatExact(configuration.fields[field] ?? null)}`).join(' ');
}

function conclusion({ configurations, shown: fields, metric, undecided }: Summary): Block[] | null {
  const best = configurations.filter((configuration) => configuration.best);
  const [first] = best;
  if (first === undefined) {
    const isTold = undecided === 'all_tie' || undecided === 'one_measured';
    return isTold
      ? [{ lines: [printable(`no configuration is the best by ${metric}: ${whyUndecided(undecided)}`)] }]
      : null;
  }
  const named = best.map((each) => settingsOf(each, fields));
  const tie = best.length > 1 ? `${best.length} tie: ` : '';
  const line = `★ best: ${tie}${named.join('; ')} with ${metric} ${formatMean(first.mean, first.sd)} (n = ${first.n})`;
  const run =
    best.length > 1 || first.best_run === null
      ? []
      : [`${first.n_runs === 1 ? 'its run' : 'its best run'}: ${first.best_run}`];
  return [{ lines: [line, ...run].map(printable) }];
}

/** More names than this are read only by whoever asks for them. */
const MOST_NAMES = 5;

function notStarted({ shown: fields, states, configurations }: Summary, most: number): Block[] {
  const { pending = 0, running = 0, done = 0 } = states;
  const runs = configurations.reduce((sum, { n_runs }) => sum + n_runs, 0);
  if (pending === 0) return [];
  const names = configurations.flatMap((configuration) =>
    configuration.runs
      .filter(({ state }) => state === 'pending')
      .map(({ seed }) => `${settingsOf(configuration, fields)}${seed === null ? '' : ` seed=${seed}`}`.trim()),
  );
  const more = names.length > most ? ` and ${names.length - most} more, which --all shows too` : '';
  const [are, have] = [(count: number) => (count === 1 ? 'is' : 'are'), pending === 1 ? 'has' : 'have'];
  const others = [
    `${done} of ${plural(runs, 'run')} ${runs === 1 ? 'is' : are(done)} done`,
    ...(running === 0 ? [] : [`${running} ${are(running)} running`]),
  ];
  const named = `${names.slice(0, most).join('; ')}${more}`;
  return [{ lines: [printable(`${others.join(', ')}, ${pending} ${have} not started: ${named}`)] }];
}

/** More lines than this are read only by whoever asks for them. */
const MOST_PROBLEMS = 20;

function problemBlocks(problems: readonly Problem[], most: number): Block[] {
  if (problems.length === 0) return [];
  const shown = problems.slice(0, most);
  const rows = shown.map(({ run, problem, steps, error }) => [
    problem,
    steps === null ? '—' : formatNumber(steps),
    printable(run),
    shortened(printable(error ?? '')),
  ]);
  const more = problems.length - rows.length;
  const columns = ['problem', 'steps', 'run', 'error'].map((name) => ({
    name,
    align: name === 'steps' ? ('right' as const) : ('left' as const),
  }));
  const rest = `… and ${more} more, which --all shows too`;
  const log = shown.some(({ run, look }) => look !== run) ? ['The log of each is logs.log in its directory.'] : [];
  const lines = [...(more > 0 ? [rest] : []), ...log];
  return [{ table: { columns, rows } }, ...(lines.length > 0 ? [{ lines }] : [])];
}

/** The whole text is in the log and in every other format. */
function shortened(text: string): string {
  return text.length > 80 ? `${text.slice(0, 79)}…` : text;
}

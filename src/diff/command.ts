// cookbook diff: what tells two runs apart, as tables for people or as data.

import { type Block, toText } from '../report/document.ts';
import { formatExact, formatNumber, formatValue } from '../report/format.ts';
import { sparkline } from '../report/sparkline.ts';
import type { JsonValue } from '../util/json.ts';
import { plural } from '../util/plural.ts';
import { printable } from '../util/printable.ts';
import { compareRuns } from './compare_runs.ts';
import type { FieldDiff, MetricDiff, RunDiff } from './run_diff.ts';
import { parseTolerance } from './tolerance.ts';

export interface DiffOptions {
  runs: readonly [string, string];
  cwd: string;
  /** A share, as it is typed. */
  tolerance: string | undefined;
  /** Every metric. */
  all: boolean;
  width: number;
  notify(notice: string): void;
}

export async function diffCommand(options: DiffOptions): Promise<{ text: string; json: JsonValue }> {
  const tolerance = options.tolerance === undefined ? undefined : parseTolerance(options.tolerance);
  const { diff, notices } = await compareRuns(options.runs, options.cwd, { tolerance });
  for (const notice of notices) options.notify(notice);
  return { text: toText(diffBlocks(diff, options.all), options.width), json: JSON.parse(JSON.stringify(diff)) };
}

function diffBlocks(diff: RunDiff, all: boolean): Block[] {
  const shown = all ? diff.metrics : diff.metrics.filter(({ is_detail }) => !is_detail);
  const hidden = diff.metrics.length - shown.length;
  const isEqual = diff.identity.length === 0;
  return [
    {
      lines: diff.runs.map(({ run, state, steps, total_steps }, i) => {
        const reached = steps === null ? '' : `, step ${steps}${total_steps === null ? '' : ` of ${total_steps}`}`;
        return `${SIDES[i]}: ${printable(run)} (${state}${reached})`;
      }),
    },
    ...(isEqual ? [{ lines: ['nothing in the specs that decides the result differs'] }] : []),
    ...fieldBlocks('what decides the result', diff.identity),
    ...fieldBlocks('where and how it ran', diff.runtime),
    ...fieldBlocks('code, versions and machine', diff.provenance),
    ...metricBlocks(shown, diff.tolerance),
    ...(hidden > 0 ? [{ lines: [`${plural(hidden, 'more metric')}: --all`] }] : []),
  ];
}

const SIDES = ['a', 'b'];

function fieldBlocks(title: string, diffs: readonly FieldDiff[]): Block[] {
  if (diffs.length === 0) return [];
  const columns = [title, ...SIDES].map((name) => ({ name, align: 'left' as const }));
  const rows = diffs.map(({ field, values }) => [
    printable(field),
    ...values.map(({ value, is_default, is_there }) =>
      is_there ? `${formatExact(value)}${is_default ? ' (default)' : ''}` : 'not there',
    ),
  ]);
  return [{ table: { columns, rows } }];
}

function metricBlocks(metrics: readonly MetricDiff[], tolerance: number): Block[] {
  if (metrics.length === 0) return [{ lines: ['neither has logged a metric'] }];
  const left = (name: string) => ({ name, align: 'left' as const });
  const right = (name: string) => ({ name, align: 'right' as const });
  const values = metrics.flatMap(({ metric, runs, curves }) =>
    runs.map((facts, i) => [
      i === 0 ? printable(metric) : '',
      SIDES[i] ?? '',
      ...[facts?.first, facts?.last].map((value) => (facts === null ? '—' : formatValue(value ?? null))),
      facts?.best == null
        ? ''
        : `${formatNumber(facts.best)}${facts.best_step === null ? '' : ` at ${facts.best_step}`}`,
      sparkline((curves[i] ?? []).map((point) => point ?? Number.NaN)),
    ]),
  );
  const parted = metrics.map(({ metric, shared_steps, parts_at, parts_beyond_at }) => [
    printable(metric),
    String(shared_steps),
    ...[parts_at, parts_beyond_at].map((step) => (shared_steps === 0 ? '—' : step === null ? 'never' : `step ${step}`)),
  ]);
  return [
    {
      table: {
        columns: [left('metric'), left(''), right('first'), right('last'), right('best'), left('curve')],
        rows: values,
      },
    },
    {
      table: {
        columns: [
          left('where the curves part'),
          right('shared steps'),
          right('differ'),
          right(`by more than ${formatNumber(tolerance * 100)} %`),
        ],
        rows: parted,
      },
    },
  ];
}

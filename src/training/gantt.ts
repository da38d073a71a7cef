// Time spans as a Gantt chart: one HTML file with a drawing and a table.

import { element, type HtmlNode, htmlPage } from '../util/html.ts';
import type { Span } from './trace.ts';

const WIDTH = 1000;
/** Where the bars begin, behind the names. */
const LEFT = 270;
const TOP = 24;
const ROW = { height: 20, bar: 14 };
/** With more rows than this they are drawn thin. */
const MANY_ROWS = 60;
const THIN_ROW = { height: 6, bar: 4 };
const COLORS = 6;
/** Seconds that are told apart. */
const SHORTEST = 1e-9;
const NAME_HEIGHT = 14;
const LONGEST_NAME = 36;

interface Lane {
  name: string;
  /** Rows of spans that do not overlap. */
  rows: Span[][];
}

/** A lane a name, in the order in which the first of them began; spans of a name that overlap lie below one another. */
export function ganttHtml(title: string, spans: readonly Span[]): string {
  const lanes = lanesOf(spans);
  const end = Math.max(0, ...spans.map(({ wall_end }) => wall_end));
  const body = element('body', {}, [element('h1', {}, [title]), chart(lanes, end), totals(lanes, end)]);
  return htmlPage({ title, css: CSS, body });
}

function lanesOf(spans: readonly Span[]): Lane[] {
  const lanes = new Map<string, Lane>();
  for (const span of spans.toSorted((a, b) => a.wall_start - b.wall_start || a.wall_end - b.wall_end)) {
    const { name } = span;
    const lane = lanes.get(name) ?? { name, rows: [] };
    lanes.set(name, lane);
    const row = lane.rows.find((row) => row[row.length - 1].wall_end <= span.wall_start);
    if (row === undefined) lane.rows.push([span]);
    else row.push(span);
  }
  return [...lanes.values()];
}

function chart(lanes: readonly Lane[], end: number): HtmlNode {
  const count = lanes.reduce((sum, { rows }) => sum + rows.length, 0);
  const { height, bar } = count > MANY_ROWS ? THIN_ROW : ROW;
  const at = (seconds: number) => LEFT + (end === 0 ? 0 : (seconds / end) * (WIDTH - LEFT - 20));
  // However thin the rows are, names do not run into one another.
  const heights = lanes.map(({ rows }) => Math.max(rows.length * height, NAME_HEIGHT));
  const bottom = heights.reduce((sum, laneHeight) => sum + laneHeight, TOP);
  const marks: HtmlNode[] = ticks(end).flatMap((seconds) => [
    element('line', { class: 'tick', x1: px(at(seconds)), x2: px(at(seconds)), y1: px(TOP - 4), y2: px(bottom) }),
    element('text', { class: 'soft', x: px(at(seconds)), y: px(TOP - 9), 'text-anchor': 'middle' }, [
      `${Number(seconds.toPrecision(6))} s`,
    ]),
  ]);
  let y = TOP;
  for (const [index, { name, rows }] of lanes.entries()) {
    marks.push(
      element('text', { x: px(LEFT - 10), y: px(y + 12), 'text-anchor': 'end' }, [shortened(name), tip(name)]),
    );
    for (const [r, row] of rows.entries()) {
      for (const { wall_start, wall_end, duration } of row) {
        marks.push(
          element(
            'rect',
            {
              class: `c${index % COLORS}`,
              x: px(at(wall_start)),
              y: px(y + r * height + 2),
              width: px(Math.max(1, at(wall_end) - at(wall_start))),
              height: px(bar),
            },
            [tip(`${name}: ${duration.toFixed(3)} s, from ${wall_start.toFixed(3)} to ${wall_end.toFixed(3)}`)],
          ),
        );
      }
    }
    y += heights[index];
  }
  const size = {
    viewBox: `0 0 ${WIDTH} ${px(bottom + 8)}`,
    role: 'img',
    'aria-label': 'Gantt chart of the time spans below',
  };
  return element('svg', { xmlns: 'http://www.w3.org/2000/svg', ...size }, marks);
}

/** What a browser shows when the mouse rests there. */
const tip = (content: string): HtmlNode => element('title', {}, [content]);

const shortened = (name: string): string =>
  name.length <= LONGEST_NAME ? name : `${name.slice(0, LONGEST_NAME - 1)}…`;

const px = (value: number): string => String(Math.round(value * 100) / 100);

/** Five to ten round times from 0 to the end. */
function ticks(end: number): number[] {
  if (end < SHORTEST) return [0];
  const power = 10 ** Math.floor(Math.log10(end / 5));
  const step = power * ([1, 2, 5].find((factor) => end / (power * factor) <= 10) ?? 10);
  return Array.from({ length: Math.floor(end / step + 1e-9) + 1 }, (_, i) => i * step);
}

function totals(lanes: readonly Lane[], end: number): HtmlNode {
  const row = (cells: readonly string[], tag: 'td' | 'th' = 'td') =>
    element(
      'tr',
      {},
      cells.map((cell) => element(tag, {}, [cell])),
    );
  const rows = lanes.map(({ name, rows }) => {
    const durations = rows.flat().map(({ duration }) => duration);
    const total = durations.reduce((sum, duration) => sum + duration, 0);
    const share = end === 0 ? '' : `${((100 * total) / end).toFixed(1)} %`;
    return row([name, String(durations.length), total.toFixed(3), Math.max(...durations).toFixed(3), share]);
  });
  return element('table', {}, [
    element('thead', {}, [row(['span', 'count', 'seconds', 'longest', 'of the step'], 'th')]),
    element('tbody', {}, rows),
  ]);
}

const CSS = `
svg { width: 100%; height: auto; font: 12px system-ui, sans-serif; }
svg text { fill: var(--ink); } svg .soft { fill: var(--soft); } .tick { stroke: var(--line); }
.c0 { fill: #4c78a8; } .c1 { fill: #e0823d; } .c2 { fill: #4f9d69; } .c3 { fill: #c95d63; } .c4 { fill: #8a6fb0; } .c5 { fill: #6a9fb5; }
`;

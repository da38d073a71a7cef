// Charts the size of a word: the course of a metric, and a mean between the ends of its interval.

import { html } from 'hono/html';
import { formatNumber } from '../../format.ts';
import type { Ranked } from '../answer.ts';
import { type Html, NOTHING } from './pieces.ts';

const WIDTH = 96;
const HEIGHT = 22;
const PADDING = 3;

/** Between its own least and greatest value; gaps where it has none. */
export function sparkline(curve: readonly (number | null)[]): Html {
  const values = curve.map((value) => (value !== null && Number.isFinite(value) ? value : null));
  const known = values.filter((value) => value !== null);
  const [first] = known;
  const last = known.at(-1);
  if (first === undefined || last === undefined) return NOTHING;
  const [least, greatest] = [Math.min(...known), Math.max(...known)];
  const x = (i: number) => PADDING + (i / Math.max(1, values.length - 1)) * (WIDTH - 2 * PADDING);
  const y = (value: number) =>
    HEIGHT - PADDING - (greatest === least ? 0.5 : (value - least) / (greatest - least)) * (HEIGHT - 2 * PADDING);
  const end = values.findLastIndex((value) => value !== null);
  const points = values.flatMap((value, i) => (value === null ? [] : `${x(i).toFixed(1)},${y(value).toFixed(1)}`));
  return html`<svg class="spark" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" role="img"
 aria-label="from ${formatNumber(first)} to ${formatNumber(last)}"><polyline points="${points.join(' ')}"/><circle cx="${x(end).toFixed(1)}" cy="${y(last).toFixed(1)}" r="2.2"/></svg>`;
}

const RANGE = 180;
/** Values that differ by more than this factor are told apart on a logarithmic axis alone. */
const MANY_TIMES = 15;

export interface Scale {
  isLog: boolean;
  low: number;
  high: number;
}

/** Null where nothing tells the means apart. */
export function scaleOf(ranked: readonly Ranked[]): Scale | null {
  const ends = ranked.flatMap(({ mean, sd }) =>
    mean === null || !Number.isFinite(mean) ? [] : [mean, ...(sd === null ? [] : [mean - sd, mean + sd])],
  );
  const means = ranked.flatMap(({ mean }) => (mean === null || !Number.isFinite(mean) ? [] : mean));
  const [least, greatest] = [Math.min(...means), Math.max(...means)];
  if (means.length < 2 || least === greatest) return null;
  const isLog = least > 0 && greatest / least > MANY_TIMES;
  const low = isLog ? Math.min(...ends.filter((end) => end > least / 2)) : Math.min(...ends);
  return { isLog, low, high: Math.max(...ends) };
}

/** Where the mean lies among the others, with its interval as a line. */
export function intervalMark({ mean, interval, isBest }: Ranked, { isLog, low, high }: Scale): Html {
  if (mean === null || !Number.isFinite(mean)) return NOTHING;
  const along = (value: number) =>
    isLog ? Math.log(Math.max(value, low) / low) / Math.log(high / low) : (value - low) / (high - low);
  const x = (value: number) => (6 + Math.min(1, Math.max(0, along(value))) * (RANGE - 12)).toFixed(1);
  const line =
    interval === null ? NOTHING : html`<line x1="${x(interval.low)}" x2="${x(interval.high)}" y1="11" y2="11"/>`;
  const label = interval === null ? '' : `, interval ${formatNumber(interval.low)} to ${formatNumber(interval.high)}`;
  return html`<svg class="interval${isBest ? ' best' : ''}" viewBox="0 0 ${RANGE} ${HEIGHT}" width="${RANGE}" height="${HEIGHT}" role="img"
 aria-label="mean ${formatNumber(mean)}${label}"><line class="axis" x1="6" x2="${RANGE - 6}" y1="11" y2="11"/>${line}<circle cx="${x(mean)}" cy="11" r="${isBest ? 4.5 : 3.5}"/></svg>`;
}

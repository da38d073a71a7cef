// Values as people read them: numbers rounded, cells of a table padded to their width.

import type { JsonValue } from '../util/json.ts';
import { printable } from '../util/printable.ts';

/** Four significant digits; integers whole. */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'NaN' : value > 0 ? '∞' : '−∞';
  if (Number.isSafeInteger(value)) return String(value);
  const small = Math.abs(value) < 1e-3;
  return String(small ? Number(value.toPrecision(4)).toExponential() : Number(value.toPrecision(4)));
}

/** `1.943 ± 0.021`: the mean with four significant digits, the deviation with two. */
export function formatMean(mean: number | null, sd: number | null): string {
  if (mean === null) return '—';
  return sd === null ? formatNumber(mean) : `${formatNumber(mean)} ± ${formatNumber(Number(sd.toPrecision(2)))}`;
}

/** A value of a configuration, never rounded: two learning rates that differ must look different. */
export function formatExact(value: JsonValue): string {
  if (value === null) return '—';
  return printable(typeof value === 'string' ? value : JSON.stringify(value));
}

export function formatValue(value: JsonValue): string {
  return typeof value === 'number' ? formatNumber(value) : formatExact(value);
}

export function formatSeconds(seconds: number): string {
  if (seconds < 60) return `${formatNumber(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** Columns that a terminal gives to a text: two for East Asian wide characters and emoji, none for what combines. */
export function displayWidth(text: string): number {
  if (NARROW.test(text)) return text.length;
  let width = 0;
  for (const { segment } of SEGMENTER.segment(text)) width += WIDE.test(segment) ? 2 : 1;
  return width;
}

/** What nearly all cells are made of: no need to take them apart. */
const NARROW = /^[ -~─-█±—…★]*$/;
const SEGMENTER = new Intl.Segmenter('en', { granularity: 'grapheme' });
const WIDE =
  /^[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|^\p{Emoji_Presentation}/u;

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

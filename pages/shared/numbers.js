// Numbers, counts and times as pages show them.

/**
 * Four digits tell enough. What JSON has no number for is a text.
 * @param {unknown} value
 * @param {string} none what stands for no value
 */
export function numberText(value, none = '—') {
  if (value === null || value === undefined) return none;
  if (typeof value !== 'number') return exactText(value);
  if (Number.isSafeInteger(value)) return String(value);
  const short = Number(value.toPrecision(4));
  return Math.abs(value) < 1e-3 ? short.toExponential() : String(short);
}

/**
 * Every digit: two rates that differ look different.
 * @param {unknown} value
 */
export function exactText(value) {
  if (value === null || value === undefined) return '—';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/**
 * @param {number} count
 * @param {string} noun
 */
export function countText(count, noun) {
  return `${count.toLocaleString('en')} ${noun}${count === 1 ? '' : 's'}`;
}

/** @param {number | null} seconds */
export function secondsText(seconds) {
  if (seconds === null) return '—';
  if (seconds < 60) return `${numberText(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/**
 * How long ago, for people.
 * @param {string} time
 */
export function agoText(time, now = Date.now()) {
  const seconds = Math.round((now - Date.parse(time)) / 1000);
  if (!Number.isFinite(seconds)) return '';
  if (seconds < 90) return `${Math.max(0, seconds)} s ago`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min ago`;
  return seconds < 129_600 ? `${Math.round(seconds / 3600)} h ago` : `${Math.round(seconds / 86_400)} d ago`;
}

const NATURAL = new Intl.Collator('en', { numeric: true });

/**
 * `rank=4` comes before `rank=16`.
 * @param {string} a
 * @param {string} b
 */
export const byName = (a, b) => NATURAL.compare(a, b);

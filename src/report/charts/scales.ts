// Which scale suits the values of an axis of a chart.

const DECADES = 1.5;

/** Logarithmic where all values are positive and span more than one and a half decades. */
export function valueScale(values: readonly number[]): 'linear' | 'log' {
  const finite = values.filter(Number.isFinite);
  const least = finite.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
  const greatest = finite.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  return least > 0 && Math.log10(greatest / least) > DECADES ? 'log' : 'linear';
}

/** Evenly from first to last, at most so many: a sample that says the same each time. */
export function evenly<Item>(items: readonly Item[], most: number): Item[] {
  if (items.length <= most) return [...items];
  return Array.from({ length: most }, (_, i) => items[Math.round((i * (items.length - 1)) / (most - 1))]).filter(
    (item) => item !== undefined,
  );
}

/** `1e-4` and `3e6` where zeros would have to be counted. */
export const TICK_LABEL = [
  'datum.value !== 0 && (abs(datum.value) < 1e-3 || abs(datum.value) >= 1e5)',
  "? replace(format(datum.value, '~e'), 'e+', 'e')",
  ": format(datum.value, '~g')",
].join(' ');

/** Where an axis has its ticks: of a logarithmic one at 1, 3, 10, 30 and so on, or at 1, 2, 5, 10 where that would be too few. */
export function valueAxis(
  scale: 'linear' | 'log',
  values: readonly number[],
): { values: number[]; labelExpr: string } | { tickCount: number } {
  if (scale === 'linear') return { tickCount: 6 };
  const logs = values.filter((value) => value > 0).map(Math.log10);
  const first = Math.floor(logs.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY));
  const last = Math.ceil(logs.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY));
  const decades = Array.from({ length: last - first + 1 }, (_, i) => first + i);
  const steps = decades.length > 8 ? [1] : decades.length > 3 ? [1, 3] : [1, 2, 5];
  return {
    values: decades.flatMap((decade) => steps.map((step) => Number(`${step}e${decade}`))),
    labelExpr: TICK_LABEL,
  };
}

/** The unit in which a time reads best. @param most seconds */
export function timeUnit(most: number): { name: string; size: number } {
  if (most < 300) return { name: 'seconds', size: 1 };
  if (most < 3 * 3600) return { name: 'minutes', size: 60 };
  return most < 72 * 3600 ? { name: 'hours', size: 3600 } : { name: 'days', size: 86_400 };
}

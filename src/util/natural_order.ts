// The order of names that people expect: `rank=4` before `rank=16`.

const NATURAL = new Intl.Collator('en', { numeric: true });

/** Names that only look alike have an order too, so that it never hangs on where they stood before. */
export function compareNaturally(a: string, b: string): number {
  return NATURAL.compare(a, b) || (a < b ? -1 : a > b ? 1 : 0);
}

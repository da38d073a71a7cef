// The number that a reply ends with.

/** The last whole number of a text, as it is written without its thousands' commas and leading zeros; null without any. */
export function lastNumber(text: string): string | null {
  const number = text.replaceAll(',', '').match(/-?\d+/g)?.at(-1);
  return number === undefined ? null : String(BigInt(number));
}

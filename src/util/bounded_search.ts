// Regular expressions that come with data, on texts that a model has written: some take longer than the sun shines, and are given up.

import { createContext, Script } from 'node:vm';

const MOST_MS = 1000;

const given: { expression: RegExp; text: string } = { expression: /(?:)/, text: '' };
const context = createContext(given);
const SEARCH = new Script('[...text.matchAll(expression)].at(-1)?.slice(0, 2)');

/** What was found last; `late` where nobody knows what would be. */
export type Found = { whole: string; group: string | null } | 'nothing' | 'late';

/** @param expression with the flag g */
export function lastFound(expression: RegExp, text: string): Found {
  Object.assign(given, { expression, text });
  try {
    const found: unknown = SEARCH.runInContext(context, { timeout: MOST_MS });
    if (!Array.isArray(found)) return 'nothing';
    const [whole, group]: unknown[] = found;
    return { whole: String(whole), group: typeof group === 'string' ? group : null };
  } catch (error) {
    if (isLate(error)) return 'late';
    throw error;
  } finally {
    Object.assign(given, { text: '' });
  }
}

/** It may be an error of the other context, and so no instance of this one's. */
function isLate(error: unknown): boolean {
  return (
    typeof error === 'object' && error !== null && 'code' in error && error.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT'
  );
}

// Synchronous work that is ended after a while: patterns that come with a model can take for ever on the wrong text.

import { createContext, Script } from 'node:vm';

/** Characters that any pattern can do without taking long; those of a plain pattern may be more. */
const FEW_CHARACTERS = 24;
const FEW_FOR_PLAIN_PATTERNS = 2000;

/** How long a text may be before these patterns need a time limit. Patterns of the models in use are plain. */
export function lengthWithoutLimit(patterns: readonly string[]): number {
  if (patterns.length === 0) return Number.POSITIVE_INFINITY;
  return patterns.every(isPlain) ? FEW_FOR_PLAIN_PATTERNS : FEW_CHARACTERS;
}

/** No group is repeated, so that the time grows with no more than a small power of the text's length. */
function isPlain(pattern: string): boolean {
  const structure = pattern.replace(/\\p\{[^}]*\}|\\./gs, 'x').replace(/\[(?:\[:[^\]]*:\]|[^\]])*\]/g, 'x');
  if (/\)(?:[*+]|\{)/.test(structure)) return false;
  return structure.split('|').every((alternative) => (alternative.match(/[*+]|\{\d*,\}/g) ?? []).length <= 2);
}

/** The work was ended. */
export class TimeLimitError extends Error {}

const SCRIPT = new Script('work()');
const TIMEOUT = 'ERR_SCRIPT_EXECUTION_TIMEOUT';
const CONTEXT = createContext(Object.create(null));

/**
 * What `work` returns. V8 ends it, inside a regular expression too, once it has taken `limitMs`; where the process had less
 * than half of a processor meanwhile, it is tried again with more time. Throws a TimeLimitError. Costs about 70 µs.
 */
export function withTimeLimit<T>(work: () => T, limitMs: number): T {
  for (let timeout = Math.ceil(limitMs); ; timeout *= 2) {
    const results: T[] = [];
    CONTEXT.work = () => {
      results.push(work());
    };
    const before = process.cpuUsage();
    try {
      SCRIPT.runInContext(CONTEXT, { timeout });
      return results[0];
    } catch (error) {
      // The error is of the other context's Error.
      const isTimeout = typeof error === 'object' && error !== null && 'code' in error && error.code === TIMEOUT;
      if (!isTimeout) throw error;
      const { user, system } = process.cpuUsage(before);
      if ((user + system) / 1000 >= limitMs / 2) throw new TimeLimitError(`took more than ${limitMs} ms`);
    }
  }
}

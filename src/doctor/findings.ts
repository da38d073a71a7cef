// What the doctor finds: a check with its outcome, and whether all of them leave nothing to mend.

/**
 * - `fine`: as it should be.
 * - `found`: something is wrong.
 * - `noted`: worth knowing, and no fault by itself.
 * - `skipped`: there is nothing here to check.
 */
export type FindingState = 'fine' | 'found' | 'noted' | 'skipped';

export interface Finding {
  /** What was checked, such as `renderer/template`. */
  id: string;
  state: FindingState;
  /** What came of it, in one sentence. */
  message: string;
  /** What to do about it. */
  hint?: string;
  /** Lines that show it. */
  detail?: string[];
}

export const isSound = (findings: readonly Finding[]): boolean => findings.every(({ state }) => state !== 'found');

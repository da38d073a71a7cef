// What the doctor finds: a check with its outcome, and whether all of them leave nothing to mend.

import type { PlainRef } from '../registry/slot.ts';
import type { DepthRow, Divergence } from './depth.ts';

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

export interface DoctorReport {
  target: string;
  service: string;
  renderer: PlainRef;
  /** The divergence of sampler and trainer of all tokens, and by depth. */
  divergence: Divergence;
  depth: DepthRow[];
  findings: Finding[];
  sound: boolean;
}

export const isSound = (findings: readonly Finding[]): boolean => findings.every(({ state }) => state !== 'found');

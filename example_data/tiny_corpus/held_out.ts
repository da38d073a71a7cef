// The rule that keeps a tenth of all questions out of the corpus, so that evaluation asks what training never showed.

import { createHash } from 'node:crypto';

/** Whether the question of this key (kind, wording and arguments) is for evaluation only: about one in ten is. */
export function isHeldOut(key: string): boolean {
  return createHash('sha256').update(key).digest().readUInt32BE(0) % 10 === 0;
}

/** Whether a sum is for evaluation only, whatever its wording and the order of its numbers. */
export function isHeldOutSum(a: number, b: number): boolean {
  return isHeldOut(`sum ${Math.min(a, b)} ${Math.max(a, b)}`);
}

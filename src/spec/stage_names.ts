// The names of stages in paths that set a field.

import { closestNames, didYouMean } from '../registry/suggest.ts';
import type { SpecPath } from './types.ts';

/**
 * Why no field can be set in the stage that `path[depth]` names, where it names one that is not there: of a field alone no stage
 * can be made. Null for every other path.
 */
export function missingStage(path: SpecPath, depth: number, names: readonly string[]): string | null {
  const isStage = path[depth - 1] === 'stages' && (depth === 1 || (depth === 2 && path[0] === 'base'));
  const isField = isStage && path.length > depth + 1;
  if (!isField || names.length === 0) return null;
  const name = String(path[depth]);
  const known = names.map((each) => `"${each}"`).join(', ');
  return `there is no stage "${name}"${didYouMean(closestNames(name, names)) || `; there is ${known}`}`;
}

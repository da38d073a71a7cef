// "Did you mean": the known names nearest to one that is not known.

import { distance } from 'fastest-levenshtein';

/** Up to `limit` names that are an abbreviation, a part or a misspelling away, nearest first. */
export function closestNames(name: string, known: readonly string[], limit = 3): string[] {
  return known
    .map((candidate) => ({ candidate, edits: editsBetween(name.toLowerCase(), candidate.toLowerCase()) }))
    .filter(({ candidate, edits }) => edits <= tolerance(Math.max(name.length, candidate.length)))
    .sort((a, b) => a.edits - b.edits || (a.candidate < b.candidate ? -1 : 1))
    .slice(0, limit)
    .map(({ candidate }) => candidate);
}

/** The one of `given` that is `name` misspelt: the very same word but for a slip. `completion_A` is no slip for `completion_B`. */
export function misspelt(name: string, given: readonly string[]): string | undefined {
  const isSibling = (other: string) => other.length === name.length && other.slice(0, -1) === name.slice(0, -1);
  const isSlip = (other: string) =>
    other.charAt(0) === name.charAt(0) && !isSibling(other) && distance(name, other) <= (name.length < 5 ? 1 : 2);
  return given.find(isSlip);
}

/** The near names as a clause of a message; empty where nothing is near. */
export function didYouMean(near: readonly string[]): string {
  return near.length === 0 ? '' : `; did you mean ${near.map((name) => `"${name}"`).join(' or ')}?`;
}

function tolerance(length: number): number {
  return length < 4 ? 1 : Math.max(2, Math.floor(length / 3));
}

/**
 * Edits by letter; `lr` is one from `learning_rate`, `rank` from `lora_rank`, and `evaluator_builders`, as it is called in
 * the Python cookbook, from `evaluators`.
 */
function editsBetween(spelling: string, candidate: string): number {
  const name = spelling.replace(/_builders?$/, '');
  const words = candidate.split('_');
  const isInitials = words.length > 1 && words.map((word) => word.charAt(0)).join('') === name;
  const isPart = name.length > 2 && (words.includes(name) || candidate.startsWith(name));
  return isInitials || isPart || isSwapped(name, candidate) ? 1 : distance(name, candidate);
}

/** Whether two neighbouring letters have changed places, the commonest slip of short names. */
function isSwapped(name: string, candidate: string): boolean {
  const at = [...name].findIndex((letter, i) => letter !== candidate.charAt(i));
  const swapped = `${name.slice(0, at)}${name.charAt(at + 1)}${name.charAt(at)}${name.slice(at + 2)}`;
  return at !== -1 && name.length === candidate.length && swapped === candidate;
}

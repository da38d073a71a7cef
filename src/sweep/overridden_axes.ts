// Overrides that would change nothing, since every point of the sweep sets the field itself: refused, with both places.

import { COMMAND_LINE } from '../spec/diagnostics.ts';
import { parsePath, slashPath } from '../spec/path.ts';
import type { SpecDocument, SpecPath } from '../spec/types.ts';
import type { Diagnostic } from '../util/errors.ts';
import { isSweepOverride, type SweepFields } from './grammar.ts';
import { type Axis, fieldPath } from './space.ts';

/** What is said of each `key=value` argument for the base whose field an axis sets at every point. */
export function overriddenAxes(
  { seeds }: Pick<SweepFields, 'seeds'>,
  axes: readonly Axis[],
  document: SpecDocument,
  overrides: readonly string[],
): Diagnostic[] {
  const decided = [...axes.flatMap(alwaysSet), ...(seeds === null ? [] : [{ field: 'seed', at: ['seeds'] }])];
  return overrides.flatMap((argument) => {
    if (isSweepOverride(argument)) return [];
    const path = parsePath(argument.slice(0, argument.indexOf('='))) ?? [];
    const axis = decided.find(({ field }) => covers(parsePath(field) ?? [field], path));
    if (axis === undefined) return [];
    const { file, line } = document.placeOf(axis.at, 'key');
    const message = `every point of the sweep sets ${axis.field} itself (${slashPath(axis.at)}, ${file}:${line}): change it there`;
    return [
      { file: COMMAND_LINE, line: 1, column: 1, path: slashPath(path), message: `${message} (in "${argument}")` },
    ];
  });
}

/** The fields that all choices of an axis set, with the place of the first of them. */
function alwaysSet({ choices: [first = [], ...others] }: Axis): { field: string; at: SpecPath }[] {
  return first
    .filter(({ field }) => others.every((choice) => choice.some((assignment) => assignment.field === field)))
    .map((assignment) => ({ field: assignment.field, at: fieldPath(assignment) }));
}

function covers(set: SpecPath, path: SpecPath): boolean {
  return path.length >= set.length && set.every((segment, i) => segment === path[i]);
}

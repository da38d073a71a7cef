// Expansion, pure: a sweep's axes, cases, excluded and included points become the list of its configurations, in file order.

import { canonicalJson, type JsonValue } from '../json.ts';
import { closestNames } from '../registry/suggest.ts';
import type { Issue, SpecPath } from '../spec/types.ts';
import type { AxisLists, Case, FieldValues, Section, SweepSpec } from './grammar.ts';
import { slashPath } from '../spec/path.ts';
import { type Assignment, type Axis, type Configuration, product, type Search } from './space.ts';

export interface Expansion {
  configurations: readonly Configuration[];
  /** How many points of the space `exclude` took away, and how many `include` added. */
  excluded: number;
  included: number;
}

/** Says where a path of the sweep file stands, as seen from another: `line 7`, with the file when it is another one. */
export type Whereabouts = (path: SpecPath, from: SpecPath) => string;

/** More than anybody runs, and little enough to hold: what keeps a slip of the pen from filling the memory. */
const LARGEST_SPACE = 1_000_000;

/** The axes of a sweep in the order of the file, and what is wrong with them. */
export function axesOf(sweep: SweepSpec, whereabouts: Whereabouts): { axes: Axis[]; issues: Issue[] } {
  const issues: Issue[] = [];
  const axes = axesIn(sweep, [], issues, whereabouts);
  issues.push(...repeatedFields(axes, whereabouts), ...misplacedFields(axes.flatMap(({ choices }) => choices)));
  const size = sizeOf(axes);
  if (size > LARGEST_SPACE) {
    const factors = axes.map(({ choices }) => choices.length).join(' × ');
    issues.push(issue([], `${factors} = ${size} points are more than can be expanded (${LARGEST_SPACE})`));
  }
  return { axes, issues };
}

/** The configurations that a search chooses, less those that are excluded, then those that are included. */
export function expand(
  sweep: SweepSpec,
  axes: readonly Axis[],
  search: Search,
): { expansion: Expansion; issues: Issue[] } {
  const included = sweep.include.map((values, i) => assignments(values, ['include', i]));
  // Without an axis the one point of the space is the base itself, which a list of explicit points does not ask for.
  const chosen = axes.length === 0 && included.length > 0 ? [] : [...search.configurations(axes)];
  const { kept, issues } = exclude(sweep.exclude, axes, chosen);
  issues.push(...misplacedFields(included));
  const configurations = [...kept, ...included];
  if (configurations.length === 0 && issues.length === 0) {
    issues.push(issue(['exclude'], 'every point is excluded, so there is nothing to run', 'key'));
  }
  return {
    expansion: { configurations, excluded: chosen.length - kept.length, included: included.length },
    issues,
  };
}

function sizeOf(axes: readonly Axis[]): number {
  return axes.reduce((size, { choices }) => size * choices.length, 1);
}

/** The axes of a sweep or of one of its cases. */
function axesIn(
  { order, grid, zip, cases }: Axes,
  at: SpecPath,
  issues: Issue[],
  whereabouts: Whereabouts,
): Axis[] {
  const sections: Record<Section, () => Axis[]> = {
    grid: () => Object.entries(grid).map(([field, values]) => gridAxis(field, values, [...at, 'grid', field])),
    zip: () =>
      Object.entries(zip).map(([name, lists]) => {
        const path = [...at, 'zip', name];
        issues.push(...unequalLengths(lists, path, whereabouts));
        return zipAxis(name, lists, path);
      }),
    cases: () => (cases.length === 0 ? [] : [casesAxis(cases, [...at, 'cases'], issues, whereabouts)]),
  };
  return order.flatMap((section) => sections[section]());
}

function gridAxis(field: string, values: readonly JsonValue[], path: SpecPath): Axis {
  return { label: field, choices: values.map((value, i) => [{ field, value, source: [...path, i] }]) };
}

function zipAxis(name: string, lists: AxisLists, path: SpecPath): Axis {
  const fields = Object.entries(lists);
  const length = Math.min(...fields.map(([, values]) => values.length));
  return {
    label: name,
    choices: Array.from({ length }, (_, i) =>
      fields.flatMap(([field, values]) => {
        const value = values[i];
        return value === undefined ? [] : [{ field, value, source: [...path, field, i] }];
      }),
    ),
  };
}

/** The union of the cases as one axis: each case is what it sets, times its own axes. */
function casesAxis(cases: readonly Case[], path: SpecPath, issues: Issue[], whereabouts: Whereabouts): Axis {
  const choices = cases.flatMap(({ set, ...axes }, i) => {
    const at = [...path, i];
    const own = axesIn(axes, at, issues, whereabouts);
    const fixed: Axis = { label: 'set', choices: [assignments(set, [...at, 'set'])] };
    issues.push(...repeatedFields([fixed, ...own], whereabouts));
    return [...product([fixed, ...own])];
  });
  return { label: 'cases', choices };
}

function assignments(values: FieldValues, at: SpecPath): Configuration {
  return Object.entries(values).map(([field, value]) => ({ field, value, source: [...at, field] }));
}

/** The fields of a zip group advance together, so its lists have one length: that of the first. */
function unequalLengths(lists: AxisLists, path: SpecPath, whereabouts: Whereabouts): Issue[] {
  const [first, ...others] = Object.entries(lists);
  if (first === undefined) return [];
  const [firstField, { length }] = first;
  return others
    .filter(([, values]) => values.length !== length)
    .map(([field, values]) => {
      const at = [...path, field];
      const where = whereabouts([...path, firstField], at);
      return issue(at, `has ${values.length} values, but ${firstField} (${where}) has ${length}; they advance together`, 'key');
    });
}

/** A field that two axes set would take its value from whichever comes last. */
function repeatedFields(axes: readonly Axis[], whereabouts: Whereabouts): Issue[] {
  const owners = new Map<string, { axis: Axis; path: SpecPath }>();
  const issues: Issue[] = [];
  for (const axis of axes) {
    for (const [field, path] of new Map(axis.choices.flat().map((it) => [it.field, fieldPath(it)]))) {
      const owner = owners.get(field);
      if (owner === undefined) owners.set(field, { axis, path });
      else issues.push(issue(path, `is set by ${slashPath(owner.path)} (${whereabouts(owner.path, path)}) already`, 'key'));
    }
  }
  return issues;
}

/** Fields of a run spec that are no matter of one run. */
const NOT_OF_A_RUN: Record<string, string> = {
  seed: 'replicates are no axis: write "seeds: 3" or "seeds: [7, 8]", and every table aggregates over them',
  plugins: 'plugins are loaded once for all runs: list all of them under "plugins"',
  extends: '"extends" is read before a sweep sets anything: name the fields that differ',
};

function misplacedFields(configurations: readonly Configuration[]): Issue[] {
  const paths = new Map(configurations.flat().map((it) => [slashPath(fieldPath(it)), it]));
  return [...paths.values()].flatMap((it) => {
    const message = NOT_OF_A_RUN[it.field];
    return message === undefined ? [] : [issue(fieldPath(it), message, 'key')];
  });
}

/** Takes away the configurations that have all values of a pattern. Every pattern must take away something. */
function exclude(
  patterns: readonly FieldValues[],
  axes: readonly Axis[],
  configurations: readonly Configuration[],
): { kept: readonly Configuration[]; issues: Issue[] } {
  const fields = [...new Set(axes.flatMap(({ choices }) => choices.flat().map(({ field }) => field)))];
  const issues: Issue[] = [];
  const excluded = new Set<Configuration>();
  patterns.forEach((pattern, i) => {
    const path = ['exclude', i];
    const unknown = Object.keys(pattern).filter((field) => !fields.includes(field));
    issues.push(...unknown.map((field) => issue([...path, field], noAxis(field, fields), 'key')));
    if (unknown.length > 0) return;
    const matches = matcher(pattern, axes);
    const matched = configurations.filter(matches);
    if (matched.length === 0) issues.push(issue(path, 'matches no point of this sweep'));
    for (const configuration of matched) excluded.add(configuration);
  });
  return { kept: configurations.filter((configuration) => !excluded.has(configuration)), issues };
}

/** Values are compared once an axis rather than once a point: the points share the assignments of their axes. */
function matcher(pattern: FieldValues, axes: readonly Axis[]): (configuration: Configuration) => boolean {
  const wanted = new Map(Object.entries(pattern).map(([field, value]) => [field, canonicalJson(value)]));
  const hits = new Set(
    axes.flatMap(({ choices }) => choices.flat()).filter(({ field, value }) => canonicalJson(value) === wanted.get(field)),
  );
  return (configuration) => configuration.filter((assignment) => hits.has(assignment)).length === wanted.size;
}

function noAxis(field: string, fields: readonly string[]): string {
  const near = closestNames(field, fields);
  const names = (list: readonly string[]) => list.map((name) => `"${name}"`).join(near.length > 0 ? ' or ' : ', ');
  if (near.length > 0) return `is no axis of this sweep; did you mean ${names(near)}?`;
  return `is no axis of this sweep; ${fields.length > 0 ? `its axes are ${names(fields)}` : 'it has none'}`;
}

/** The path of the field's name, where `source` is that of its value. */
function fieldPath({ field, source }: Assignment): SpecPath {
  return source.slice(0, source.lastIndexOf(field) + 1);
}

function issue(path: SpecPath, message: string, part: Issue['part'] = 'value'): Issue {
  return { path, part, message };
}

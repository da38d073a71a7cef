// Expansion, pure: a sweep's axes, cases, excluded and included points become the list of its configurations, in file order.

import { closestNames, didYouMean } from '../registry/suggest.ts';
import { parsePath, slashPath } from '../spec/path.ts';
import type { Issue, SpecDocument, SpecPath } from '../spec/types.ts';
import { canonicalJson } from '../util/json.ts';
import { assignments, readAxes, settable, type WrittenAxis } from './axes.ts';
import type { FieldValues, SweepFields } from './grammar.ts';
import { type Axis, type Configuration, fieldPath, product } from './space.ts';

export interface Expansion {
  configurations: readonly Configuration[];
  /** How many points of the space `exclude` took away, and how many `include` added. */
  excluded: number;
  included: number;
}

/** More than anybody runs, and little enough to hold: what keeps a slip of the pen from filling the memory. */
const LARGEST_SPACE = 1_000_000;

/** The axes of a grid in the order of the file, and what is wrong with them. */
export function axesOf(fields: SweepFields, document: SpecDocument): { axes: Axis[]; issues: Issue[] } {
  const { axes: written, issues } = readAxes(fields, document);
  const axes = written.map((axis) => gridAxis(axis, issues));
  issues.push(...misplacedFields(written.flatMap(settable)));
  const size = axes.reduce((product, { choices }) => product * choices.length, 1);
  if (size > LARGEST_SPACE) {
    const factors = axes.map(({ choices }) => choices.length).join(' × ');
    issues.push(issue(['grid'], `${factors} = ${size} points are more than can be expanded (${LARGEST_SPACE})`, 'key'));
  }
  return { axes, issues };
}

function gridAxis(axis: WrittenAxis, issues: Issue[]): Axis {
  switch (axis.kind) {
    case 'values':
      return { label: axis.name, choices: axis.choices };
    case 'range':
      issues.push(issue(axis.any.source, ENDLESS));
      return { label: axis.any.field, choices: [] };
    case 'cases': {
      // Their union: each is what it sets, times its own axes.
      const choices = axis.cases.flatMap(({ set, axes }) => [
        ...product([{ label: 'set', choices: [set] }, ...axes.map((own) => gridAxis(own, issues))]),
      ]);
      return { label: 'cases', choices };
    }
  }
}

/** All combinations of the axes, less those that are excluded, then those that are included. */
export function expand(fields: SweepFields, axes: readonly Axis[]): { expansion: Expansion; issues: Issue[] } {
  const included = fields.include.map((values, i) => assignments(values, ['include', i]));
  // Without an axis the one point of the space is the base itself, which a list of explicit points does not ask for.
  const chosen = axes.length === 0 && included.length > 0 ? [] : [...product(axes)];
  const { kept, issues } = exclude(fields.exclude, axes, chosen);
  issues.push(...misplacedFields(included.flat()));
  const configurations = [...kept, ...included];
  if (configurations.length === 0 && issues.length === 0) {
    issues.push(issue(['exclude'], 'every point is excluded, so there is nothing to run', 'key'));
  }
  return {
    expansion: { configurations, excluded: chosen.length - kept.length, included: included.length },
    issues,
  };
}

const ENDLESS =
  'a range has no end of values for a grid to run: list them, or set a search that draws, as search: tpe or search: random, with max_runs';

/** Fields of a run spec that are no matter of one run. */
const NOT_OF_A_RUN: Record<string, string> = {
  seed: 'replicates are no axis: write "seeds: 3" or "seeds: [7, 8]", and every table aggregates over them',
  log_path: 'the runs of a sweep lie under its own "log_path", each in a directory that is named for its point',
  plugins: 'plugins are loaded once for all runs: list all of them under "plugins"',
  extends: '"extends" is read before a sweep sets anything: name the fields that differ',
};

const NO_PATH = 'expected the name of a field, or a path to one like dataset.batch_size';

export function misplacedFields(assigned: Configuration): Issue[] {
  const paths = new Map(assigned.map((it) => [slashPath(fieldPath(it)), it]));
  return [...paths.values()].flatMap((it) => {
    const known = Object.hasOwn(NOT_OF_A_RUN, it.field) ? NOT_OF_A_RUN[it.field] : undefined;
    const message = known ?? (parsePath(it.field) === null ? NO_PATH : undefined);
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
    axes
      .flatMap(({ choices }) => choices.flat())
      .filter(({ field, value }) => canonicalJson(value) === wanted.get(field)),
  );
  return (configuration) => configuration.filter((assignment) => hits.has(assignment)).length === wanted.size;
}

function noAxis(field: string, fields: readonly string[]): string {
  const near = didYouMean(closestNames(field, fields));
  if (near !== '') return `is no axis of this sweep${near}`;
  const names = fields.map((name) => `"${name}"`).join(', ');
  return `is no axis of this sweep; ${names === '' ? 'it has none' : `its axes are ${names}`}`;
}

function issue(path: SpecPath, message: string, part: Issue['part'] = 'value'): Issue {
  return { path, part, message };
}

// Expansion, pure: a sweep's axes, cases, excluded and included points become the list of its configurations, in file order.

import { closestNames, didYouMean } from '../registry/suggest.ts';
import { parsePath, slashPath, valueAt } from '../spec/path.ts';
import type { Issue, SpecDocument, SpecPath } from '../spec/types.ts';
import { canonicalJson } from '../util/json.ts';
import { type AxisLists, type FieldValues, type Section, type SweepFields, sectionsOf } from './grammar.ts';
import { type Axis, type Configuration, fieldPath, product } from './space.ts';
import { choicesIn, distributionIn } from './study/distributions.ts';

export interface Expansion {
  configurations: readonly Configuration[];
  /** How many points of the space `exclude` took away, and how many `include` added. */
  excluded: number;
  included: number;
}

/** More than anybody runs, and little enough to hold: what keeps a slip of the pen from filling the memory. */
const LARGEST_SPACE = 1_000_000;

/** The axes of a sweep in the order of the file, and what is wrong with them. */
export function axesOf(fields: SweepFields, document: SpecDocument): { axes: Axis[]; issues: Issue[] } {
  const reading = new AxisReading(document);
  const axes = reading.axes(fields, []);
  reading.refuseRepeated(axes);
  const issues = [...reading.issues, ...misplacedFields(axes.flatMap(({ choices }) => choices))];
  const size = axes.reduce((product, { choices }) => product * choices.length, 1);
  if (size > LARGEST_SPACE) {
    const factors = axes.map(({ choices }) => choices.length).join(' × ');
    issues.push(issue(['grid'], `${factors} = ${size} points are more than can be expanded (${LARGEST_SPACE})`, 'key'));
  }
  return { axes, issues };
}

/** All combinations of the axes, less those that are excluded, then those that are included. */
export function expand(fields: SweepFields, axes: readonly Axis[]): { expansion: Expansion; issues: Issue[] } {
  const included = fields.include.map((values, i) => assignments(values, ['include', i]));
  // Without an axis the one point of the space is the base itself, which a list of explicit points does not ask for.
  const chosen = axes.length === 0 && included.length > 0 ? [] : [...product(axes)];
  const { kept, issues } = exclude(fields.exclude, axes, chosen);
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

type Axes = Pick<SweepFields, 'grid' | 'zip'> & Partial<Pick<SweepFields, 'cases'>>;

/** Reads axes from the parts of a sweep that hold them, and collects what is wrong. */
class AxisReading {
  readonly issues: Issue[] = [];
  readonly #document: SpecDocument;

  constructor(document: SpecDocument) {
    this.#document = document;
  }

  /** The axes of a sweep or of one of its cases, which stands at `at`. */
  axes({ grid, zip, cases = [] }: Axes, at: SpecPath): Axis[] {
    const read: Record<Section, () => Axis[]> = {
      grid: () => Object.entries(grid).map(([field, values]) => this.#grid(field, values, [...at, 'grid', field])),
      zip: () => Object.entries(zip).map(([name, lists]) => this.#zip(name, lists, [...at, 'zip', name])),
      cases: () => (cases.length === 0 ? [] : [this.#cases(cases)]),
    };
    return sectionsOf(valueAt(this.#document.value, at)).flatMap((section) => read[section]());
  }

  #grid(field: string, axis: SweepFields['grid'][string], path: SpecPath): Axis {
    const values = Array.isArray(axis) ? axis : choicesIn(axis);
    if (values === null) {
      const distribution = distributionIn(field, axis);
      this.issues.push(issue(path, typeof distribution === 'string' ? distribution : ENDLESS));
      return { label: field, choices: [] };
    }
    const at = Array.isArray(axis) ? path : [...path, 'choice'];
    return { label: field, choices: values.map((value, i) => [{ field, value, source: [...at, i] }]) };
  }

  /** The lists have one length, that of the first. */
  #zip(name: string, lists: AxisLists, path: SpecPath): Axis {
    const [first, ...others] = Object.entries(lists);
    if (first === undefined) {
      this.#report(path, 'a zip group needs at least one field');
      return { label: name, choices: [] };
    }
    const [firstField, firstValues] = first;
    for (const [field, { length }] of others) {
      if (length === firstValues.length) continue;
      const where = this.#where([...path, firstField], [...path, field]);
      const message = `has ${length} values and ${firstField} (${where}) has ${firstValues.length}; fields of a zip group advance together`;
      this.#report([...path, field], message);
    }
    const choices = firstValues.map((_, i) =>
      Object.entries(lists).flatMap(([field, values]) => {
        const value = values[i];
        return value === undefined ? [] : [{ field, value, source: [...path, field, i] }];
      }),
    );
    return { label: name, choices };
  }

  /** The union of the cases: each is what it sets, times its own axes. */
  #cases(cases: SweepFields['cases']): Axis {
    const choices = cases.flatMap(({ set, ...axes }, i) => {
      const at = ['cases', i];
      const fixed: Axis = { label: 'set', choices: [assignments(set, [...at, 'set'])] };
      const all = [fixed, ...this.axes(axes, at)];
      this.refuseRepeated(all);
      return [...product(all)];
    });
    return { label: 'cases', choices };
  }

  /** A field that two axes set would take its value from whichever comes last. */
  refuseRepeated(axes: readonly Axis[]): void {
    const owners = new Map<string, SpecPath>();
    for (const axis of axes) {
      const own = new Map(axis.choices.flat().map((assignment) => [assignment.field, fieldPath(assignment)]));
      for (const [field, path] of own) {
        const owner = owners.get(field);
        if (owner === undefined) owners.set(field, path);
        else this.#report(path, `is set by ${slashPath(owner)} (${this.#where(owner, path)}) already`);
      }
    }
  }

  /** The line of a path, with its file when it is another one than that of `from`. */
  #where(path: SpecPath, from: SpecPath): string {
    const place = this.#document.placeOf(path, 'key');
    const sameFile = place.file === this.#document.placeOf(from, 'key').file;
    return sameFile ? `line ${place.line}` : `${place.file}:${place.line}`;
  }

  #report(path: SpecPath, message: string): void {
    this.issues.push(issue(path, message, 'key'));
  }
}

const ENDLESS =
  'a range has no end of values for a grid to run: list them, or set a search that draws, as search: tpe or search: random, with max_runs';

function assignments(values: FieldValues, at: SpecPath): Configuration {
  return Object.entries(values).map(([field, value]) => ({ field, value, source: [...at, field] }));
}

/** Fields of a run spec that are no matter of one run. */
const NOT_OF_A_RUN: Record<string, string> = {
  seed: 'replicates are no axis: write "seeds: 3" or "seeds: [7, 8]", and every table aggregates over them',
  log_path: 'the runs of a sweep lie under its own "log_path", each in a directory that is named for its point',
  plugins: 'plugins are loaded once for all runs: list all of them under "plugins"',
  extends: '"extends" is read before a sweep sets anything: name the fields that differ',
};

const NO_PATH = 'expected the name of a field, or a path to one like dataset.batch_size';

export function misplacedFields(configurations: readonly Configuration[]): Issue[] {
  const paths = new Map(configurations.flat().map((it) => [slashPath(fieldPath(it)), it]));
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

// The axes of a sweep as its file has them, in its order: one reading for grids, which take every combination, and for searches, which draw.

import { slashPath, valueAt } from '../spec/path.ts';
import type { Issue, SpecDocument, SpecPath } from '../spec/types.ts';
import type { JsonValue } from '../util/json.ts';
import { type AxisLists, type FieldValues, type Section, type SweepFields, sectionsOf } from './grammar.ts';
import { type Assignment, type Configuration, fieldPath } from './space.ts';
import { choicesIn, drawnValue, type Range, rangeIn } from './study/distributions.ts';

export type WrittenAxis =
  | { kind: 'values'; section: 'grid' | 'zip'; name: string; choices: readonly Configuration[] }
  /** `any`: a value of it that stands for all. */
  | { kind: 'range'; range: Range; any: Assignment }
  | { kind: 'cases'; cases: readonly { set: Configuration; axes: readonly WrittenAxis[] }[] };

/** What is wrong with the axes is told besides; an axis that cannot be read has no choices. */
export function readAxes(fields: SweepFields, document: SpecDocument): { axes: WrittenAxis[]; issues: Issue[] } {
  const reading = new AxisReading(document);
  const axes = reading.axes(fields, []);
  reading.refuseRepeated(axes.map(settable));
  return { axes, issues: reading.issues };
}

/** All that an axis may set; of a range one value. */
export function settable(axis: WrittenAxis): Configuration {
  switch (axis.kind) {
    case 'values':
      return axis.choices.flat();
    case 'range':
      return [axis.any];
    case 'cases':
      return axis.cases.flatMap(({ set, axes }) => [...set, ...axes.flatMap(settable)]);
  }
}

export function assignments(values: FieldValues, at: SpecPath): Configuration {
  return Object.entries(values).map(([field, value]) => ({ field, value, source: [...at, field] }));
}

type Axes = Pick<SweepFields, 'grid' | 'zip'> & Partial<Pick<SweepFields, 'cases'>>;

class AxisReading {
  readonly issues: Issue[] = [];
  readonly #document: SpecDocument;

  constructor(document: SpecDocument) {
    this.#document = document;
  }

  /** The axes of a sweep or of one of its cases, which stands at `at`. */
  axes({ grid, zip, cases = [] }: Axes, at: SpecPath): WrittenAxis[] {
    const read: Record<Section, () => WrittenAxis[]> = {
      grid: () => Object.entries(grid).map(([field, axis]) => this.#grid(field, axis, [...at, 'grid', field])),
      zip: () => Object.entries(zip).map(([name, lists]) => this.#zip(name, lists, [...at, 'zip', name])),
      cases: () => (cases.length === 0 ? [] : [this.#cases(cases)]),
    };
    return sectionsOf(valueAt(this.#document.value, at)).flatMap((section) => read[section]());
  }

  #grid(field: string, axis: JsonValue, path: SpecPath): WrittenAxis {
    const values = Array.isArray(axis) ? axis : choicesIn(axis);
    if (values !== null) {
      const at = Array.isArray(axis) ? path : [...path, 'choice'];
      const choices = values.map((value, i) => [{ field, value, source: [...at, i] }]);
      return { kind: 'values', section: 'grid', name: field, choices };
    }
    const range = rangeIn(field, axis);
    if (typeof range === 'string') {
      this.#report(path, range, 'value');
      return { kind: 'values', section: 'grid', name: field, choices: [] };
    }
    const value = drawnValue(range, range.kind === 'normal' ? range.mean : range.low);
    return { kind: 'range', range, any: { field, value, source: path } };
  }

  /** The lists have one length, that of the first. */
  #zip(name: string, lists: AxisLists, path: SpecPath): WrittenAxis {
    const [first, ...others] = Object.entries(lists);
    if (first === undefined) {
      this.#report(path, 'a zip group needs at least one field');
      return { kind: 'values', section: 'zip', name, choices: [] };
    }
    const [firstField, firstValues] = first;
    for (const [field, { length }] of others) {
      if (length === firstValues.length) continue;
      const where = this.#where([...path, firstField], [...path, field]);
      const message = `has ${length} values and ${firstField} (${where}) has ${firstValues.length}; fields of a zip group advance together`;
      this.#report([...path, field], message);
    }
    const choices = firstValues.map((_, i) =>
      Object.entries(lists).flatMap(([field, values]): Assignment[] => {
        const value = values[i];
        return value === undefined ? [] : [{ field, value, source: [...path, field, i] }];
      }),
    );
    return { kind: 'values', section: 'zip', name, choices };
  }

  #cases(cases: SweepFields['cases']): WrittenAxis {
    return {
      kind: 'cases',
      cases: cases.map(({ set: given, ...sections }, i) => {
        const at = ['cases', i];
        const set = assignments(given, [...at, 'set']);
        const axes = this.axes(sections, at);
        this.refuseRepeated([set, ...axes.map(settable)]);
        return { set, axes };
      }),
    };
  }

  /** A field that two axes set at one point would take its value from whichever comes last. @param set what each may set */
  refuseRepeated(set: readonly Configuration[]): void {
    const owners = new Map<string, SpecPath>();
    for (const assigned of set) {
      const own = new Map(assigned.map((assignment) => [assignment.field, fieldPath(assignment)]));
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

  #report(path: SpecPath, message: string, part: Issue['part'] = 'key'): void {
    this.issues.push({ path, part, message });
  }
}

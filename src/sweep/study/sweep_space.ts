// The axes of a sweep that asks for its points: as a space for a search to draw from, and from what it draws back to fields and values.

import { valueAt } from '../../spec/path.ts';
import type { Issue, SpecDocument, SpecPath } from '../../spec/types.ts';
import type { Distribution, Parameter, Point, Space } from '../../study/types.ts';
import type { JsonValue } from '../../util/json.ts';
import { type AxisLists, type Section, type SweepFields, sectionsOf } from '../grammar.ts';
import type { Assignment, Configuration } from '../space.ts';
import { choicesIn, distributionIn, drawnValue } from './distributions.ts';

export interface SweepSpace {
  space: Space;
  /** All fields that any point sets. */
  fields: readonly string[];
  /** What a point sets, in the order of the file. */
  configurationOf(point: Point): Configuration;
}

/** One axis: what the search draws for it, the fields that it sets, and what a draw sets. */
interface Factor {
  parameter: Parameter;
  fields: readonly string[];
  assign(drawn: number): Configuration;
}

type Axes = Pick<SweepFields, 'grid' | 'zip'> & Partial<Pick<SweepFields, 'cases'>>;

/** The space of a sweep, and what is wrong with its axes. */
export function sweepSpace(fields: SweepFields, document: SpecDocument): SweepSpace & { issues: Issue[] } {
  const reading = new SpaceReading(document);
  reading.axes(fields, [], '', null);
  for (const section of ['include', 'exclude'] as const) {
    if (fields[section].length > 0) reading.report([section], `is for a grid: a search draws its points itself`);
  }
  const { factors, issues } = reading;
  if (factors.length === 0 && issues.length === 0)
    reading.report(['search'], 'there is no axis to search over: name one under "grid"');
  return {
    space: factors.map(({ parameter }) => parameter),
    fields: [...new Set(factors.flatMap(({ fields }) => fields))],
    configurationOf: (point) =>
      factors.flatMap(({ parameter, assign }) => {
        const drawn = point[parameter.name];
        return drawn === undefined ? [] : assign(drawn);
      }),
    issues,
  };
}

class SpaceReading {
  readonly factors: Factor[] = [];
  readonly issues: Issue[] = [];
  readonly #document: SpecDocument;

  constructor(document: SpecDocument) {
    this.#document = document;
  }

  /** The axes of a sweep, or of one of its cases. @param prefix of their parameters' names */
  axes({ grid, zip, cases = [] }: Axes, at: SpecPath, prefix: string, when: Parameter['when']): void {
    const read: Record<Section, () => void> = {
      grid: () => {
        for (const [field, axis] of Object.entries(grid)) this.#grid(field, axis, [...at, 'grid', field], prefix, when);
      },
      zip: () => {
        for (const [name, lists] of Object.entries(zip)) this.#zip(name, lists, [...at, 'zip', name], prefix, when);
      },
      cases: () => {
        if (cases.length > 0) this.#cases(cases);
      },
    };
    for (const section of sectionsOf(valueAt(this.#document.value, at))) read[section]();
  }

  #grid(field: string, axis: JsonValue, source: SpecPath, prefix: string, when: Parameter['when']): void {
    const values = Array.isArray(axis) ? axis : choicesIn(axis);
    if (values !== null) {
      const at = Array.isArray(axis) ? source : [...source, 'choice'];
      this.#add(
        { kind: 'choice', size: values.length },
        { name: prefix + field, when },
        values.map((value, i) => [{ field, value, source: [...at, i] }]),
      );
      return;
    }
    const distribution = distributionIn(field, axis);
    if (typeof distribution === 'string') this.report(source, distribution, 'value');
    else if (distribution.kind !== 'choice') {
      this.factors.push({
        parameter: { name: prefix + field, distribution, when },
        fields: [field],
        assign: (drawn) => [{ field, value: drawnValue(distribution, drawn), source }],
      });
    }
  }

  #zip(name: string, lists: AxisLists, source: SpecPath, prefix: string, when: Parameter['when']): void {
    const length = Math.max(0, ...Object.values(lists).map((values) => values.length));
    const choices = Array.from({ length }, (_, i) =>
      Object.entries(lists).flatMap(([field, values]): Assignment[] => {
        const value = values[i];
        return value === undefined ? [] : [{ field, value, source: [...source, field, i] }];
      }),
    );
    if (choices.some((choice) => choice.length !== Object.keys(lists).length) || length === 0) {
      this.report(source, 'fields of a zip group advance together: give all of them as many values');
    } else this.#add({ kind: 'choice', size: length }, { name: prefix + name, when }, choices);
  }

  /** Each case is a choice, and its own axes are there only with it. */
  #cases(cases: SweepFields['cases']): void {
    const fixed = cases.map(({ set }, i) =>
      Object.entries(set).map(([field, value]): Assignment => ({ field, value, source: ['cases', i, 'set', field] })),
    );
    this.#add({ kind: 'choice', size: cases.length }, { name: 'cases', when: null }, fixed);
    for (const [i, axes] of cases.entries()) {
      this.axes(axes, ['cases', i], `cases.${i}.`, { parameter: 'cases', choice: i });
    }
  }

  #add(
    distribution: Distribution,
    { name, when }: Pick<Parameter, 'name' | 'when'>,
    choices: readonly Configuration[],
  ): void {
    const fields = choices.flatMap((choice) => choice.map(({ field }) => field));
    this.factors.push({ parameter: { name, distribution, when }, fields, assign: (drawn) => choices[drawn] ?? [] });
  }

  report(path: SpecPath, message: string, part: Issue['part'] = 'key'): void {
    this.issues.push({ path, part, message });
  }
}

// The axes of a sweep that asks for its points: as a space for a search to draw from, and from what it draws back to fields and values.

import { slashPath, valueAt } from '../../spec/path.ts';
import type { Issue, SpecDocument, SpecPath } from '../../spec/types.ts';
import type { Distribution, Parameter, Point, Space } from '../../study/types.ts';
import type { JsonValue } from '../../util/json.ts';
import { misplacedFields } from '../expand.ts';
import { type AxisLists, type Section, type SweepFields, sectionsOf } from '../grammar.ts';
import { type Assignment, type Axis, type Configuration, fieldPath } from '../space.ts';
import { choicesIn, distributionIn, drawnValue } from './distributions.ts';

export interface SweepSpace {
  space: Space;
  /** By parameter what it may set; of a range one value. */
  axes: readonly Axis[];
  /** Those of them that every point has. */
  unconditional: readonly Axis[];
  /** What a point sets, in the order of the file. */
  configurationOf(point: Point): Configuration;
}

/** One axis: what the search draws for it, and what a draw sets. */
interface Factor {
  parameter: Parameter;
  /** All that it may set; of a range one value. */
  choices: readonly Configuration[];
  assign(drawn: number): Configuration;
}

const CASES = 'cases';

type Axes = Pick<SweepFields, 'grid' | 'zip'> & Partial<Pick<SweepFields, 'cases'>>;

/** The space of a sweep, and what is wrong with its axes. */
export function sweepSpace(fields: SweepFields, document: SpecDocument): SweepSpace & { issues: Issue[] } {
  const reading = new SpaceReading(document);
  reading.axes(fields, [], '', null);
  for (const section of ['include', 'exclude'] as const) {
    if (fields[section].length > 0) reading.report([section], `is for a grid: a search draws its points itself`);
  }
  const { factors, issues } = reading;
  reading.refuseRepeated();
  issues.push(...misplacedFields(factors.flatMap(({ choices }) => choices)));
  if (factors.length === 0 && issues.length === 0)
    reading.report(['search'], 'there is no axis to search over: name one under "grid"');
  const axisOf = ({ parameter, choices }: Factor): Axis => ({ label: parameter.name, choices });
  return {
    space: factors.map(({ parameter }) => parameter),
    axes: factors.map(axisOf),
    unconditional: factors.filter(({ parameter }) => parameter.when === null).map(axisOf),
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
      const assign = (drawn: number) => [{ field, value: drawnValue(distribution, drawn), source }];
      const any = assign(distribution.kind === 'normal' ? distribution.mean : distribution.low);
      this.factors.push({ parameter: { name: prefix + field, distribution, when }, choices: [any], assign });
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
    } else this.#add({ kind: 'choice', size: length }, { name: `${prefix}zip.${name}`, when }, choices);
  }

  /** Each case is a choice, and its own axes are there only with it. */
  #cases(cases: SweepFields['cases']): void {
    const fixed = cases.map(({ set }, i) =>
      Object.entries(set).map(([field, value]): Assignment => ({ field, value, source: ['cases', i, 'set', field] })),
    );
    this.#add({ kind: 'choice', size: cases.length }, { name: CASES, when: null }, fixed);
    for (const [i, axes] of cases.entries()) {
      this.axes(axes, ['cases', i], `${CASES}.${i}.`, { parameter: CASES, choice: i });
    }
  }

  #add(
    distribution: Distribution,
    { name, when }: Pick<Parameter, 'name' | 'when'>,
    choices: readonly Configuration[],
  ): void {
    this.factors.push({ parameter: { name, distribution, when }, choices, assign: (drawn) => choices[drawn] ?? [] });
  }

  /** A field that two axes set at one point would take its value from whichever comes last. */
  refuseRepeated(): void {
    const owners: { assignment: Assignment; when: Parameter['when']; parameter: Parameter }[] = [];
    for (const { parameter, choices } of this.factors) {
      for (const [choice, configuration] of choices.entries()) {
        const when = parameter.name === CASES ? { parameter: CASES, choice } : parameter.when;
        for (const assignment of configuration) {
          const owner = owners.find(
            (each) =>
              each.parameter !== parameter &&
              each.assignment.field === assignment.field &&
              (each.when === null || when === null || each.when.choice === when.choice),
          );
          if (owner === undefined) owners.push({ assignment, when, parameter });
          else this.report(fieldPath(assignment), `is set by ${slashPath(fieldPath(owner.assignment))} already`);
        }
      }
    }
  }

  report(path: SpecPath, message: string, part: Issue['part'] = 'key'): void {
    this.issues.push({ path, part, message });
  }
}

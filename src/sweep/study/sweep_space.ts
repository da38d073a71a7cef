// The axes of a sweep that asks for its points: as a space for a search to draw from, and from what it draws back to fields and values.

import type { Issue, SpecDocument } from '../../spec/types.ts';
import type { Parameter, Point, Space } from '../../study/types.ts';
import { readAxes, settable, type WrittenAxis } from '../axes.ts';
import { misplacedFields } from '../expand.ts';
import type { SweepFields } from '../grammar.ts';
import type { Axis, Configuration } from '../space.ts';
import { drawnValue } from './distributions.ts';

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

/** The space of a sweep, and what is wrong with its axes. */
export function sweepSpace(fields: SweepFields, document: SpecDocument): SweepSpace & { issues: Issue[] } {
  const { axes, issues } = readAxes(fields, document);
  const factors = axes.flatMap((axis) => factorsOf(axis));
  for (const section of ['include', 'exclude'] as const) {
    if (fields[section].length > 0) issues.push(issue(section, 'is for a grid: a search draws its points itself'));
  }
  issues.push(...misplacedFields(axes.flatMap(settable)));
  if (factors.length === 0 && issues.length === 0)
    issues.push(issue('search', 'there is no axis to search over: name one under "grid"'));
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

const issue = (section: string, message: string): Issue => ({ path: [section], part: 'key', message });

/** @param prefix of its parameters' names */
function factorsOf(axis: WrittenAxis, prefix = '', when: Parameter['when'] = null): Factor[] {
  switch (axis.kind) {
    case 'values':
      return [chosen(prefix + (axis.section === 'zip' ? `zip.${axis.name}` : axis.name), axis.choices, when)];
    case 'range': {
      const { range, any } = axis;
      const assign = (drawn: number) => [{ ...any, value: drawnValue(range, drawn) }];
      return [{ parameter: { name: prefix + any.field, distribution: range, when }, choices: [[any]], assign }];
    }
    case 'cases':
      // Each case is a choice, and its own axes are there only with it.
      return [
        chosen(
          CASES,
          axis.cases.map(({ set }) => set),
          null,
        ),
        ...axis.cases.flatMap(({ axes }, choice) =>
          axes.flatMap((own) => factorsOf(own, `${CASES}.${choice}.`, { parameter: CASES, choice })),
        ),
      ];
  }
}

function chosen(name: string, choices: readonly Configuration[], when: Parameter['when']): Factor {
  const distribution = { kind: 'choice' as const, size: choices.length };
  return { parameter: { name, distribution, when }, choices, assign: (drawn) => choices[drawn] ?? [] };
}

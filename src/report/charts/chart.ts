// A chart as a value: a Vega-Lite spec that holds its own numbers, what it says in words, and the SQL that gives the same numbers.

import type { TopLevelSpec } from 'vega-lite';

export interface Chart {
  /** Names it among the charts of a report, also as a file: small letters, digits and dashes. */
  id: string;
  /** Text, which a page has to escape. */
  title: string;
  /** What is seen, in plain words, and what is left out. */
  caption: string;
  spec: TopLevelSpec;
  /** One SELECT over the views of docs/report.md. */
  sql: string;
}

export interface DrawnChart extends Chart {
  /** One `<svg>` element, without a declaration: for a page as it is, for a file with a style of its own. */
  svg: string;
}

const DRAWN = ['mark', 'layer', 'concat', 'hconcat', 'vconcat', 'facet', 'repeat', 'spec'];

/** Whether it says that something is drawn; the rest is for the compiler of Vega-Lite to judge. */
export function isSpec(value: unknown): value is TopLevelSpec {
  return typeof value === 'object' && value !== null && DRAWN.some((member) => Object.hasOwn(value, member));
}

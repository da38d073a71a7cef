// Headlines: the metrics that tell how well something does, as the builder of what logs them declares them.

import type { BuilderRef } from './fields.ts';

export interface Headline {
  metric: string;
  /** Which way is better. */
  goal: 'minimize' | 'maximize';
  /** What people see it called, short: `nll`. */
  label: string;
}

/** The headlines of a builder that another one holds. */
export type HeadlineOf = (slot: { name: string }, ref: BuilderRef) => readonly Headline[];

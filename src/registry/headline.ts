// Headlines: the metrics that tell how well something does, as the builder of what logs them declares them.

import type { AnySlot, BuilderRef } from './slot.ts';

export interface Headline {
  metric: string;
  /** Which way is better. */
  goal: 'minimize' | 'maximize';
  /** What people see it called, short: `nll`. */
  label: string;
}

/** The headlines of a builder that another one refers to. */
export type HeadlineOf = (ref: BuilderRef<AnySlot>) => readonly Headline[];

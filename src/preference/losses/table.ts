// The losses that preferences can be learned by.

import { dpo, hinge, ipo, robust } from './pairwise.ts';
import { cpo, orpo, sft, simpo } from './reference_free.ts';
import type { PreferenceLoss } from './types.ts';
import { apoZero, bco, kto } from './unpaired.ts';

export const PREFERENCE_LOSSES: readonly PreferenceLoss[] = [
  dpo,
  ipo,
  kto,
  orpo,
  simpo,
  cpo,
  robust,
  hinge,
  apoZero,
  bco,
  sft,
];

/** What a spec may name as `loss_fn`. */
export const PREFERENCE_LOSS_NAMES: readonly string[] = PREFERENCE_LOSSES.map(({ name }) => name);

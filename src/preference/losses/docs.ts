// Every preference loss as a row of documentation: the tables of docs/preferences.md.

import { type LossDoc, lossDoc } from '../../tinker/loss_docs.ts';
import { PREFERENCE_LOSSES } from './table.ts';

/** By the table that they stand in. */
export function preferenceLossDocs(): Record<'reference' | 'reference_free', LossDoc[]> {
  const docsOf = (reference: boolean) => PREFERENCE_LOSSES.filter((loss) => loss.reference === reference).map(lossDoc);
  return { reference: docsOf(true), reference_free: docsOf(false) };
}

// Every loss of policies as a row of documentation: the tables of docs/losses.md.

import { type LossDoc, lossDoc } from '../../tinker/loss_docs.ts';
import { LOSS_FUNCTIONS } from '../../tinker/loss_functions.ts';
import { CUSTOM_LOSSES } from './table.ts';

/** By the table that they stand in. */
export function lossDocs(): Record<'service' | 'custom', LossDoc[]> {
  return {
    service: Object.entries(LOSS_FUNCTIONS).map(([name, row]) => lossDoc({ name, ...row })),
    custom: CUSTOM_LOSSES.map(lossDoc),
  };
}

// A policy loss as it is written down: `compute` is given the configuration with its defaults.

import { completeLossConfig } from '../../tinker/loss_settings.ts';
import type { LossFnConfig } from '../../tinker/types.ts';
import type { CustomLoss, LossInputs, LossOutput } from './types.ts';

export function defineLoss(
  row: Omit<CustomLoss, 'compute'> & { compute(inputs: LossInputs, config: LossFnConfig): LossOutput },
): CustomLoss {
  return { ...row, compute: (inputs, config = {}) => row.compute(inputs, completeLossConfig(row.settings, config)) };
}

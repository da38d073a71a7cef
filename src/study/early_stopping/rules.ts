// The rules that a sweep can give up on trials by.

import { asha } from './asha.ts';
import { hyperband } from './hyperband.ts';
import { patienceStopping } from './patience.ts';
import { medianStopping, percentileStopping } from './percentile.ts';
import { thresholdStopping } from './threshold.ts';

export const earlyStoppingRules = [
  asha,
  hyperband,
  medianStopping,
  percentileStopping,
  patienceStopping,
  thresholdStopping,
];

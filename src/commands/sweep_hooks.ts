// What validate and schema need of sweeps, until src/sweep provides it: replace both by imports and delete this file.

import { ConfigurationError } from '../errors.ts';
import type { JsonObject } from '../json.ts';
import type { Registry } from '../registry/registry.ts';
import type { CheckSweep } from '../spec/validate.ts';

export const checkSweep: CheckSweep = async (file) => {
  throw new ConfigurationError(`${file}: this build does not know sweeps`);
};

export function sweepSchema(_registry: Registry): JsonObject {
  throw new ConfigurationError('this build does not know sweeps');
}

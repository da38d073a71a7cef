// What the trainer of a spec finds wrong with its fields beyond their types, such as settings that its loss does not have.

import type { Registry } from '../registry/registry.ts';
import type { Issue, RunSpec } from '../spec/types.ts';
import { trainerSlot } from '../training/types.ts';

export async function checkTrainer(spec: RunSpec, registry: Registry): Promise<Issue[]> {
  const problems = await registry.check(trainerSlot, { ...spec, builder: spec.trainer }, {});
  return problems.map(({ field, message }): Issue => ({ path: [field], part: 'value', message }));
}

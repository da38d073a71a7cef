// What the trainer of a spec finds wrong with its fields beyond their types, such as settings that its loss does not have, or a
// loss that the service does not have; and what the service does.

import type { Registry } from '../registry/registry.ts';
import type { Issue, RunSpec } from '../spec/types.ts';
import { serviceSlot } from '../tinker/service.ts';
import { trainerSlot } from '../training/types.ts';
import { earlyStoppingIssues } from './check_early_stopping.ts';
import { rewardModelIssues } from './check_reward_model.ts';
import { headlineOf } from './trainer.ts';

export async function checkTrainer(spec: RunSpec, registry: Registry): Promise<Issue[]> {
  const ofService = await registry.check(serviceSlot, spec.service, {});
  const known = new Set(ofService.map(({ message }) => message));
  const problems = await registry.check(
    trainerSlot,
    { ...spec, builder: spec.trainer },
    {
      async lossProblem(lossFn) {
        const found = await registry.check(serviceSlot, spec.service, { lossFn });
        return found.find(({ message }) => !known.has(message))?.message ?? null;
      },
    },
  );
  return [
    ...ofService.map(({ field, message }): Issue => ({ path: ['service', field], part: 'value', message })),
    ...problems.map(({ field, message }): Issue => ({ path: [field], part: 'value', message })),
    ...earlyStoppingIssues(spec, headlineOf(spec, registry)),
    ...rewardModelIssues(spec),
  ];
}

// Runs on a Ray cluster that the user has, a job each, through the Jobs API of its dashboard.

import { defineBuilder } from '../../../registry/builder.ts';
import { executorSlot } from '../../executor.ts';
import { rayParams } from './params.ts';

export const rayExecutor = defineBuilder({
  slot: executorSlot,
  name: 'ray',
  version: 1,
  doc: 'On a Ray cluster, a job a run, through the address of its dashboard. Its machines see the run directories under the same paths.',
  params: rayParams,
  async build(params, { maxConcurrency }) {
    const { openCluster } = await import('./executor.ts');
    return await openCluster(params, maxConcurrency);
  },
});

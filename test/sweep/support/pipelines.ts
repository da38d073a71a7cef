// A pipeline of three stages of toy trainers, and a sweep over the last of them.

import { Type } from '@sinclair/typebox';
import { defineBuilder } from '../../../src/registry/builder.ts';
import { nullable, weights } from '../../../src/registry/fields.ts';
import { gridSearch } from '../../../src/study/search/grid.ts';
import { localExecutor } from '../../../src/sweep/executors/local.ts';
import { planSweep, type SweepPlan } from '../../../src/sweep/plan.ts';
import { trainerSlot } from '../../../src/training/types.ts';
import { supervisedParams, toyRegistry } from '../../spec/toys.ts';
import { DATA, workspace } from '../../spec/workspace.ts';

const supervised = defineBuilder({
  slot: trainerSlot,
  name: 'supervised',
  version: 1,
  doc: 'Trains on conversations.',
  params: Type.Object({
    ...supervisedParams.properties,
    load_checkpoint_path: nullable(weights({ model: 'model_name', default: null, description: 'To start from.' })),
  }),
  build() {
    throw new Error('a toy is never built');
  },
});
export const registry = () => {
  const toys = toyRegistry(supervised);
  toys.add(gridSearch);
  toys.add(localExecutor);
  return toys;
};

export const run = (name: string, fields = '') =>
  `  ${name}: {trainer: supervised, model_name: hub/a, dataset: {builder: conversation_file, file_path: ${name}.jsonl, batch_size: 2}${fields}}\n`;
export const PIPELINE = `log_path: unused\nstages:\n${run('sft')}${run('rm')}${run('rl', ', load_checkpoint_path: {stage: sft}, evaluators: [], lora_rank: 8')}`;
const SWEEP = 'base: run.yaml\nlog_path: runs/sweep\nseeds: 3\ngrid: {stages.rl.learning_rate: [0.1, 0.2, 0.3, 0.4]}\n';

export async function pipeline(files = {}): Promise<string> {
  const data = { 'sft.jsonl': 'a\n', 'rm.jsonl': 'b\n', 'rl.jsonl': 'c\n' };
  return await workspace({ ...DATA, ...data, 'run.yaml': PIPELINE, 'sweep.yaml': SWEEP, ...files });
}

export async function planned(directory: string, overrides: string[] = []): Promise<SweepPlan> {
  return await planSweep('sweep.yaml', { overrides, cwd: directory, env: {} }, registry());
}

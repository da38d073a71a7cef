// Another trainer than the supervised ones, with a state, an evaluation and checkpoints of its own. All else is the journal's.

import { join } from 'node:path';
import { type Static, Type } from '@sinclair/typebox';
import { defineBuilder } from '../../../src/registry/builder.ts';
import { runtime, semantic } from '../../../src/registry/fields.ts';
import { earlyStoppingFields } from '../../../src/training/early_stopping.ts';
import { Journal } from '../../../src/training/journal.ts';
import { type TrainingContext, trainerSlot } from '../../../src/training/types.ts';
import { NumberClient } from './number_service.ts';

const count = (description: string, value: number) => Type.Integer({ minimum: 0, default: value, description });
const params = Type.Object({
  max_steps: semantic({ ...count('Steps of the run.', 6), 'x-cookbook-extends': true }),
  rate: semantic(Type.Number({ default: 0.1, description: 'How fast the number follows.' })),
  eval_every: semantic(count('Steps between evaluations.', 2)),
  ...earlyStoppingFields,
  save_every: runtime(count('Steps between checkpoints.', 3)),
  rolling_save_every: runtime(count('Steps between rolling checkpoints.', 1)),
  submit_ahead: runtime(count('Steps submitted before the oldest is awaited.', 2)),
});

export const secondTrainer = defineBuilder({
  slot: trainerSlot,
  name: 'second',
  version: 1,
  doc: 'A number follows another, which is the sum of all that it has been.',
  params,
  build: (config) => ({ train: (context) => train(config, context) }),
  headline: () => [
    { metric: 'test/distance', goal: 'minimize', label: 'distance' },
    { metric: 'loss', goal: 'minimize', label: 'loss' },
  ],
});

async function train({ max_steps, rate, ...config }: Static<typeof params>, context: TrainingContext) {
  const history: number[] = [];
  const openClient = (state: string | null) => NumberClient.open(join(context.logPath, 'checkpoints'), state);
  const distance = async ({ value }: NumberClient) => ({ 'test/distance': Math.abs(value - context.seed) });
  const journal = await Journal.open(context, openClient, {
    ...config,
    total_steps: max_steps,
    loss: 'loss',
    progress: (step, share) => ({ at: step, share }),
    evaluations: [{ name: 'evals', every: config.eval_every, evaluate: distance }],
    state: () => ({ history }),
  });
  if (Array.isArray(journal.restored.history)) history.push(...journal.restored.history.map(Number));

  for await (const step of journal.steps()) {
    const measured = await journal.evaluate(step);
    const stepped = journal.client.step(context.seed + Math.sin(step), rate);
    await journal.collect(step, async () => {
      history.push(await stepped.result());
      return { loss: Math.abs(history.reduce((sum, each) => sum + each, 0)), num_tokens: 10, ...measured };
    });
  }
  return await journal.finish();
}

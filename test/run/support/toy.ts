// A trainer and a service that cost nothing, for tests: deterministic, with checkpoints, able to fail, to diverge and to wait.

import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { Type } from '@sinclair/typebox';
import { defineBuilder } from '../../../src/registry/builder.ts';
import { runtime, semantic } from '../../../src/registry/fields.ts';
import type { ServiceClient } from '../../../src/tinker/clients.ts';
import { serviceSlot } from '../../../src/tinker/service.ts';
import { type CheckpointRecord, type Trainer, type TrainingContext, trainerSlot } from '../../../src/training/types.ts';
import { DataFormatError } from '../../../src/util/errors.ts';

const never = (): never => {
  throw new Error('the toy trainer computes without a service');
};

const service: ServiceClient = {
  getServerCapabilities: never,
  createLoraTrainingClient: never,
  createTrainingClientFromState: never,
  createTrainingClientFromStateWithOptimizer: never,
  createSamplingClient: never,
  deleteCheckpoint: never,
  close: async () => undefined,
};

export const toyService = defineBuilder({
  slot: serviceSlot,
  name: 'toy',
  version: 1,
  doc: 'Serves nothing.',
  params: Type.Object({}),
  build: () => service,
});

const params = Type.Object({
  max_steps: semantic(
    Type.Integer({ default: 8, minimum: 1, description: 'Steps of the run.', 'x-cookbook-extends': true }),
  ),
  rate: semantic(Type.Number({ default: 0.1, description: 'How fast the weight approaches its target.' })),
  save_every: runtime(Type.Integer({ default: 3, minimum: 1, description: 'Steps between checkpoints.' })),
  misbehave: runtime(
    Type.String({
      default: '',
      description:
        '`throw:N`, `fail:N`, `diverge:N`, `wait:N`, `hang:N` or `give_up:N`: what to do at step N; `load`: never begin.',
    }),
  ),
});

export const toyTrainer = defineBuilder({
  slot: trainerSlot,
  name: 'toy',
  version: 1,
  doc: 'Moves one weight towards a target.',
  params,
  build: ({ max_steps, rate, save_every, misbehave }): Trainer => ({
    train: (context) => train(context, { max_steps, rate, save_every, misbehave }),
  }),
  headline: () => [
    { metric: 'test/nll', goal: 'minimize', label: 'test/nll' },
    { metric: 'train_mean_nll', goal: 'minimize', label: 'nll' },
  ],
});

type Config = { max_steps: number; rate: number; save_every: number; misbehave: string };

async function train(context: TrainingContext, { max_steps, rate, save_every, misbehave }: Config) {
  if (misbehave === 'load') {
    context.emit({ type: 'text', title: 'loading', text: '' });
    await new Promise(() => setInterval(() => undefined, 1_000_000));
  }
  const last = (await context.checkpoints.list()).findLast((record) => record.state_path !== undefined);
  let weight = last?.state_path === undefined ? 1 : Number(await readFile(last.state_path, 'utf8'));
  const start = last?.batch ?? 0;
  await context.metrics.rewind(start);
  context.emit({ type: 'started', total_steps: max_steps, resumed_from: last === undefined ? null : start });

  const save = async (batch: number, name: string, fields: Partial<CheckpointRecord> = {}) => {
    await mkdir(join(context.logPath, 'checkpoints'), { recursive: true });
    const state_path = join(context.logPath, 'checkpoints', name);
    await writeFile(state_path, String(weight));
    const record = { name, batch, epoch: 0, state_path, ...fields };
    await context.checkpoints.append(record);
    context.emit({ type: 'checkpoint', record });
    return state_path;
  };
  const ended = (state: 'diverged' | 'interrupted', step: number) => ({ state, step, learned: [], sampler_path: null });

  for (let step = start; step < max_steps; step++) {
    if (step > start && step % save_every === 0) await save(step, String(step).padStart(6, '0'));
    await setImmediate();
    if (context.signal.aborted) {
      await save(step, `interrupted_${step}`);
      return ended('interrupted', step);
    }
    const [deed, at, ...about] = misbehave.split(':');
    if (at === String(step)) {
      if (deed === 'throw') throw new TypeError(['weight is not a function', ...about].join(': '));
      if (deed === 'fail') throw new DataFormatError('data.jsonl:3: no "messages"', { hint: 'Mend the line.' });
      if (deed === 'wait') {
        context.emit({ type: 'text', title: 'waiting', text: '\u001b[31mfor a signal\u001b[39m' });
        const work = setInterval(() => undefined, 1_000_000); // a process with nothing to wait for would end
        if (!context.signal.aborted) await once(context.signal, 'abort');
        clearInterval(work);
      }
      if (deed === 'hang') {
        context.emit({ type: 'text', title: 'hanging', text: '' });
        await new Promise(() => setInterval(() => undefined, 1_000_000));
      }
      if (deed === 'give_up') {
        context.emit({ type: 'text', title: 'giving up', text: '' });
        context.signal.throwIfAborted();
      }
      if (deed === 'diverge') {
        const metrics = { train_mean_nll: Number.NaN, learning_rate: rate };
        await context.metrics.append(step, metrics);
        context.emit({ type: 'step', step, total_steps: max_steps, metrics });
        return ended('diverged', step + 1);
      }
    }
    weight -= rate * (weight - Math.sin(context.seed + step) / 10);
    const metrics = { train_mean_nll: Math.abs(weight), learning_rate: rate, num_tokens: 50, 'time/total': 0.5 };
    await context.metrics.append(step, metrics);
    context.emit({ type: 'step', step, total_steps: max_steps, metrics });
  }
  const rows = await context.metrics.read();
  const before = Number(rows.at(0)?.train_mean_nll);
  const sampler_path = await save(max_steps, `final_${max_steps}`, { final: true });
  context.emit({ type: 'evaluation', step: max_steps, metrics: { 'test/nll': Math.abs(weight) } });
  return {
    state: 'done' as const,
    step: max_steps,
    learned: [{ metric: 'test/nll', before, after: Math.abs(weight) }],
    sampler_path,
  };
}

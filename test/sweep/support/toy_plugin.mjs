// A plugin for tests of sweeps: a trainer that costs nothing, writes down what it does, and misbehaves on demand.

import { appendFileSync, existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import {
  builderOf,
  contents,
  DataFormatError,
  defineBuilder,
  defineSlot,
  nullable,
  oneOf,
  runtime,
  semantic,
  serviceSlot,
  Type,
  trainerSlot,
} from 'tinker-cookbook';

const never = () => {
  throw new Error('the toy trainer computes without a service');
};

export const service = defineBuilder({
  slot: serviceSlot,
  name: 'none',
  version: 1,
  doc: 'Serves nothing.',
  params: Type.Object({}),
  build: () => ({ createLoraTrainingClient: never, close: async () => undefined }),
});

const partSlot = defineSlot({ name: 'part', doc: 'A nested builder.' });

export const plainPart = defineBuilder({
  slot: partSlot,
  name: 'plain',
  version: 1,
  doc: 'A part with a width.',
  params: Type.Object({ width: semantic(Type.Integer({ default: 1, minimum: 1, description: 'How wide it is.' })) }),
  build: () => null,
});

export const fancyPart = defineBuilder({
  slot: partSlot,
  name: 'fancy',
  version: 1,
  doc: 'A part with a depth.',
  params: Type.Object({ depth: semantic(Type.Integer({ minimum: 1, description: 'How deep it is.' })) }),
  build: () => null,
});

const FATES = ['well', 'fail', 'fail_once', 'crash_once', 'diverge', 'wait', 'hang', 'spin'];

export const trainer = defineBuilder({
  slot: trainerSlot,
  name: 'toy',
  version: 1,
  doc: 'Counts its steps.',
  headline: () => [{ metric: 'train_mean_nll', goal: 'minimize', label: 'nll' }],
  params: Type.Object({
    max_steps: semantic(Type.Integer({ default: 4, minimum: 1, description: 'Steps of the run.' })),
    rate: semantic(Type.Number({ default: 0.1, exclusiveMinimum: 0, description: 'The loss is best at 0.3.' })),
    size: semantic(Type.Integer({ default: 1, minimum: 1, description: 'Makes no difference to the loss.' })),
    schedule: semantic(oneOf(['linear', 'cosine'], { default: 'linear', description: 'Nor does this.' })),
    part: semantic(builderOf(partSlot, { default: { builder: 'plain' }, description: 'A nested builder.' })),
    data_path: contents(nullable(Type.String({ format: 'path', default: null, description: 'A file of data.' }))),
    fate: semantic(oneOf(FATES, { default: 'well', description: 'What becomes of the run at its second step.' })),
    save_every: runtime(Type.Integer({ default: 1, minimum: 1, description: 'Steps between checkpoints.' })),
    diary: runtime(Type.String({ format: 'path', default: '', description: 'File that every step is noted in.' })),
  }),
  build: (config) => ({ max_steps: config.max_steps, train: (context) => train(context, config) }),
});

async function train(context, { max_steps, rate, fate, save_every, diary }) {
  const note = (event, step) => {
    if (diary !== '') appendFileSync(diary, `${JSON.stringify({ run: basename(context.logPath), event, step })}\n`);
  };
  const last = (await context.checkpoints.list()).at(-1);
  const start = last?.batch ?? 0;
  await context.metrics.rewind(start);
  note('start', start);
  context.emit({ type: 'started', total_steps: max_steps, resumed_from: last === undefined ? null : start });
  const save = async (batch, fields = {}) => {
    const name = String(batch).padStart(6, '0');
    await mkdir(join(context.logPath, 'checkpoints'), { recursive: true });
    await writeFile(join(context.logPath, 'checkpoints', name), String(batch));
    await context.checkpoints.append({ name, batch, epoch: 0, state_path: name, ...fields });
  };
  const ended = (state, step) => ({ state, step, learned: [], sampler_path: null });
  const asked = async () =>
    await readFile(join(context.logPath, 'asked_once')).then(
      () => true,
      () => false,
    );

  for (let step = start; step < max_steps; step++) {
    if (step > start && step % save_every === 0) await save(step);
    await setImmediate();
    if (context.signal.aborted || (context.until !== null && step >= context.until)) {
      if (step > start && step % save_every !== 0) await save(step);
      note('interrupted', step);
      return ended('interrupted', step);
    }
    if (step === 1) {
      const again = await asked();
      await writeFile(join(context.logPath, 'asked_once'), '');
      if (fate === 'fail' || (fate === 'fail_once' && !again)) throw new DataFormatError('data.jsonl:3: no messages');
      if (fate === 'crash_once' && !again) process.kill(process.pid, 'SIGKILL');
      if (fate === 'diverge') {
        await context.metrics.append(step, { 'test/nll': Number.NaN });
        return ended('diverged', step + 1);
      }
      if (fate === 'spin') {
        while (process.listenerCount('SIGTERM') === 0) await sleep(1);
        note('spinning', step);
        for (;;);
      }
      // Until told to go on, or to stop; one that hangs does not even listen.
      if (fate === 'wait' || fate === 'hang') note('waiting', step);
      while ((fate === 'wait' || fate === 'hang') && !existsSync(`${diary}.go`)) {
        if (fate === 'wait' && context.signal.aborted) break;
        await sleep(5);
      }
      if (context.signal.aborted) {
        note('interrupted', step);
        return ended('interrupted', step);
      }
    }
    const metrics = { train_mean_nll: 1 / (step + 1), 'test/nll': (rate - 0.3) ** 2 + context.seed / 100 };
    await context.metrics.append(step, metrics);
    note('step', step);
    context.emit({ type: 'step', step, total_steps: max_steps, metrics });
  }
  await save(max_steps, { final: true });
  return ended('done', max_steps);
}

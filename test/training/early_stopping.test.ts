// Early stopping: when a run ends, what it keeps, and what it takes for it to go on.

import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { listCheckpoints } from '../../src/run_files/checkpoint_log.ts';
import { locateWeights } from '../../src/run_files/weights_reference.ts';
import { temporaryDirectory } from '../support/temporary_directory.ts';
import { execute, lengthen, prepare, remains } from './support/second_run.ts';

const RULE = { metric: null, goal: null, patience: 2, min_delta: 0 };
/** |sin(step − 1)| is what the evaluations measure: 2, 0.84, 0.14, 0.96, 0.66, 0.41, 1, 0.42, 0.65, 0.96 before steps 0, 2, 4 … 18. */
const FIELDS = { max_steps: 30, rate: 1, save_every: 0, rolling_save_every: 0, early_stopping: RULE };

async function run(fields: object = {}) {
  const directory = join(await temporaryDirectory(), 'run');
  await prepare(directory, { ...FIELDS, ...fields });
  return { directory, ...(await execute(directory)) };
}

const readText = (directory: string, name: string) => readFile(join(directory, name), 'utf8');
const saved = async (directory: string) => (await listCheckpoints(directory)).map(({ name }) => name);

describe('a run whose evaluations get no better', () => {
  it('ends after the step of the evaluation that used up its patience, and says why', async () => {
    const { directory, status } = await run();
    expect(status).toMatchObject({ state: 'stopped', step: 9, sampler_path: 'tinker://local/sampler_weights/final' });
    const { best, reason, ...stop } = JSON.parse(await readText(directory, 'stop.json'));
    expect(stop).toEqual({
      schema_version: 1,
      step: 9,
      by: 'early_stopping',
      metric: 'test/distance',
      goal: 'minimize',
      patience: 2,
      min_delta: 0,
    });
    expect(best).toEqual({ step: 4, value: expect.closeTo(Math.sin(3), 10) });
    expect(reason).toMatch(/^test\/distance has not improved in 2 evaluations, and was best at step 4 with 0\.14/);
    const rows = (await readText(directory, 'metrics.jsonl')).trimEnd().split('\n');
    expect(rows.map((row) => JSON.parse(row).step)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(JSON.parse(rows.at(-1) ?? '')).toMatchObject({ step: 9, 'test/distance': expect.any(Number) });
  });

  it('keeps the best checkpoint and the last, and nothing of those that were the best before', async () => {
    const { directory, events } = await run();
    expect(events.flatMap((event) => (event.type === 'checkpoint' ? [event.record.name] : []))).toEqual([
      'best-000000',
      'best-000002',
      'best-000004',
      'final',
    ]);
    expect(await saved(directory)).toEqual(['best-000004', 'final']);
    expect(await readdir(join(directory, 'checkpoints/weights'))).toEqual(['best-000004', 'final']);
    const best = locateWeights({ run: directory, checkpoint: 'best' }, { purpose: 'sample', unfinished: 'refuse' });
    expect(best).toMatchObject({ batch: 4, model_path: join(directory, 'checkpoints/sampler_weights/best-000004') });
    expect(Number(await readText(directory, 'checkpoints/weights/best-000004/number.json'))).toBeCloseTo(
      3 + Math.sin(3),
    );
  });

  it('of the same step is the checkpoint that stays, not a periodic one', async () => {
    const { directory } = await run({ save_every: 2 });
    const ref = { run: directory, checkpoint: 'best' };
    expect(locateWeights(ref, { purpose: 'train', unfinished: 'refuse' }).model_path).toMatch(/best-000004$/);
  });

  it('counts as one that gets better only where it is better by more than min_delta', async () => {
    // 2, 0.84 and 0.14 are improvements by more than 0.5; after that none is possible.
    expect((await run({ early_stopping: { ...RULE, min_delta: 0.5 } })).status.step).toBe(9);
    // 0.14 is none, by less than 1; it is the best all the same.
    const { directory, status } = await run({ early_stopping: { ...RULE, min_delta: 1 } });
    expect(status.step).toBe(7);
    expect(await saved(directory)).toEqual(['best-000004', 'final']);
  });

  it('goes by another metric and another goal if it is told to', async () => {
    const { status, directory } = await run({ early_stopping: { ...RULE, metric: 'test/distance', goal: 'maximize' } });
    expect(status).toMatchObject({ state: 'stopped', step: 5 });
    const ref = { run: directory, checkpoint: 'best' };
    expect(locateWeights(ref, { purpose: 'train', unfinished: 'refuse' }).batch).toBe(0);
  });

  it('without patience only keeps its best', async () => {
    const { status, directory } = await run({ early_stopping: { ...RULE, patience: null } });
    expect(status).toMatchObject({ state: 'done', step: 30 });
    expect(await saved(directory)).toEqual(['best-000026', 'final']);
  });
});

describe('a run that was stopped early', () => {
  it('is finished: the same command does nothing', async () => {
    const { directory } = await run();
    const before = await remains(directory);
    const { status, events } = await execute(directory);
    expect(status.state).toBe('stopped');
    expect(events).toEqual([]);
    expect(await remains(directory)).toEqual(before);
  });

  it('goes on with more patience to what it would have come to with that from the start', async () => {
    const { directory } = await run();
    const patient = { ...RULE, patience: 4 };
    await lengthen(directory, { ...FIELDS, early_stopping: patient });
    const { status } = await execute(directory);
    const whole = await run({ early_stopping: patient });
    expect(status).toMatchObject({ state: 'stopped', step: 13 });
    expect(await readText(directory, 'stop.json')).toBe(await readText(whole.directory, 'stop.json'));
    expect((await remains(directory)).metrics).toBe((await remains(whole.directory)).metrics);
    expect(await saved(directory)).toEqual(['best-000004', 'final']);
  });

  it('does not go on because there would be more steps to take', async () => {
    const { directory } = await run();
    await lengthen(directory, { ...FIELDS, max_steps: 40 });
    const { status } = await execute(directory);
    expect(status).toMatchObject({ state: 'stopped', step: 9 });
    expect(await saved(directory)).toEqual(['best-000004', 'final']);
  });

  it('goes on to its end without the rule, and has not stopped then', async () => {
    const { directory } = await run();
    await lengthen(directory, { ...FIELDS, early_stopping: null });
    expect((await execute(directory)).status).toMatchObject({ state: 'done', step: 30 });
    expect(await readdir(directory)).not.toContain('stop.json');
  });
});

it('is refused where it has nothing to go by', async () => {
  const nothing = await run({ eval_every: 0 });
  expect(nothing.status.error?.message).toBe('early_stopping has nothing to go by: this run evaluates nothing');
  const other = await run({ early_stopping: { ...RULE, metric: 'test/nll', goal: 'minimize' } });
  expect(other.status.error?.message).toBe('early_stopping goes by test/nll, which no evaluation reports');
  expect(other.events.at(-1)).toMatchObject({ hint: 'Set early_stopping.metric to one of test/distance.' });
  const goal = await run({ early_stopping: { ...RULE, metric: 'test/nll' } });
  expect(goal.status.error?.message).toBe('early_stopping does not know which way test/nll is better');
});

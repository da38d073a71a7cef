// Sweeps over the stages of a pipeline: which runs they plan, and which of them points share.

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createColors } from 'picocolors';
import { describe, expect, test } from 'vitest';
import { makeRunRecord, stageRecord } from '../../src/run/record.ts';
import { createRunDirectory } from '../../src/run_files/directory.ts';
import { judgedAmong } from '../../src/run_files/producers.ts';
import { identify } from '../../src/spec/identity.ts';
import { digestsAfter } from '../../src/spec/stage_identity.ts';
import type { PlannedRun, SweepPlan } from '../../src/sweep/plan.ts';
import { planDocument, summarize } from '../../src/sweep/plan_summary.ts';
import { planText } from '../../src/sweep/plan_text.ts';
import { valuesOf } from '../../src/sweep/space.ts';
import { messageOf } from '../../src/util/errors.ts';
import { PIPELINE, pipeline, planned, registry, run } from './support/pipelines.ts';

function counts({ runs }: SweepPlan): Record<string, number> {
  const counted: Record<string, number> = {};
  for (const { stage } of runs) counted[stage ?? ''] = (counted[stage ?? ''] ?? 0) + 1;
  return counted;
}

/** Makes a run of the plan lie there, as if it had been started. */
async function create(plan: SweepPlan, planned: PlannedRun): Promise<void> {
  const spec = { ...plan.specOf(planned), log_path: planned.directory };
  const identity = identify(spec, registry(), digestsAfter(planned.after, plan.inputs));
  const provenance = {
    versions: { cookbook: '0', node: '0', onnxruntime: null, platform: 'x' },
    git: null,
    codeDiff: null,
  };
  const axes = valuesOf(planned.configuration);
  const stage = planned.stage === null ? undefined : stageRecord(planned.stage, planned.after);
  await createRunDirectory(
    planned.directory,
    makeRunRecord({ name: planned.name, identity, spec, provenance, argv: [], axes, stage }),
    null,
  );
}

describe('points of a sweep over stages', () => {
  test('share the stages that they agree in, once a seed', async () => {
    expect(counts(await planned(await pipeline()))).toEqual({ sft: 3, rm: 3, rl: 12 });
  });

  test('name a run by what bears on its stage', async () => {
    const { runs } = await planned(await pipeline(), ['seeds=1', 'grid={stages.rl.learning_rate: [0.1]}']);
    expect(runs.map(({ name }) => name.replace(/-[0-9a-f]{12}$/, ''))).toEqual([
      'sft,seed=0',
      'rm,seed=0',
      'rl,learning_rate=0.1,seed=0',
    ]);
  });

  test('give a stage the axes of those that it starts from or refers to, and no others', async () => {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: a reference of a spec
    const refer = PIPELINE.replace('lora_rank: 8', 'lora_rank: "${stages.rm.lora_rank}"').replace(
      'rm.jsonl, batch_size: 2}',
      'rm.jsonl, batch_size: 2}, lora_rank: 4',
    );
    const grid = 'grid: {stages.sft.learning_rate: [0.1, 0.2], stages.rm.lora_rank: [4, 8]}\n';
    const { runs } = await planned(
      await pipeline({ 'run.yaml': refer, 'sweep.yaml': `base: run.yaml\nlog_path: runs/sweep\n${grid}` }),
    );
    expect(runs.map(({ stage, configuration }) => [stage, Object.keys(valuesOf(configuration))])).toEqual([
      ['sft', ['stages.sft.learning_rate']],
      ['rm', ['stages.rm.lora_rank']],
      ['rl', ['stages.sft.learning_rate', 'stages.rm.lora_rank']],
      ['rm', ['stages.rm.lora_rank']],
      ['rl', ['stages.sft.learning_rate', 'stages.rm.lora_rank']],
      ['sft', ['stages.sft.learning_rate']],
      ['rl', ['stages.sft.learning_rate', 'stages.rm.lora_rank']],
      ['rl', ['stages.sft.learning_rate', 'stages.rm.lora_rank']],
    ]);
  });

  test('are replicates of one configuration, each behind the stages of its own seed', async () => {
    const { runs } = await planned(await pipeline());
    const last = runs.filter(({ stage }) => stage === 'rl');
    expect(new Set(last.map(({ config_hash }) => config_hash)).size).toBe(4);
    const seedOf = new Map(runs.map(({ hash, seed }) => [hash, seed]));
    expect(last.every(({ after, seed }) => after.every(({ hash }) => seedOf.get(hash) === seed))).toBe(true);
  });

  test('are one configuration too where a stage has a seed of its own, which they then share', async () => {
    const pinned = PIPELINE.replace('sft.jsonl, batch_size: 2}', 'sft.jsonl, batch_size: 2}, seed: 0');
    const plan = await planned(await pipeline({ 'run.yaml': pinned }));
    expect(counts(plan)).toEqual({ sft: 1, rm: 3, rl: 12 });
    const last = plan.runs.filter(({ stage }) => stage === 'rl');
    expect(new Set(last.map(({ config_hash }) => config_hash)).size).toBe(4);
  });

  test('start from where the run of the stage lies', async () => {
    const directory = await pipeline();
    const plan = await planned(directory);
    const sft = plan.runs.find(({ stage }) => stage === 'sft');
    const rl = plan.runs.find(({ stage }) => stage === 'rl');
    expect(rl === undefined ? null : plan.specOf(rl).load_checkpoint_path).toEqual({
      run: sft?.directory,
      checkpoint: 'final',
    });
  });

  test('add runs of the last stage alone where a rate is added', async () => {
    const directory = await pipeline();
    const before = await planned(directory);
    for (const each of before.runs) await create(before, each);
    const after = await planned(directory, ['grid={stages.rl.learning_rate: [0.1, 0.2, 0.3, 0.4, 0.5]}']);
    const added = after.runs.filter(({ found }) => found === null);
    expect(added.map(({ stage, seed }) => [stage, seed])).toEqual([
      ['rl', 0],
      ['rl', 1],
      ['rl', 2],
    ]);
  });

  test('are stale from the stage on whose data have changed, and say why', async () => {
    const directory = await pipeline();
    const before = await planned(directory, ['seeds=1', 'grid={stages.rl.learning_rate: [0.1]}']);
    for (const each of before.runs) await create(before, each);
    await writeFile(join(directory, 'sft.jsonl'), 'others\n');
    const { runs } = await planned(directory, ['seeds=1', 'grid={stages.rl.learning_rate: [0.1]}']);
    expect(runs.map(({ stage, state, stale }) => [stage, state, stale?.differences ?? []])).toEqual([
      ['sft', 'stale', ['dataset.file_path (its contents have changed)']],
      ['rm', 'new', []],
      ['rl', 'stale', ['load_checkpoint_path (from another run of the stage sft)']],
    ]);
  });

  test('are shown as a graph, and listed with what they start from', async () => {
    const directory = await pipeline();
    const plan = await planned(directory, ['seeds=2', 'grid={stages.rl.learning_rate: [0.1, 0.2]}']);
    const summary = summarize(plan, 1);
    const text = planText(plan, summary, createColors(false)).slice(0, 7).join('\n');
    expect(text.replace(directory, 'DIR')).toMatchInlineSnapshot(`
      "2 stages.rl.learning_rate × 2 seeds = 8 runs of 3 stages in DIR/runs/sweep

        8 new  not started

        sft  2 runs, starts from no other
        rm   2 runs, starts from no other
        rl   4 runs, starts from sft"
    `);
    const { points } = planDocument(plan, summary);
    expect(points[2]?.stage).toEqual({ name: 'rl', after: [{ stage: 'sft', hash: points[0]?.hash }] });
  });
});

describe('what a sweep over stages is judged by', () => {
  const beside = `log_path: unused\nstages:\n${run('sft')}${run('rm')}`;
  const sweep = (objective: string) =>
    `base: run.yaml\nlog_path: runs/sweep\ngrid: {stages.sft.learning_rate: [0.1, 0.2]}\nobjective: {metric: test/nll, goal: minimize${objective}}\n`;
  const complaint = async (files: Record<string, string>) =>
    await planned(await pipeline(files)).then(
      () => 'nothing is wrong',
      (error) => messageOf(error),
    );

  test('has to be said where no stage starts from several', async () => {
    expect(await complaint({ 'run.yaml': beside, 'sweep.yaml': sweep('') })).toBe(
      'sweep.yaml:4:1 objective: no stage starts from "sft", "rm": say which of them is judged, as stage: sft',
    );
    expect(await complaint({ 'run.yaml': beside, 'sweep.yaml': sweep(', stage: rm') })).toBe('nothing is wrong');
  });

  test('may be a stage that others start from', async () => {
    const plan = await planned(await pipeline({ 'sweep.yaml': sweep(', stage: sft') }));
    expect(judgedAmong(plan.runs, plan.fields.objective?.stage).map(({ stage }) => stage)).toEqual(['sft', 'sft']);
    expect(judgedAmong(plan.runs).map(({ stage }) => stage)).toEqual(['rm', 'rl', 'rl']);
  });

  test('is a stage that is there', async () => {
    expect(await complaint({ 'sweep.yaml': sweep(', stage: stf') })).toBe(
      'sweep.yaml:4:54 objective/stage: there is no such stage; there is "sft", "rm", "rl"',
    );
  });
});

test('references in a base that stands in the file of the sweep are to its fields', async () => {
  // biome-ignore-start lint/suspicious/noTemplateCurlyInString: references of a spec
  const base = PIPELINE.replace('log_path: unused', 'log_path: unused\nseed: 7')
    .replace('lora_rank: 8', 'lora_rank: "${seed}", model_name: "${stages.sft.model_name}"')
    .replace(
      'model_name: hub/a, dataset: {builder: conversation_file, file_path: rl.jsonl',
      'dataset: {builder: conversation_file, file_path: rl.jsonl',
    );
  // biome-ignore-end lint/suspicious/noTemplateCurlyInString: references of a spec
  const inline = `log_path: runs/sweep\ngrid: {stages.rl.learning_rate: [0.1, 0.2]}\nbase:\n${base.replace(/^/gm, '  ')}\n`;
  const plan = await planned(await pipeline({ 'sweep.yaml': inline }));
  const last = plan.runs.find(({ stage }) => stage === 'rl');
  expect(last && plan.specOf(last)).toMatchObject({ lora_rank: 7, model_name: 'hub/a' });
});

test('an axis of a field of a stage that is not there is refused', async () => {
  const sweep = 'base: run.yaml\nlog_path: runs/sweep\ngrid: {stages.rll.learning_rate: [1, 2]}\n';
  const directory = await pipeline({ 'sweep.yaml': sweep });
  await expect(planned(directory).catch((error) => messageOf(error))).resolves.toContain(
    'sweep.yaml:3:8 grid/stages.rll.learning_rate: there is no stage "rll"; did you mean "rl"?',
  );
});

test('an axis of a field of a stage that does not matter is refused', async () => {
  const sweep = 'base: run.yaml\nlog_path: runs/sweep\ngrid: {stages.rl.save_every: [1, 2]}\n';
  const directory = await pipeline({ 'sweep.yaml': sweep });
  await expect(planned(directory).catch((error) => messageOf(error))).resolves.toContain(
    'sweep.yaml:3:8 grid/stages.rl.save_every: does not change what a run computes',
  );
});

// Why a run stands where it stands, as a person who asks reads it.

import { appendFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createColors } from 'picocolors';
import { describe, expect, test } from 'vitest';
import { takeLease } from '../../src/run_files/lease.ts';
import { explain, runNamed } from '../../src/sweep/explain.ts';
import { explanationText } from '../../src/sweep/explain_text.ts';
import { type Plan, type PlannedRun, planRun } from '../../src/sweep/plan.ts';
import { messageOf } from '../../src/util/errors.ts';
import { DATA, spec, workspace } from '../spec/workspace.ts';
import * as pipelines from './support/pipelines.ts';
import { leave, planned, sweepRegistry, sweepWorkspace } from './support/sweeps.ts';

async function textOf(run: PlannedRun | undefined, plan: Plan, directory: string, width?: number): Promise<string> {
  if (run === undefined) throw new Error('the plan has fewer runs');
  const lines = explanationText(await explain(run, plan), createColors(false), width);
  return `\n${lines.join('\n').replaceAll(directory, 'DIR')}\n`;
}

describe('the explanation of a run', () => {
  test('that is new says what it is made of', async () => {
    const directory = await sweepWorkspace('grid: {learning_rate: [0.1, 0.2]}\nseeds: 2\n');
    const plan = await planned(directory);
    expect(await textOf(plan.runs[0], plan, directory)).toMatchInlineSnapshot(`
      "
      learning_rate=0.1,seed=0-72ea4b154830

        new        nothing lies there
        directory  DIR/runs/sweep/learning_rate=0.1,seed=0-72ea4b154830

        replicates  learning_rate=0.1,seed=1-4195c44b1794 (new)

        identity         72ea4b154830: of the configuration 6528bd33eeba, with seed 0
          trainer        {"builder":"supervised","version":1}
          model_name     "a-hub/model"
          dataset        {"builder":"conversation_file","version":1,"file_path":"sha256:19fc5b26092a5733a14f9b591aba844f8e317d306e4b1e56d8b3ecbc2a0eafca","batch_size":2}
          learning_rate  0.1
      "
    `);
  });

  test('that is stale says where the other lies, and in what it differs', async () => {
    const directory = await sweepWorkspace('grid: {learning_rate: [0.1, 0.2]}\n');
    const before = await planned(directory);
    for (const run of before.runs) await leave(before, run, { state: 'done' });
    await appendFile(join(directory, 'data.jsonl'), '{"messages": []}\n');
    const after = await planned(directory, { overrides: ['max_steps=3'] });
    expect(await textOf(after.runs[1], after, directory)).toMatchInlineSnapshot(`
      "
      learning_rate=0.2,seed=0-5b1321dfd242

        stale       another run lies there that is of the same point: what it was made of has changed since
        lies at     DIR/runs/sweep/learning_rate=0.2,seed=0-68253f0d9867
        differs in  dataset.file_path (its contents have changed)
        differs in  max_steps (null there, 3 here)
        directory   DIR/runs/sweep/learning_rate=0.2,seed=0-5b1321dfd242

        identity         5b1321dfd242: of the configuration 92161fafa475, with seed 0
          trainer        {"builder":"supervised","version":1}
          model_name     "a-hub/model"
          dataset        {"builder":"conversation_file","version":1,"file_path":"sha256:b7efb9fa7cfd444f5dc4159ae1a4df1d7a4ddd0629dcacae6b9ce9ba5df719c7","batch_size":2}
          learning_rate  0.2
          max_steps      3
      "
    `);
  });

  test('says of each state what has been, and what comes next', async () => {
    const directory = await sweepWorkspace('grid: {learning_rate: [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7]}\n');
    const plan = await planned(directory);
    const { runs } = plan;
    const error = { code: 'DATA_FORMAT', message: 'data.jsonl:3: no messages' };
    await leave(plan, runs[0], { state: 'done', step: 10, ended_at: '2026-01-01T00:10:00.000Z' });
    await leave(plan, runs[1], { state: 'diverged', step: 3 });
    const interrupted = await leave(plan, runs[2], { state: 'interrupted', step: 4 });
    const checkpoint = { name: '000004', batch: 4, epoch: 0, state_path: join(interrupted, 'checkpoints/000004') };
    await writeFile(join(interrupted, 'checkpoints.jsonl'), `${JSON.stringify(checkpoint)}\n`);
    await leave(plan, runs[3], { state: 'running', step: 5 });
    await leave(plan, runs[4], { state: 'failed', step: 1, error });
    const lease = await takeLease(await leave(plan, runs[5], { state: 'running', step: 2 }));
    await leave(plan, runs[6], {});
    try {
      const again = await planned(directory);
      const reasons = await Promise.all(again.runs.map(async (run) => (await explain(run, again)).why));
      expect(reasons.map((why) => why.replace(/process \d+ on \S+/, 'process PID on HOST'))).toEqual([
        'it is done after 10 steps, at 2026-01-01T00:10:00.000Z: what lies there is reused',
        'it diverged after 3 steps: what lies there is reused',
        'it was interrupted after 4 steps; it goes on from step 4',
        'its process was killed after 5 steps; it begins anew, as there is no checkpoint',
        'it failed after 1 step: data.jsonl:3: no messages; it begins anew, as there is no checkpoint',
        'process PID on HOST runs it, for 2 steps so far',
        'its directory was created, and it has never been started',
      ]);
    } finally {
      await lease.release();
    }
  });

  test('of a stage says with which runs others share it', async () => {
    const directory = await pipelines.pipeline();
    const plan = await pipelines.planned(directory, ['seeds=2']);
    const rl = plan.runs.find(({ stage }) => stage === 'rl');
    expect(await textOf(rl, plan, directory, 100)).toMatchInlineSnapshot(`
      "
      rl,learning_rate=0.1,seed=0-cec36c4bb9b9

        new        nothing lies there
        directory  DIR/runs/sweep/rl,learning_rate=0.1,seed=0-cec36c4bb9b9

        starts from  sft,seed=0-e89ae3d7b18e (new), which it shares with
          rl,learning_rate=0.2,seed=0-ccb919ddfed3 (new), rl,learning_rate=0.3,seed=0-e5f6661ad254 (new),
          rl,learning_rate=0.4,seed=0-da584b5aa3f0 (new)
        replicates   rl,learning_rate=0.1,seed=1-67305fbadd12 (new)

        identity                cec36c4bb9b9: of the configuration 31f30cdf98ed, with seed 0
          trainer               {"builder":"supervised","version":1}
          model_name            "hub/a"
          dataset
            {"builder":"conversation_file","version":1,"file_path":"sha256:a3a5e715f0cc574a73c3f9bebb6bc24f32ffd5b67b387244c2c909da779a1478","batch_size":2}
          learning_rate         0.1
          lora_rank             8
          load_checkpoint_path  "run:e89ae3d7b18e@final"
      "
    `);
    const sft = plan.runs.find(({ stage }) => stage === 'sft');
    expect(await textOf(sft, plan, directory)).toMatchInlineSnapshot(`
      "
      sft,seed=0-e89ae3d7b18e

        new        nothing lies there
        directory  DIR/runs/sweep/sft,seed=0-e89ae3d7b18e

        starts      4 runs, as rl,learning_rate=0.1,seed=0-cec36c4bb9b9 (new), rl,learning_rate=0.2,seed=0-ccb919ddfed3 (new), rl,learning_rate=0.3,seed=0-e5f6661ad254 (new)
        replicates  sft,seed=1-8a7845d0f6e6 (new)

        identity      e89ae3d7b18e: of the configuration afed3eb7367e, with seed 0
          trainer     {"builder":"supervised","version":1}
          model_name  "hub/a"
          dataset     {"builder":"conversation_file","version":1,"file_path":"sha256:87428fc522803d31065e7bce3cf03fe475096631e5e07bbd7a0fde60c4cf25c7","batch_size":2}
      "
    `);
  });

  test('is there for the one run of a spec too', async () => {
    const directory = await workspace({ ...DATA, 'run.yaml': spec() });
    const plan = await planRun('run.yaml', { overrides: [], cwd: directory, env: {} }, sweepRegistry());
    expect(await textOf(runNamed('1', plan), plan, directory)).toMatchInlineSnapshot(`
      "
      one

        new        nothing lies there
        directory  DIR/runs/one

        identity      4a1bbb858f66: of the configuration df8a87819b46, with seed 0
          trainer     {"builder":"supervised","version":1}
          model_name  "a-hub/model"
          dataset     {"builder":"conversation_file","version":1,"file_path":"sha256:19fc5b26092a5733a14f9b591aba844f8e317d306e4b1e56d8b3ecbc2a0eafca","batch_size":2}
      "
    `);
  });
});

describe('the run that is meant', () => {
  test('is named, begun, by its hash, or counted', async () => {
    const plan = await planned(await sweepWorkspace('grid: {learning_rate: [0.1, 0.2]}\nseeds: 2\n'));
    const [first, second] = plan.runs;
    expect(runNamed(first?.name ?? '', plan)).toBe(first);
    expect(runNamed(second?.hash.slice(0, 6) ?? '', plan)).toBe(second);
    expect(runNamed('learning_rate=0.1,seed=1', plan)).toBe(second);
    expect(runNamed('2', plan)).toBe(second);
    const refusal = (text: string) => {
      try {
        return runNamed(text, plan).name;
      } catch (error) {
        return messageOf(error).replaceAll(/-[0-9a-f]{12}/g, '');
      }
    };
    expect(['learning_rate=0.1', 'learn', '5', '', 'learning_rate=0.3,seed=1'].map(refusal)).toMatchInlineSnapshot(`
      [
        "learning_rate=0.1 is the beginning of 2 runs: learning_rate=0.1,seed=0 and learning_rate=0.1,seed=1",
        "learn is the beginning of 4 runs: learning_rate=0.1,seed=0 and learning_rate=0.1,seed=1 among them",
        "no run of this plan is called 5",
        "no run of this plan is called ",
        "no run of this plan is called learning_rate=0.3,seed=1",
      ]
    `);
  });
});

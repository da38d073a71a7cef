// What a sweep asks for against what lies on disk: points resolved from sweep and base, and the state of each.

import { appendFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { createColors } from 'picocolors';
import { describe, expect, test } from 'vitest';
import { makeRunRecord } from '../../src/run/record.ts';
import { createRunDirectory } from '../../src/run_files/directory.ts';
import { takeLease } from '../../src/run_files/lease.ts';
import { pendingStatus, writeStatus } from '../../src/run_files/status.ts';
import { createDigests } from '../../src/spec/digests.ts';
import { identify } from '../../src/spec/identity.ts';
import { planRun, type SweepPlan } from '../../src/sweep/plan.ts';
import { planDocument, summarize } from '../../src/sweep/plan_summary.ts';
import { planText } from '../../src/sweep/plan_text.ts';
import { DATA, spec, workspace } from '../spec/workspace.ts';
import { HEAD, leave, planned, points, sweepRegistry, sweepWorkspace } from './support/sweeps.ts';

const states = ({ runs }: SweepPlan) => runs.map(({ state }) => state);

function textOf(plan: SweepPlan, directory: string): string {
  const lines = planText(plan, summarize(plan, 1), createColors(false));
  return `\n${lines.join('\n').replaceAll(directory, 'DIR')}\n`;
}

describe('the points of a sweep', () => {
  test('are the base with their values set in it, whole builders and fields of builders included', async () => {
    const directory = await sweepWorkspace(
      'grid:\n  dataset: [{builder: text_file, file_path: data.jsonl}]\n  adam.eps: [1e-6]\n  service.precise: [true]\n',
    );
    const plan = await planned(directory);
    expect(plan.runs.map(plan.specOf)).toMatchObject([
      {
        trainer: 'supervised',
        dataset: { builder: 'text_file', file_path: join(directory, 'data.jsonl') },
        adam: { beta1: 0.9, eps: 1e-6 },
        service: { builder: 'local', precise: true },
        log_path: join(directory, 'runs/sweep'),
      },
    ]);
  });

  test('can set a builder and a field of it', async () => {
    const directory = await sweepWorkspace(
      'grid: {dataset.batch_size: [3], dataset: [{builder: conversation_file, file_path: data.jsonl, batch_size: 1}]}\n',
    );
    const plan = await planned(directory);
    expect(plan.runs.map(plan.specOf)).toMatchObject([{ dataset: { batch_size: 3 } }]);
  });

  test('find files from the file that names them: the sweep its own, the base its own', async () => {
    const directory = await sweepWorkspace('', {
      'configs/run.yaml': spec(),
      'configs/data.jsonl': 'of the base',
      'sweeps/more.jsonl': 'of the sweep',
      'sweep.yaml': 'extends: sweeps/sweep.yaml\n',
      'sweeps/sweep.yaml':
        'base: ../configs/run.yaml\nlog_path: runs/sweep\ncases: [{}, {set: {dataset.file_path: more.jsonl}}]\n',
    });
    const plan = await planned(directory);
    expect(plan.runs.map((run) => plan.specOf(run).dataset)).toMatchObject([
      { file_path: join(directory, 'configs/data.jsonl') },
      { file_path: join(directory, 'sweeps/more.jsonl') },
    ]);
  });

  test('give their value to the fields of the base that refer to it', async () => {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: a reference of a spec
    const base = spec('lora_rank: 8', 'max_steps: ${lora_rank}', 'notes: "${env:WHO} with ${lora_rank}"');
    const directory = await sweepWorkspace('grid: {lora_rank: [16, 32]}\n', { 'run.yaml': base });
    const plan = await planned(directory, { env: { WHO: 'me' } });
    expect(plan.runs.map(plan.specOf)).toMatchObject([
      { max_steps: 16, notes: 'me with 16' },
      { max_steps: 32, notes: 'me with 32' },
    ]);
  });

  test('of an inline base refer to it by its path', async () => {
    const sweep =
      'base: {trainer: dpo, beta: 0.5, service: {builder: local}}\nlog_path: runs/sweep\ngrid: {beta: [1, 2]}\n';
    const directory = await workspace({ 'sweep.yaml': sweep });
    const plan = await planned(directory, { overrides: ['service.precise=true'] });
    expect(plan.runs.map(plan.specOf)).toMatchObject([
      { beta: 1, service: { precise: true } },
      { beta: 2, service: { precise: true } },
    ]);
  });

  test('keep a text that looks like a reference and is escaped', async () => {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: references of a spec
    const files = { 'run.yaml': spec('notes: "${model_name}"') };
    const directory = await sweepWorkspace("grid: {stop: [['$${x}']]}\n", files);
    const plan = await planned(directory);
    // biome-ignore lint/suspicious/noTemplateCurlyInString: no reference of a spec
    expect(plan.runs.map(plan.specOf)).toMatchObject([{ stop: ['${x}'], notes: 'a-hub/model' }]);
  });

  test('are replicated by a number of seeds, or by the seeds that are named', async () => {
    const directory = await sweepWorkspace('grid: {lora_rank: [8, 16]}\n', { 'run.yaml': spec('seed: 5') });
    expect(points(await planned(directory))).toEqual([
      { lora_rank: 8, seed: 5 },
      { lora_rank: 16, seed: 5 },
    ]);
    expect(points(await planned(directory, { overrides: ['seeds=2'] }))).toEqual([
      { lora_rank: 8, seed: 0 },
      { lora_rank: 8, seed: 1 },
      { lora_rank: 16, seed: 0 },
      { lora_rank: 16, seed: 1 },
    ]);
    const { runs } = await planned(directory, { overrides: ['seeds=[7, 3]'] });
    expect(runs.map(({ seed }) => seed)).toEqual([7, 3, 7, 3]);
    expect(new Set(runs.map(({ config_hash }) => config_hash)).size).toBe(2);
  });

  test('take overrides for the sweep where it has the field, and for the base elsewhere', async () => {
    const directory = await sweepWorkspace('grid: {lora_rank: [8]}\n');
    const plan = await planned(directory, {
      overrides: ['log_path=elsewhere', 'execution.max_concurrency=4', 'max_steps=6', 'dataset.batch_size=9'],
    });
    expect(plan.log_path).toBe(join(directory, 'elsewhere'));
    expect(plan.fields.execution.max_concurrency).toBe(4);
    expect(plan.runs.map(plan.specOf)).toMatchObject([{ max_steps: 6, dataset: { batch_size: 9 } }]);
  });

  test('have the identity that they would have as runs of their own, whatever the order of the axes', async () => {
    const directory = await sweepWorkspace('grid: {lora_rank: [8, 16], learning_rate: [0.1, 0.2]}\n', {
      'single.yaml': spec('lora_rank: 16', 'learning_rate: 0.1'),
      'other.yaml': `${HEAD}zip: {x: {learning_rate: [0.1, 0.2]}}\ngrid: {lora_rank: [16, 8]}\n`,
    });
    const { runs } = await planned(directory);
    const options = { overrides: [], cwd: directory, env: {} };
    const single = await planRun('single.yaml', options, sweepRegistry());
    expect(runs[2]?.hash).toBe(single.runs[0]?.hash);
    const other = await planned(
      await sweepWorkspace('zip: {x: {learning_rate: [0.1, 0.2]}}\ngrid: {lora_rank: [16, 8]}\n'),
    );
    expect(other.runs.map(({ hash }) => hash).sort()).toEqual(runs.map(({ hash }) => hash).sort());
  });
});

describe('a plan', () => {
  test('of an empty directory runs everything, and says why there is so much of it', async () => {
    const directory = await sweepWorkspace(
      'grid: {learning_rate: [0.1, 0.2, 0.3], lora_rank: [8, 16]}\nseeds: 2\nexclude: [{learning_rate: 0.1, lora_rank: 8}]\ninclude: [{lora_rank: 64}]\n',
      { 'run.yaml': spec('max_steps: 10') },
    );
    expect(textOf(await planned(directory), directory)).toMatchInlineSnapshot(`
      "
      (3 learning_rate × 2 lora_rank − 1 excluded + 1 included) × 2 seeds = 12 runs in DIR/runs/sweep

        12 new  not started

        120 steps

        new      learning_rate=0.1,lora_rank=16,seed=0-da8e01a20fe6
        new      learning_rate=0.1,lora_rank=16,seed=1-eceb30840a9e
        new      learning_rate=0.2,lora_rank=8,seed=0-8832541cd658
        new      learning_rate=0.2,lora_rank=8,seed=1-e8ae6e0abbab
        new      learning_rate=0.2,lora_rank=16,seed=0-bdf263ab7d22
        new      learning_rate=0.2,lora_rank=16,seed=1-c28f290c0811
        new      learning_rate=0.3,lora_rank=8,seed=0-87c503baf1aa
        new      learning_rate=0.3,lora_rank=8,seed=1-b158d3a14ca1
        new      learning_rate=0.3,lora_rank=16,seed=0-7e914825d3fb
        new      learning_rate=0.3,lora_rank=16,seed=1-8ee382913a55
        and 2 more: "plan --all" shows them
      "
    `);
    const plan = await planned(directory);
    const all = planText(plan, summarize(plan, 1), createColors(false), { all: true }).join('\n');
    expect(all.match(/^ {2}new /gm)).toHaveLength(12);
    expect(all).not.toContain('more');
  });

  test('tells every state apart', async () => {
    const directory = await sweepWorkspace('grid: {lora_rank: [1, 2, 3, 4, 5, 6, 7, 8]}\n', {
      'run.yaml': spec('max_steps: 10'),
    });
    const { runs, ...plan } = await planned(directory);
    const at = { started_at: '2026-01-01T00:00:00Z', ended_at: '2026-01-01T00:00:20Z', total_steps: 10 };
    await leave({ runs, ...plan }, runs[0], { state: 'done', step: 10, ...at });
    await leave({ runs, ...plan }, runs[1], { state: 'diverged', step: 3, ...at });
    await leave({ runs, ...plan }, runs[2], { state: 'interrupted', step: 4, ...at });
    await leave({ runs, ...plan }, runs[3], { state: 'running', step: 5, ...at });
    const error = { code: 'DATA_FORMAT', message: 'data.jsonl:3: no "messages"' };
    await leave({ runs, ...plan }, runs[4], { state: 'failed', step: 1, error, ...at });
    const lease = await takeLease(await leave({ runs, ...plan }, runs[5], { state: 'running', step: 2, ...at }));
    await leave({ runs, ...plan }, runs[6], {});
    try {
      const again = await planned(directory);
      expect(states(again)).toEqual(['done', 'done', 'resume', 'resume', 'retry', 'running', 'new', 'new']);
      expect(textOf(again, directory)).toMatchInlineSnapshot(`
        "
        8 lora_rank = 8 runs in DIR/runs/sweep

          2 new      not started
          2 resume   interrupted or killed: to go on from the last checkpoint, if there is one
          1 retry    failed: to be tried again
          1 running  a live process runs it
          2 done     finished: not run again; 1 of them diverged

          48 of 80 steps left, about 1m36s left

          resume   lora_rank=3,seed=0-1c9bdd1ef1f8
          resume   lora_rank=4,seed=0-6542577d9e89
          retry    lora_rank=5,seed=0-4a3b911c476c
                   data.jsonl:3: no "messages"
          running  lora_rank=6,seed=0-c9a4bd501ae5
          new      lora_rank=7,seed=0-a84c6b608c04
          new      lora_rank=8,seed=0-7119b954f923
          done     lora_rank=1,seed=0-167cf3de0351
          done     lora_rank=2,seed=0-da4b02059783
        "
      `);
    } finally {
      await lease.release();
    }
  });

  test('of a sweep that has grown asks for the new points only, whatever the directories are called', async () => {
    const directory = await sweepWorkspace('grid: {learning_rate: [0.1, 0.2]}\n');
    const before = await planned(directory);
    for (const run of before.runs) await leave(before, run, { state: 'done' });
    expect(states(await planned(directory, { overrides: ['grid.learning_rate=[0.1, 0.2, 0.3]'] }))).toEqual([
      'done',
      'done',
      'new',
    ]);
    // The default of lora_rank is 32, so these are the same runs under longer names.
    const grown = await planned(directory, { overrides: ['grid.lora_rank=[32, 64]'] });
    expect(states(grown)).toEqual(['done', 'new', 'done', 'new']);
    expect(grown.orphans).toEqual([]);
  });

  test('is not changed by runtime fields', async () => {
    const directory = await sweepWorkspace('grid: {learning_rate: [0.1, 0.2]}\n');
    const before = await planned(directory);
    for (const run of before.runs) await leave(before, run, { state: 'done' });
    const overrides = ['save_every=7', 'notes=other', 'service.threads=3', 'execution.retries=5', 'name=other'];
    expect(states(await planned(directory, { overrides }))).toEqual(['done', 'done']);
  });

  test('calls a point stale whose data file or base has changed, and says what has', async () => {
    const directory = await sweepWorkspace('grid: {learning_rate: [0.1, 0.2]}\n');
    const before = await planned(directory);
    for (const run of before.runs) await leave(before, run, { state: 'done' });
    await appendFile(join(directory, 'data.jsonl'), '{"messages": []}\n');
    const after = await planned(directory, { overrides: ['max_steps=3'] });
    expect(textOf(after, directory)).toMatchInlineSnapshot(`
      "
      2 learning_rate = 2 runs in DIR/runs/sweep

        2 stale  there, but of other contents or other fields: to be run anew beside it

        6 steps

        stale    learning_rate=0.1,seed=0-ffb73e88fecc
                 DIR/runs/sweep/learning_rate=0.1,seed=0-72ea4b154830: dataset.file_path (its contents have changed), max_steps (null there, 3 here)
        stale    learning_rate=0.2,seed=0-5b1321dfd242
                 DIR/runs/sweep/learning_rate=0.2,seed=0-68253f0d9867: dataset.file_path (its contents have changed), max_steps (null there, 3 here)
      "
    `);
    expect(after.orphans).toEqual([]);
    const narrow = planText(after, summarize(after, 1), createColors(true), { width: 60, command: 'run it' }).map(
      (line) => stripVTControlCharacters(line.replaceAll(directory, 'DIR')),
    );
    expect(narrow.slice(-2)).toEqual(['', '  run it  run what is missing']);
    expect(narrow.slice(-6, -2).join('\n')).toMatchInlineSnapshot(`
      "  stale    learning_rate=0.2,seed=0-5b1321dfd242
                 DIR/runs/sweep/learning_rate=0.2,seed=0-68253f0d9867:
                   dataset.file_path (its contents have changed),
                   max_steps (null there, 3 here)"
    `);
  });

  test('leaves alone what it does not name', async () => {
    const directory = await sweepWorkspace('grid: {learning_rate: [0.1, 0.2]}\n');
    const before = await planned(directory);
    const orphan = await leave(before, before.runs[1], { state: 'done' });
    await mkdir(join(directory, 'runs/sweep/notes'), { recursive: true });
    await writeFile(join(directory, 'runs/sweep/notes/a.txt'), '');
    const after = await planned(directory, { overrides: ['grid.learning_rate=[0.1]'] });
    expect(after.orphans.map((snapshot) => snapshot.directory)).toEqual([orphan]);
    expect(textOf(after, directory)).toMatchInlineSnapshot(`
      "
      1 learning_rate = 1 run in DIR/runs/sweep

        1 new     not started
        1 orphan  there, but no point of this sweep: left alone

        new      learning_rate=0.1,seed=0-72ea4b154830

        orphan  DIR/runs/sweep/learning_rate=0.2,seed=0-68253f0d9867
      "
    `);
  });

  test('shows a damaged run as one to be tried again, with what is wrong', async () => {
    const directory = await sweepWorkspace('grid: {learning_rate: [0.1]}\n');
    const before = await planned(directory);
    const damaged = await leave(before, before.runs[0], { state: 'done' });
    await writeFile(join(damaged, 'run.json'), '{');
    const after = await planned(directory);
    expect(states(after)).toEqual(['retry']);
    expect(planDocument(after, summarize(after, 1)).points[0]?.problem).toMatch(/^run\.json: /);
  });

  test('shows a run whose status is damaged as one that goes on, which it does', async () => {
    const directory = await sweepWorkspace('grid: {learning_rate: [0.1]}\n');
    const before = await planned(directory);
    const damaged = await leave(before, before.runs[0], { state: 'interrupted' });
    await writeFile(join(damaged, 'status.json'), '{');
    const after = await planned(directory);
    expect(states(after)).toEqual(['resume']);
    expect(planDocument(after, summarize(after, 1)).points[0]?.problem).toMatch(/^status\.json: /);
  });

  test('made twice is the same, and so is its document', async () => {
    const directory = await sweepWorkspace('grid: {learning_rate: [0.1, 0.2]}\nseeds: 2\n');
    const [a, b] = [await planned(directory), await planned(directory)];
    expect(planDocument(a, summarize(a, 2))).toEqual(planDocument(b, summarize(b, 2)));
  });

  test('refuses the directory of a single run', async () => {
    const directory = await sweepWorkspace('', { 'runs/sweep/run.json': '{}' });
    await expect(planned(directory)).rejects.toThrow('is the directory of a single run');
  });

  test('of a run tells whether its directory is free, its own, or that of another run', async () => {
    const directory = await workspace({ ...DATA, 'run.yaml': spec('max_steps: 10') });
    const plan = (...overrides: string[]) =>
      planRun('run.yaml', { overrides, cwd: directory, env: {} }, sweepRegistry());
    const fresh = await plan();
    expect(fresh.runs[0]).toMatchObject({ state: 'new', name: 'one', directory: join(directory, 'runs/one') });
    const [run] = fresh.runs;
    if (run === undefined) throw new Error('no run');
    const record = makeRunRecord({
      name: run.name,
      identity: identify(fresh.specOf(run), sweepRegistry(), createDigests()),
      spec: fresh.specOf(run),
      provenance: {
        versions: { cookbook: '0', node: '0', onnxruntime: null, platform: '' },
        git: null,
        codeDiff: null,
      },
      argv: [],
    });
    await createRunDirectory(run.directory, record, null);
    await writeStatus(run.directory, { ...pendingStatus(), state: 'done', attempt: 1 });
    expect((await plan('save_every=3')).runs[0]?.state).toBe('done');
    expect((await plan('learning_rate=0.5')).runs[0]).toMatchObject({
      state: 'stale',
      stale: { directory: run.directory, differences: ['learning_rate (0.0001 there, 0.5 here)'] },
    });
  });
});

describe('an estimate', () => {
  test('goes by the time a step took where steps are known, and shares it among what runs at a time', async () => {
    const directory = await sweepWorkspace('grid: {learning_rate: [0.1, 0.2, 0.3, 0.4, 0.5]}\n', {
      'run.yaml': spec('max_steps: 10'),
    });
    const before = await planned(directory);
    const at = { started_at: '2026-01-01T00:00:00Z', ended_at: '2026-01-01T00:00:20Z', total_steps: 10, step: 10 };
    await leave(before, before.runs[0], { state: 'done', ...at });
    await leave(before, before.runs[1], { state: 'interrupted', ...at, step: 5 });
    const plan = await planned(directory);
    // 35 steps are left, of 2 s each.
    expect(summarize(plan, 1)).toMatchObject({ total_steps: 50, remaining_steps: 35, estimated_seconds: 70 });
    expect(summarize(plan, 2).estimated_seconds).toBe(35);
  });

  test('goes by the run where steps are not known', async () => {
    const directory = await sweepWorkspace('grid: {learning_rate: [0.1, 0.2, 0.3]}\n');
    const before = await planned(directory);
    expect(summarize(before, 1)).toMatchObject({ total_steps: null, remaining_steps: null, estimated_seconds: null });
    const at = { started_at: '2026-01-01T00:00:00Z', ended_at: '2026-01-01T00:00:20Z', total_steps: 10, step: 10 };
    await leave(before, before.runs[0], { state: 'done', ...at });
    expect(summarize(await planned(directory), 1).estimated_seconds).toBe(40);
  });
});

// A run whose input is another run: what is told before it starts, and what makes it another run.

import { renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import pc from 'picocolors';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { builtinRegistry } from '../../src/builtin.ts';
import { makeRunRecord } from '../../src/run/record.ts';
import { createRunDirectory } from '../../src/run_files/directory.ts';
import { createInputs } from '../../src/run_files/weights_reader.ts';
import { identify } from '../../src/spec/identity.ts';
import { planRun, planSweep } from '../../src/sweep/plan.ts';
import { summarize } from '../../src/sweep/plan_summary.ts';
import { planText } from '../../src/sweep/plan_text.ts';
import { formatDiagnostic, SpecError } from '../../src/util/errors.ts';
import { validateCommand } from '../../src/validate/command.ts';
import { temporaryDirectory, writeRun, writeText } from '../report/run_directories.ts';

let cwd: string;
let remove: () => void;
beforeEach(() => {
  [cwd, remove] = temporaryDirectory();
  writeText(join(cwd, 'data.jsonl'), '{}\n');
});
afterEach(() => remove());

function writeSpec(load_checkpoint_path: string): void {
  writeText(
    join(cwd, 'run.yaml'),
    `trainer: supervised
log_path: runs/dpo
model_name: org/model
load_checkpoint_path: ${load_checkpoint_path}
dataset: {builder: conversation_file, file_path: data.jsonl, batch_size: 1}
learning_rate: 1e-4
`,
  );
}

/** A finished run of `data`, with checkpoints on a service. */
function writeProducer(data: string, options: Parameters<typeof writeRun>[1] = {}): void {
  const saved = (name: string, batch: number) => ({
    name,
    batch,
    epoch: 0,
    final: name === 'final',
    state_path: `tinker://run/weights/${name}`,
  });
  writeRun(join(cwd, 'runs/sft'), {
    spec: { model_name: 'org/model', data },
    objective: { metric: 'nll', goal: 'minimize', at: 'last' },
    metrics: [
      { step: 10, nll: 1 },
      { step: 20, nll: 2 },
    ],
    checkpoints: [saved('000010', 10), saved('final', 20)],
    ...options,
  });
}

const options = () => ({ overrides: [], cwd, env: {} });
const plan = () => planRun('run.yaml', options(), builtinRegistry());

async function complaint(attempt: () => Promise<unknown>): Promise<string> {
  try {
    await attempt();
  } catch (error) {
    if (!(error instanceof SpecError)) throw error;
    return error.diagnostics.map(formatDiagnostic).join('\n').replaceAll(`${cwd}/`, '');
  }
  return 'nothing';
}

describe('a producer that cannot be started from', () => {
  it('is told of at its place in the spec, by plan and validate alike', async () => {
    writeSpec('runs/sft');
    writeProducer('a', { state: 'interrupted', step: 15 });
    const unfinished = await complaint(plan);
    expect(unfinished).toMatchInlineSnapshot(
      `"run.yaml:4:23 load_checkpoint_path: runs/sft has not finished (interrupted at step 15). Run it to its end, or name one of its checkpoints: {run: runs/sft, checkpoint: "000010"}."`,
    );
    const { diagnostics } = await validateCommand(['run.yaml'], builtinRegistry, options());
    expect(diagnostics.map(formatDiagnostic).join('\n').replaceAll(`${cwd}/`, '')).toBe(unfinished);
  });

  it('may be deleted, without such a checkpoint, of another model, or no run at all', async () => {
    writeProducer('a');
    const complaints: string[] = [];
    for (const ref of [
      'runs/gone',
      '{run: runs/gone}',
      '{run: runs/sft, checkpoint: "000030"}',
      '/etc',
      '{run: 3}',
      '""',
    ]) {
      writeSpec(ref);
      complaints.push(await complaint(plan));
    }
    writeProducer('a', { spec: { model_name: 'org/other' } });
    writeSpec('runs/sft');
    complaints.push(await complaint(plan));
    expect(complaints.join('\n')).toMatchInlineSnapshot(`
      "run.yaml:4:23 load_checkpoint_path: there is no such file or directory: runs/gone
      run.yaml:4:29 load_checkpoint_path/run: there is no such file or directory: runs/gone; train that run first, or say where it is: load_checkpoint_path.run=DIR
      run.yaml:4:23 load_checkpoint_path: runs/sft has no checkpoint "000030". It has 000010, final.
      run.yaml:4:23 load_checkpoint_path: /etc is neither a run nor a model. Name a run directory (it has a run.json), a model directory (it has a config.json), a GGUF file, or a model of the hub as ORG/NAME.
      run.yaml:4:29 load_checkpoint_path/run: expected a text that is not empty; got 3
      run.yaml:4:23 load_checkpoint_path: expected a text that is not empty; got the text ""
      run.yaml:4:23 load_checkpoint_path: runs/sft was trained on org/other, and model_name is another model: org/model"
    `);
  });

  it('is told of once by a sweep over it', async () => {
    writeProducer('a');
    writeSpec('null');
    writeText(
      join(cwd, 'sweep.yaml'),
      `base: run.yaml
log_path: runs/sweep
seeds: 2
grid:
  load_checkpoint_path: [{run: runs/sft, checkpoint: best}, runs/sft, {run: runs/sft, checkpoint: none}]
`,
    );
    expect(await complaint(() => planSweep('sweep.yaml', options(), builtinRegistry()))).toMatchInlineSnapshot(
      `"sweep.yaml:5:71 grid/load_checkpoint_path/2: runs/sft has no checkpoint "none". It has 000010, final."`,
    );
  });
});

describe('a run that starts from the best checkpoint of another', () => {
  async function planned() {
    const found = await plan();
    const lines = planText(found, summarize(found, 1), pc.createColors(false)).join('\n');
    return { state: found.runs[0]?.state, hash: found.runs[0]?.hash, lines: lines.replaceAll(`${cwd}/`, '') };
  }

  async function create(): Promise<void> {
    const found = await plan();
    const [run] = found.runs;
    if (run === undefined) throw new Error('no run');
    const spec = found.specOf(run);
    const provenance = {
      versions: { cookbook: '1', node: '1', onnxruntime: null, platform: 'p' },
      git: null,
      codeDiff: null,
    };
    const identity = identify(spec, builtinRegistry(), createInputs());
    await createRunDirectory(spec.log_path, makeRunRecord({ name: 'dpo', identity, spec, provenance, argv: [] }), null);
  }

  it('is the same run whatever becomes of the directory, the logs and the last steps of the other', async () => {
    writeSpec('{run: runs/sft, checkpoint: best}');
    writeProducer('a');
    const { hash } = await planned();
    writeText(join(cwd, 'runs/sft/logs.log'), 'more');
    renameSync(join(cwd, 'runs/sft'), join(cwd, 'runs/moved'));
    writeSpec('{run: runs/moved, checkpoint: best}');
    expect((await planned()).hash).toBe(hash);
    writeSpec('{run: runs/moved, checkpoint: "000010"}');
    expect((await planned()).hash).toBe(hash);
    writeSpec('runs/moved');
    expect((await planned()).hash).not.toBe(hash);
  });

  it('is stale once the other has been run on other data, and the plan says so', async () => {
    writeSpec('{run: runs/sft, checkpoint: best}');
    writeProducer('a');
    await create();
    expect((await planned()).state).toBe('new');
    rmSync(join(cwd, 'runs/sft'), { recursive: true });
    writeProducer('b');
    const { state, lines } = await planned();
    expect(state).toBe('stale');
    expect(lines).toMatchInlineSnapshot(`
      "1 run in runs/dpo

        1 stale  another run lies there: "run" asks before it deletes it

        stale    dpo
                 runs/dpo: load_checkpoint_path (made by run 33f2e3da386a at step 10 there, by run 5393de74d07c at step 10 here)"
    `);
  });
});

// Which weights a reference means, and what it says of those that are not there.

import { cpSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { WeightsRef } from '../../src/registry/fields.ts';
import { createWeightsReader } from '../../src/run_files/weights_reader.ts';
import { locateWeights, type ResolveOptions } from '../../src/run_files/weights_reference.ts';
import { CookbookError } from '../../src/util/errors.ts';
import type { JsonObject } from '../../src/util/json.ts';
import { temporaryDirectory, writePythonRun, writeRun, writeText } from '../report/run_directories.ts';

let directory: string;
let remove: () => void;
beforeEach(() => {
  [directory, remove] = temporaryDirectory();
});
afterEach(() => remove());

const SAMPLE: ResolveOptions = { purpose: 'sample', unfinished: 'newest' };
const TRAIN: ResolveOptions = { purpose: 'train', unfinished: 'refuse' };

/** Where the weights are, in the directory; or all that is said of why there are none. */
function found(ref: WeightsRef, options = TRAIN): string {
  try {
    const { model_path, base_model = '' } = locateWeights(ref, options);
    return (model_path ?? `model ${base_model}`).replaceAll(`${directory}/`, '');
  } catch (error) {
    if (!(error instanceof CookbookError)) throw error;
    return `${error.message}\n${error.hint ?? ''}`.trim().replaceAll(`${directory}/`, '');
  }
}

const objective = { metric: 'nll', goal: 'minimize', at: 'last' } as const;

/** A run with checkpoints before its steps 10 and 20 and at its end, a rolling one between, and the best loss at step 10. */
function writeProducer(name: string, options: Parameters<typeof writeRun>[1] = {}): string {
  const saved = (checkpoint: string, batch: number, flags: { final?: boolean; rolling?: boolean } = {}) => {
    for (const kind of ['weights', 'sampler_weights']) {
      mkdirSync(join(directory, name, 'checkpoints', kind, checkpoint), { recursive: true });
    }
    const state_path = `tinker://local/weights/${checkpoint}`;
    const sampler_path = `tinker://local/sampler_weights/${checkpoint}`;
    return { name: checkpoint, batch, epoch: 0, ...flags, state_path, ...(flags.rolling ? {} : { sampler_path }) };
  };
  return writeRun(join(directory, name), {
    objective,
    metrics: [5, 3, 4, 6].map((nll, i) => ({ step: 10 * i, nll })),
    checkpoints: [
      saved('000010', 10),
      saved('000015', 15, { rolling: true }),
      saved('000020', 20),
      saved('final', 30, { final: true }),
    ],
    ...options,
  });
}

describe('a finished run', () => {
  it('means its last weights: the state to train on from, the weights for sampling to sample from', () => {
    const run = writeProducer('a');
    expect(found(run)).toBe('a/checkpoints/weights/final');
    expect(found(run, SAMPLE)).toBe('a/checkpoints/sampler_weights/final');
    expect(locateWeights(run, TRAIN)).toMatchObject({ batch: 30, description: 'a, as it ended' });
  });

  it('is asked for a checkpoint whose name is misspelt', () => {
    const run = writeProducer('a');
    expect(found({ run, checkpoint: 'fianl' })).toContain('a has no checkpoint "fianl"; did you mean "final"?');
  });

  it('gives the checkpoint that is asked for', () => {
    const run = writeProducer('a');
    const checkpoint = (name: string) => found({ run, checkpoint: name });
    expect(checkpoint('final')).toBe('a/checkpoints/weights/final');
    expect(checkpoint('000020')).toBe('a/checkpoints/weights/000020');
    expect(checkpoint('best')).toBe('a/checkpoints/weights/000010');
    expect(checkpoint('000015')).toMatchInlineSnapshot(`
      "a has no checkpoint "000015"
      It has 000010, 000020, final."
    `);
  });

  it('is found where it lies now', () => {
    renameSync(writeProducer('a'), join(directory, 'b'));
    expect(found(join(directory, 'b'))).toBe('b/checkpoints/weights/final');
  });

  it('says which weights have been deleted', () => {
    const run = writeProducer('a');
    rmSync(join(run, 'checkpoints/weights/final'), { recursive: true });
    expect(found(run)).toMatchInlineSnapshot(`
      "the weights of a/checkpoints/weights/final have been deleted
      Name another checkpoint of the run, or run it again."
    `);
  });

  it('leads to nothing outside of itself', () => {
    const state_path = 'tinker://local/../../outside';
    const run = writeProducer('a', { checkpoints: [{ name: 'final', batch: 1, epoch: 0, final: true, state_path }] });
    mkdirSync(join(directory, 'outside'));
    expect(found(run)).toMatchInlineSnapshot(
      `"a: checkpoints.jsonl names "tinker://local/../../outside", which is no checkpoint"`,
    );
  });
});

describe('the best checkpoint', () => {
  it('is judged by what the trainer declares where no sweep says anything', () => {
    const headline: JsonObject = { metric: 'nll', goal: 'maximize', label: 'loss' };
    const run = writeProducer('a', { objective: null });
    expect(found({ run, checkpoint: 'best' })).toMatchInlineSnapshot(`
      "a does not say what its best checkpoint is judged by
      Name one of its checkpoints: 000010, 000020, final."
    `);
    const record = JSON.parse(JSON.stringify(locateWeights(run, TRAIN).run?.record));
    writeText(join(run, 'run.json'), JSON.stringify({ ...record, headline }));
    expect(found({ run, checkpoint: 'best' })).toBe('a/checkpoints/weights/final');
    writeText(join(run, 'run.json'), JSON.stringify({ ...record, headline: [{ ...headline, goal: 'minimize' }] }));
    expect(found({ run, checkpoint: 'best' })).toBe('a/checkpoints/weights/000010');
  });

  it('is none where nothing was measured', () => {
    const run = writeProducer('a', { metrics: [{ step: 0, nll: 'NaN' }] });
    expect(found({ run, checkpoint: 'best' })).toMatchInlineSnapshot(`
      "a has logged no nll for any of its checkpoints, so none is the best
      Name one of them: 000010, 000020, final."
    `);
  });
});

describe('a run that has not finished', () => {
  it('gives the checkpoint that is named, and no other to one that must stay the same', () => {
    const run = writeProducer('a', { state: 'interrupted', step: 25 });
    expect(found(run)).toMatchInlineSnapshot(`
      "a has not finished (interrupted at step 25)
      Run it to its end, or name one of its checkpoints: {run: a, checkpoint: "000020"}."
    `);
    expect(found({ run, checkpoint: 'best' })).toContain('has not finished');
    expect(found({ run, checkpoint: '000020' })).toBe('a/checkpoints/weights/000020');
    expect(found(writeRun(join(directory, 'new'), { state: 'pending' }))).toMatchInlineSnapshot(`
      "new has not finished (pending)
      Run it to its end."
    `);
  });

  it('gives its newest to who wants to talk to it', () => {
    const run = writeProducer('a', { state: 'running' });
    expect(found(run, SAMPLE)).toBe('a/checkpoints/sampler_weights/final');
  });
});

describe('a run whose log of checkpoints is lost', () => {
  const run = (name: string, checkpoints: string[]) => {
    const path = join(directory, name);
    mkdirSync(path);
    writeFileSync(join(path, 'run.json'), '{}');
    for (const checkpoint of checkpoints)
      mkdirSync(join(path, 'checkpoints/sampler_weights', checkpoint), { recursive: true });
    return path;
  };

  it('means the final checkpoint, else the newest that is whole, else the one that is named', () => {
    expect(found(run('done', ['000010', 'final', '000020']), SAMPLE)).toBe('done/checkpoints/sampler_weights/final');
    const path = run('stopped', ['000010', '000020', '000030.77.tmp']);
    const named = (checkpoint: string) => found({ run: path, checkpoint }, SAMPLE);
    expect(found(path, SAMPLE)).toBe('stopped/checkpoints/sampler_weights/000020');
    expect(named('000010')).toBe('stopped/checkpoints/sampler_weights/000010');
    expect(named('final')).toMatchInlineSnapshot(`
      "stopped has no checkpoint "final"
      It has 000010, 000020."
    `);
    expect(named('000030.77.tmp')).toContain('has no checkpoint');
  });

  it('that has saved nothing yet, that is said', () => {
    expect(found(run('new', []), SAMPLE)).toMatchInlineSnapshot(`
      "new: this run has saved no weights yet
      Run it until its first checkpoint (save_every), or to its end."
    `);
  });
});

describe('a directory of runs', () => {
  it('has the weights of each: that of a sweep says which run is the best', () => {
    writeText(join(directory, 'grid/sweep.json'), JSON.stringify({ objective }));
    for (const [rate, losses] of [
      [0.1, [2, 6]],
      [0.2, [3, 2.5]],
    ] as const) {
      losses.forEach((nll, seed) => {
        const metrics = [{ step: 0, nll }];
        writeRun(join(directory, `grid/rate=${rate},seed=${seed}`), { axes: { rate }, seed, metrics });
      });
    }
    expect(found(join(directory, 'grid'))).toMatchInlineSnapshot(`
      "grid is a sweep of 4 runs, not one run
      Name one of them. The best by nll is grid/rate=0.2,seed=1"
    `);
    expect(found({ run: join(directory, 'grid'), checkpoint: 'best' })).toBe(found(join(directory, 'grid')));
  });

  it('that is no sweep has one as good as the other', () => {
    writeRun(join(directory, 'runs/a'));
    writeRun(join(directory, 'runs/b'));
    expect(found(join(directory, 'runs'))).toMatchInlineSnapshot(`
      "runs is a directory of 2 runs, not one run
      Name one of them, such as runs/a"
    `);
  });
});

describe('what is no run', () => {
  it('is an adapter, a checkpoint, a model, a name on the hub or an address', () => {
    writeText(join(directory, 'adapter/adapter_config.json'), '{}');
    writeText(join(directory, 'model/config.json'), '{}');
    writeText(join(directory, 'model.gguf'), '');
    expect(['adapter', 'model', 'model.gguf'].map((name) => found(join(directory, name)))).toEqual([
      'adapter',
      'model model',
      'model model.gguf',
    ]);
    expect(found('Qwen/Qwen3-0.6B')).toBe('model Qwen/Qwen3-0.6B');
    expect(found('tinker://run-1/weights/final')).toBe('tinker://run-1/weights/final');
  });

  it('has no checkpoints', () => {
    writeText(join(directory, 'adapter/adapter_config.json'), '{}');
    expect(found({ run: join(directory, 'adapter'), checkpoint: '000010' })).toMatchInlineSnapshot(
      `"adapter is no run directory, so it has no checkpoint "000010""`,
    );
    expect(found({ run: join(directory, 'nowhere'), checkpoint: 'final' })).toMatchInlineSnapshot(
      `"there is no run nowhere"`,
    );
  });

  it('is told of where it is neither', () => {
    expect(
      ['/etc', '/dev/zero', '/nowhere', 'nowhere', 'tinker://local/weights/final'].map((ref) => found(ref)),
    ).toMatchInlineSnapshot(`
      [
        "/etc is neither a run nor a model
      Name a run directory (it has a run.json), a model directory (it has a config.json), a GGUF file, or a model of the hub as ORG/NAME.",
        "/dev/zero is neither a run nor a model
      Name a run directory (it has a run.json), a model directory (it has a config.json), a GGUF file, or a model of the hub as ORG/NAME.",
        "there is no run and no model /nowhere
      Name a run directory (it has a run.json), a model directory (it has a config.json), a GGUF file, or a model of the hub as ORG/NAME.",
        "there is no run and no model nowhere
      Name a run directory (it has a run.json), a model directory (it has a config.json), a GGUF file, or a model of the hub as ORG/NAME.",
        "tinker://local/weights/final means a checkpoint of whichever run reads it
      Name the run instead: its directory, or {run: DIR, checkpoint: NAME}.",
      ]
    `);
  });

  it('may be a run of the Python cookbook, whose weights lie on its service', () => {
    const state_path = 'tinker://run-1/weights/final';
    const run = writePythonRun(
      join(directory, 'p'),
      { model_name: 'm' },
      [],
      [{ name: 'final', batch: 9, state_path }],
    );
    expect(found(run)).toBe(state_path);
    expect(createWeightsReader().identity(run)).toBe(state_path);
  });
});

describe('the identity of weights', () => {
  const identity = (ref: WeightsRef) => createWeightsReader().identity(ref);

  it('is what made them and their step', () => {
    const run = writeProducer('a', { spec: { data: 1 } });
    expect(identity({ run, checkpoint: 'best' })).toMatch(/^run:[0-9a-f]{12}@10$/);
    expect(identity({ run, checkpoint: '000010' })).toBe(identity({ run, checkpoint: 'best' }));
    expect(identity(run)).toBe(identity({ run, checkpoint: 'final' }));
  });

  it('survives a copy, a move, the logs and the end of rolling checkpoints; other data make other weights', () => {
    const ref = (name: string) => ({ run: join(directory, name), checkpoint: 'best' });
    writeProducer('a', { spec: { data: 1 } });
    const before = identity(ref('a'));
    cpSync(join(directory, 'a'), join(directory, 'copy'), { recursive: true });
    expect(identity(ref('copy'))).toBe(before);
    renameSync(join(directory, 'a'), join(directory, 'moved'));
    writeText(join(directory, 'moved/logs.log'), 'more');
    writeText(join(directory, 'moved/timing_spans.jsonl'), '{}\n');
    rmSync(join(directory, 'moved/checkpoints/weights/000015'), { recursive: true });
    expect(identity(ref('moved'))).toBe(before);
    writeProducer('a', { spec: { data: 2 } });
    expect(identity(ref('a'))).not.toBe(before);
  });

  it('is of a bare directory that of the files that are weights', () => {
    const path = join(directory, 'adapter');
    writeText(join(path, 'adapter_config.json'), '{}');
    writeText(join(path, 'adapter_model.safetensors'), 'weights');
    const before = identity(path);
    for (const name of ['README.md', 'optimizer.safetensors', 'trainer_state.json', 'logs.log', 'sub/x.txt']) {
      writeText(join(path, name), 'other');
    }
    expect(identity(path)).toBe(before);
    for (const name of ['adapter_model.safetensors', 'adapter_config.json', 'tokenizer.json', 'chat_template.jinja']) {
      const one = identity(path);
      writeText(join(path, name), `other ${name}`);
      expect(identity(path), name).not.toBe(one);
    }
  });
});

describe('weights of another model', () => {
  it('are told of, unless it is the same in another place', () => {
    const reader = createWeightsReader();
    const config = { trainer: 'supervised', model_name: 'org/one' };
    const run = writeProducer('a', { spec: config });
    expect(reader.problem(run, 'org/one')).toBeNull();
    expect(reader.problem(run, null)).toBeNull();
    expect(reader.problem(run, 'org/two')?.replaceAll(`${directory}/`, '')).toMatchInlineSnapshot(
      `"a was trained on org/one, and model_name is another model: org/two"`,
    );
  });
});

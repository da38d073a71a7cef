import { join } from 'node:path';
import { Type } from '@sinclair/typebox';
import { describe, expect, it } from 'vitest';
import { defineBuilder } from '../../src/registry/builder.ts';
import { nullable, weights } from '../../src/registry/fields.ts';
import { createDigests } from '../../src/spec/digests.ts';
import { loadDocument } from '../../src/spec/load.ts';
import { resolveDocument, type Stage } from '../../src/spec/pipeline.ts';
import { type IdentifiedStage, identifyStages } from '../../src/spec/stage_identity.ts';
import { trainerSlot } from '../../src/training/types.ts';
import { messageOf } from '../../src/util/errors.ts';
import { supervisedParams, toyRegistry } from './toys.ts';
import { DATA, workspace } from './workspace.ts';

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
const registry = toyRegistry(supervised);

const run = (name: string, fields = '') =>
  `  ${name}: {trainer: supervised, model_name: hub/a, dataset: {builder: conversation_file, file_path: data.jsonl, batch_size: 2}${fields}}\n`;

// biome-ignore lint/suspicious/noTemplateCurlyInString: a reference of a spec
const NOTES = ', notes: "${stages.a.model_name}"';
/** `b` starts from `a`, and `c` from `b`; the last one stands first. */
const SPEC = `log_path: runs/all\nseed: 4\nstages:\n${run('c', `${NOTES}, load_checkpoint_path: {stage: b}`)}${run('a')}${run('b', ', load_checkpoint_path: {stage: a, checkpoint: best}')}`;

async function stagesOf(text: string, files = {}): Promise<{ directory: string; stages: readonly Stage[] }> {
  const directory = await workspace({ ...DATA, 'run.yaml': text, ...files });
  const document = await loadDocument('run.yaml', { overrides: [], cwd: directory, env: {} });
  return { directory, stages: resolveDocument(document, registry, directory) };
}

async function identified(text: string, files = {}): Promise<IdentifiedStage[]> {
  return identifyStages((await stagesOf(text, files)).stages, registry, createDigests());
}

async function complaint(text: string): Promise<string> {
  try {
    await stagesOf(text);
  } catch (error) {
    return messageOf(error);
  }
  return 'nothing is wrong';
}

describe('stages', () => {
  it('come in an order in which each stands behind those that it starts from', async () => {
    const { directory, stages } = await stagesOf(SPEC);
    expect(stages.map(({ name, after }) => [name, after])).toEqual([
      ['a', []],
      ['b', ['a']],
      ['c', ['b']],
    ]);
    expect(stages.map(({ spec }) => spec.load_checkpoint_path)).toEqual([
      null,
      { run: join(directory, 'runs/all/a'), checkpoint: 'best' },
      { run: join(directory, 'runs/all/b'), checkpoint: 'final' },
    ]);
  });

  it('lie under the log_path of the whole, and have its seed and service unless they name their own', async () => {
    const text = `log_path: runs/all\nseed: 4\nservice: {builder: local, threads: 2}\nstages:\n${run('a')}${run('b', ', seed: 7')}`;
    const { directory, stages } = await stagesOf(text);
    expect(stages.map(({ spec: { log_path, seed, service } }) => ({ log_path, seed, service }))).toMatchObject([
      { log_path: join(directory, 'runs/all/a'), seed: 4, service: { threads: 2 } },
      { log_path: join(directory, 'runs/all/b'), seed: 7, service: { threads: 2 } },
    ]);
  });

  it('may extend the spec of a run, whose own place is left out', async () => {
    const text = 'log_path: runs/all\nstages: {a: {extends: below/one.yaml, lora_rank: 3}}\n';
    const one = `log_path: runs/one\nif_exists: delete\n${run('x')
      .replace(/^ {2}x: \{|\}$/gm, '')
      .replaceAll(/, (?=\w+:)(?![^{]*\})/g, '\n')}\n`;
    const { directory, stages } = await stagesOf(text, { 'below/one.yaml': one, 'below/data.jsonl': '' });
    expect(stages[0]?.spec).toMatchObject({
      log_path: join(directory, 'runs/all/a'),
      if_exists: 'ask',
      lora_rank: 3,
      dataset: { file_path: join(directory, 'below/data.jsonl') },
    });
  });

  it('are known by what they start from before that has run', async () => {
    const [a, b, c] = await identified(SPEC);
    expect(b?.identity.config.load_checkpoint_path).toBe(`run:${a?.identity.hash}@best`);
    expect(c?.identity.config.load_checkpoint_path).toBe(`run:${b?.identity.hash}@final`);
  });

  it('are all others where the data of the first one change', async () => {
    const before = await identified(SPEC);
    const after = await identified(SPEC, { 'data.jsonl': 'others\n' });
    const kept = before.filter(({ identity }, i) => identity.hash === after[i]?.identity.hash);
    expect(kept).toEqual([]);
  });

  it('are replicates of one configuration where nothing but the seed of the whole differs', async () => {
    const [first, second] = await Promise.all(
      [SPEC, SPEC.replace('seed: 4', 'seed: 5')].map((text) => identified(text)),
    );
    expect(first?.map(({ identity }) => identity.config_hash)).toEqual(
      second?.map(({ identity }) => identity.config_hash),
    );
    expect(first?.map(({ identity }) => identity.hash)).not.toEqual(second?.map(({ identity }) => identity.hash));
  });

  it('are no replicates where a stage that they start from has another seed of its own', async () => {
    const pinned = (seed: number) =>
      `log_path: runs/all\nstages:\n${run('a', `, seed: ${seed}`)}${run('b', ', load_checkpoint_path: {stage: a}')}`;
    const [first, second] = await Promise.all([identified(pinned(1)), identified(pinned(2))]);
    expect(first[1]?.identity.config_hash).not.toBe(second[1]?.identity.config_hash);
  });
});

describe('a reference in a stage', () => {
  // biome-ignore-start lint/suspicious/noTemplateCurlyInString: references of a spec
  it('is to the field of its own stage, else to that of the whole', async () => {
    const text = `log_path: x\nseed: 4\nstages:\n${run('a', ', seed: 5, lora_rank: "${seed}"')}${run('b', ', lora_rank: "${seed}"')}`;
    const { stages } = await stagesOf(text);
    expect(stages.map(({ spec: { lora_rank } }) => lora_rank)).toEqual([5, 4]);
  });

  it('builds on what stands beside the stages', async () => {
    const text = `log_path: x\nservice: {builder: local, threads: 3}\nseed: 4\nstages:\n${run('a', ', seed: "${seed}", service: {builder: local, threads: "${service.threads}"}')}`;
    const { stages } = await stagesOf(text);
    expect(stages[0]?.spec).toMatchObject({ seed: 4, service: { threads: 3 } });
  });

  it('that leads back to itself is told as a circle', async () => {
    const text = `log_path: x\nstages:\n${run('a', ', lora_rank: "${seed}", seed: "${lora_rank}"')}`;
    expect(await complaint(text)).toContain(
      'refers to itself: stages.a.lora_rank → stages.a.seed → stages.a.lora_rank',
    );
  });

  it('means in a file that the stage extends what it means to that file alone', async () => {
    const below = `trainer: supervised\nmodel_name: hub/a\nlog_path: y\nnotes: "\${dataset.batch_size} of \${model_name}"\ndataset: {builder: conversation_file, file_path: data.jsonl, batch_size: 2}\n`;
    const { stages } = await stagesOf('log_path: x\nstages: {a: {extends: below.yaml}}\n', { 'below.yaml': below });
    expect(stages[0]?.spec.notes).toBe('2 of hub/a');
  });
  // biome-ignore-end lint/suspicious/noTemplateCurlyInString: references of a spec
});

it('a field of a stage that is not there cannot be set from the command line', async () => {
  const directory = await workspace({ ...DATA, 'run.yaml': SPEC });
  const loading = loadDocument('run.yaml', { overrides: ['stages.aa.seed=1'], cwd: directory, env: {} });
  await expect(loading.catch((error) => messageOf(error))).resolves.toContain(
    'stages/aa/seed: there is no stage "aa"; did you mean "a"?',
  );
});

describe('what is wrong with stages is told where it stands:', () => {
  const cases: [string, string, string][] = [
    ['none at all', 'log_path: x\nstages: {}\n', 'run.yaml:2:9 stages: expected at least one stage'],
    ['no mapping', 'log_path: x\nstages: [a]\n', 'run.yaml:2:9 stages: expected a mapping; got a list'],
    [
      'a stage that is a text',
      'log_path: x\nstages: {a: sft.yaml}\n',
      'run.yaml:2:13 stages/a: expected a run spec, which is a mapping of fields; got the text "sft.yaml"',
    ],
    [
      'a name that is a path',
      `log_path: x\nstages:\n${run('"../a"')}`,
      'run.yaml:3:3 stages/../a: a stage is named by a letter and up to 39 letters, digits, "-" and "_": a directory bears the name',
    ],
    [
      'a log_path of its own',
      `log_path: x\nstages:\n${run('a', ', log_path: y')}`,
      'run.yaml:3:124 stages/a/log_path: a stage lies under the log_path of the whole spec, in a directory of its name',
    ],
    [
      'fields of a run beside them',
      `log_path: x\nlearning_rate: 1\nstages:\n${run('a')}`,
      'run.yaml:2:1 learning_rate: the fields of a run stand in its stage: write stages.a.learning_rate',
    ],
    [
      'a stage that is not there',
      `log_path: x\nstages:\n${run('sft')}${run('b', ', load_checkpoint_path: {stage: stf}')}`,
      'run.yaml:4:154 stages/b/load_checkpoint_path/stage: there is no stage "stf"; did you mean "sft"?',
    ],
    [
      'a run and a stage',
      `log_path: x\nstages:\n${run('a')}${run('b', ', load_checkpoint_path: {stage: a, run: y}')}`,
      'run.yaml:4:157 stages/b/load_checkpoint_path/run: name a run or a stage, not both',
    ],
    [
      'a circle',
      `log_path: x\nstages:\n${run('a', ', load_checkpoint_path: {stage: b}')}${run('b', ', load_checkpoint_path: {stage: a}')}`,
      'run.yaml:3:146 stages/a/load_checkpoint_path: stages start from one another in a circle: a → b → a',
    ],
    [
      'another model',
      `log_path: x\nstages:\n${run('a')}${run('b', ', load_checkpoint_path: {stage: a}').replace('hub/a', 'hub/b')}`,
      'run.yaml:4:146 stages/b/load_checkpoint_path: the stage a trains hub/a, and model_name is another model: hub/b',
    ],
    [
      'a wrong field that all of them inherit, once',
      `log_path: x\nseed: -1\nstages:\n${run('a')}${run('b')}`,
      'run.yaml:2:7 seed: expected a whole number from 0 to 4294967295; got -1',
    ],
  ];
  it.each(cases)('%s', async (_, text, message) => {
    expect(await complaint(text)).toBe(message);
  });

  it('a stage named by a run that has none beside it', async () => {
    const text = `log_path: x\n${run('a', ', load_checkpoint_path: {stage: b}')
      .replace(/^ {2}a: \{|\}$/gm, '')
      .replaceAll(/, (?=\w+:)(?![^{]*\})/g, '\n')}`;
    expect(await complaint(text)).toContain('this spec has no stages; name a run, as {run: DIR}');
  });
});

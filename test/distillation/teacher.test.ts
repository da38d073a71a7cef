// Teachers on a real engine: the same model, the same with other weights, another one, and one that cannot teach.

import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { builtinRegistry } from '../../src/builtin.ts';
import { openTeacher, type TeacherContext } from '../../src/distillation/teacher.ts';
import type { TeacherConfig } from '../../src/distillation/teacher_fields.ts';
import { openLocalService } from '../../src/engine/engine.ts';
import { type Make, reference } from '../../src/registry/slot.ts';
import type { ServiceClient } from '../../src/tinker/clients.ts';
import { serviceSlot } from '../../src/tinker/service.ts';
import { modelInputFromTokens } from '../../src/tinker/types.ts';
import { loadTokenizer } from '../../src/tokenizers/hf_tokenizer.ts';
import type { TrainingEvent } from '../../src/training/types.ts';
import { ConfigurationError } from '../../src/util/errors.ts';
import type { JsonObject } from '../../src/util/json.ts';
import { writeChatModel } from '../support/chat_model.ts';
import { writeRandomModel } from '../support/random_model.ts';
import { tinyTokenizerJson } from '../support/tiny_tokenizer.ts';

let directory: string;
let service: ServiceClient;
const events: TrainingEvent[] = [];
const made: JsonObject[] = [];

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cookbook-teacher-'));
  await writeChatModel(join(directory, 'student'));
  await writeChatModel(join(directory, 'long'), 256);
});

beforeEach(() => {
  events.length = 0;
  made.length = 0;
  service = serviceIn('student_run');
});
afterEach(() => service.close());

const serviceIn = (name: string) =>
  openLocalService({
    checkpoints: join(directory, name),
    threads: 1,
    microbatchTokens: 256,
    seed: 0,
    notify: () => undefined,
  });

const make: Make = async (ref, context) => {
  made.push(ref);
  return await builtinRegistry().make(ref, context);
};

async function open(config: Partial<TeacherConfig>, weights: JsonObject = {}) {
  const model_name = join(directory, 'student');
  const student = { model_name, tokenizer: await loadTokenizer(model_name) };
  const context: TeacherContext = {
    service,
    logPath: join(directory, 'run'),
    seed: 0,
    emit: (event) => events.push(event),
    resolveWeights: async () => ({ description: 'a run, as it ended', ...weights }),
  };
  const whole = { model_name: null, load_checkpoint_path: null, service: null, ...config };
  return await openTeacher(whole, student, context, { make, field: 'teacher' });
}

const PROMPT = modelInputFromTokens([5, 6, 7, 8]);

/** A model whose tokenizer was changed. */
async function modelWith(name: string, change: (json: ReturnType<typeof tinyTokenizerJson>) => void) {
  const model = await writeChatModel(join(directory, name));
  const json = structuredClone(tinyTokenizerJson());
  change(json);
  await writeFile(join(model, 'tokenizer.json'), JSON.stringify(json));
  return model;
}

describe('a teacher', () => {
  it('is the model of the student unless another is named', async () => {
    const teacher = await open({});
    const model = await service.createSamplingClient({ base_model: join(directory, 'student') });
    expect(await teacher.client.computeLogprobs(PROMPT)).toEqual(await model.computeLogprobs(PROMPT));
    expect(teacher.maxContextLength).toBe(128);
  });

  it('is another model, whose context may be longer', async () => {
    const teacher = await open({ model_name: join(directory, 'long') });
    expect(teacher.maxContextLength).toBe(256);
    expect(events).toEqual([]);
  });

  it('has the weights that a checkpoint names', async () => {
    const training = await service.createLoraTrainingClient({ base_model: join(directory, 'student'), rank: 4 });
    const { path } = await (await training.saveWeightsForSampler('taught')).result();
    const teacher = await open({ load_checkpoint_path: 'taught' }, { model_path: path });
    expect(teacher.description).toBe('a run, as it ended');
    expect((await teacher.client.getInfo()).lora_rank).toBe(4);
    expect(events).toEqual([]);
  });

  it('is the model that its weights are of; another model_name is warned of', async () => {
    const training = await service.createLoraTrainingClient({ base_model: join(directory, 'long'), rank: 4 });
    const { path } = await (await training.saveWeightsForSampler('taught')).result();
    const config = { model_name: join(directory, 'student'), load_checkpoint_path: 'taught' };
    expect((await open(config, { model_path: path })).maxContextLength).toBe(256);
    expect(events).toEqual([{ type: 'warning', message: expect.stringMatching(/trained on .*long, .*student$/) }]);
  });

  it('runs on a service of its own, which it closes', async () => {
    const teacher = await open({ service: reference(serviceSlot, { builder: 'local', threads: 1 }) });
    await service.close();
    expect(await teacher.client.computeLogprobs(PROMPT)).toHaveLength(4);
    expect(made).toMatchObject([{ builder: 'local' }]);
    await teacher.close();
    await expect(teacher.client.computeLogprobs(PROMPT)).rejects.toThrow();
  });

  it('may split words otherwise, as long as ids mean the same', async () => {
    const model_name = await modelWith('unmerged', ({ model }) => {
      model.merges = model.merges.slice(0, -1);
    });
    expect((await open({ model_name })).maxContextLength).toBe(128);
  });
});

/** What is said of such a teacher, without the directory. */
async function refusal(model_name: string): Promise<string> {
  const error = await open({ model_name }).catch((error: unknown) => error);
  return error instanceof ConfigurationError ? formatError(error) : String(error);
}

const formatError = ({ message, hint }: ConfigurationError) => `${message}\n${hint}`.replaceAll(`${directory}/`, '');

describe('a teacher with another tokenizer is refused', () => {
  it('with tokens that have changed places', async () => {
    const model_name = await modelWith('swapped', ({ model: { vocab } }) => {
      Object.assign(vocab, { hello: vocab.he, he: vocab.hello });
    });
    expect(await refusal(model_name)).toMatchInlineSnapshot(`
      "teacher: teacher and student have different tokenizers: the teacher swapped has 274 tokens, the student student has 274 tokens, and 2 ids mean another token: 256 is "hello" to the teacher and "he" to the student, 259 is "he" to the teacher and "hello" to the student
      A teacher scores the tokens of its student by their ids: take two models of one family."
    `);
  });

  it('with a token more', async () => {
    const model_name = await modelWith('more', ({ added_tokens }) => {
      added_tokens.push({ ...added_tokens[0], id: 274, content: '<|think|>' });
    });
    await writeRandomModel(model_name, { vocab_size: 275 });
    expect(await refusal(model_name)).toMatchInlineSnapshot(`
      "teacher: teacher and student have different tokenizers: the teacher more has 275 tokens, the student student has 274 tokens, and 1 id means another token: 274 is "<|think|>" to the teacher and nothing to the student
      A teacher scores the tokens of its student by their ids: take two models of one family."
    `);
  });
});

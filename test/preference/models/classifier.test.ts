// Text classifiers in ONNX: a small one that is written here, run by the real runtime.

import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { encodeOnnx } from '../../../src/engine/onnx.ts';
import { type ClassifierOptions, classifierModel } from '../../../src/preference/models/classifier_model.ts';
import { temporaryDirectory } from '../../support/temporary_directory.ts';

const WORDS = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', 'good', 'bad', 'reply'];

/** As BERT has it: words, between marks. */
const TOKENIZER = {
  version: '1.0',
  added_tokens: WORDS.slice(0, 4).map((content, id) => ({ id, content, special: true, normalized: false })),
  normalizer: {
    type: 'BertNormalizer',
    lowercase: true,
    clean_text: true,
    handle_chinese_chars: true,
    strip_accents: null,
  },
  pre_tokenizer: { type: 'BertPreTokenizer' },
  post_processor: {
    type: 'TemplateProcessing',
    single: [mark('[CLS]', 0), { Sequence: { id: 'A', type_id: 0 } }, mark('[SEP]', 0)],
    pair: [
      mark('[CLS]', 0),
      { Sequence: { id: 'A', type_id: 0 } },
      mark('[SEP]', 0),
      { Sequence: { id: 'B', type_id: 1 } },
      mark('[SEP]', 1),
    ],
    special_tokens: {
      '[CLS]': { id: '[CLS]', ids: [2], tokens: ['[CLS]'] },
      '[SEP]': { id: '[SEP]', ids: [3], tokens: ['[SEP]'] },
    },
  },
  decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
  model: {
    type: 'WordPiece',
    unk_token: '[UNK]',
    continuing_subword_prefix: '##',
    max_input_chars_per_word: 100,
    vocab: Object.fromEntries(WORDS.map((word, id) => [word, id])),
  },
};

function mark(id: string, type_id: number) {
  return { SpecialToken: { id, type_id } };
}

/** Logits: the sum of what each word says for each label. */
const VOTES = WORDS.map((word) => (word === 'good' ? [-1, 2] : word === 'bad' ? [1, -2] : [0, 0]));

/** Types of ONNX. */
const FLOAT32 = 1;
const INT8 = 3;
const INT32 = 6;
const FLOAT16 = 10;

function graphOf(votes: readonly (readonly number[])[], type: number): Uint8Array {
  const data = new Uint8Array(Float32Array.from(votes.flat()).buffer);
  const node = (opType: string, inputs: string[], outputs: string[], attributes = {}) => ({
    opType,
    domain: '',
    inputs,
    outputs,
    attributes,
  });
  return encodeOnnx({
    nodes: [
      node('Gather', ['votes', 'input_ids'], ['said']),
      node('ReduceSum', ['said', 'axis'], ['sums'], { keepdims: 0 }),
      node('Cast', ['sums'], ['logits'], { to: type }),
    ],
    inputs: [{ name: 'input_ids', type: 'int64' }],
    outputs: [{ name: 'logits', type: 'float32' }],
    initializers: [
      { name: 'votes', type: 'float32', dims: [votes.length, votes[0]?.length ?? 0], data },
      { name: 'axis', type: 'int64', dims: [1], data: new Uint8Array(BigInt64Array.of(1n).buffer) },
    ],
  });
}

async function writeClassifier(
  labels: string[],
  votes: readonly (readonly number[])[],
  file = 'onnx/model.onnx',
  type = FLOAT32,
) {
  const directory = await temporaryDirectory();
  await mkdir(join(directory, 'onnx'), { recursive: true });
  await writeFile(join(directory, file), graphOf(votes, type));
  await writeFile(join(directory, 'tokenizer.json'), JSON.stringify(TOKENIZER));
  await writeFile(join(directory, 'tokenizer_config.json'), JSON.stringify({ tokenizer_class: 'BertTokenizer' }));
  const id2label = Object.fromEntries(labels.map((label, id) => [id, label]));
  await writeFile(join(directory, 'config.json'), JSON.stringify({ id2label, max_position_embeddings: 16 }));
  return directory;
}

const options = (model_path: string, others: Partial<ClassifierOptions> = {}): ClassifierOptions => ({
  model_path,
  label: 'POSITIVE',
  input: 'reply',
  max_length: null,
  threads: 1,
  ...others,
});

const compare = async (of: ClassifierOptions, A: string, B: string) =>
  (await classifierModel(of)).compare({
    prompt_conversation: [{ role: 'user', content: 'bad bad bad' }],
    completion_A: [{ role: 'assistant', content: A }],
    completion_B: [{ role: 'assistant', content: B }],
  });

const softmax = (logit: number) => 1 / (1 + Math.exp(-logit));

it('the reply that has more of the label is better, by the difference', async () => {
  const directory = await writeClassifier(['NEGATIVE', 'POSITIVE'], VOTES);
  expect(await compare(options(directory), 'Bad reply', 'good reply')).toBeCloseTo(softmax(3) - softmax(-3), 6);
  expect(await compare(options(directory, { label: 'NEGATIVE' }), 'bad', 'good')).toBeCloseTo(
    softmax(-3) - softmax(3),
    6,
  );
  expect(await compare(options(directory), 'reply', 'what')).toBe(0);
});

/** Casts what a classifier gives, or takes, to another type of ONNX by its number. */
async function recast(directory: string, edge: 'logits' | 'input_ids', type: number) {
  const file = join(directory, 'onnx/model.onnx');
  const graph = await readFile(file);
  // The type of an edge stands behind the last mention of its name, which is that of the graph's own inputs and outputs.
  const place = graph.indexOf(Buffer.from([0x0a, 0x02, 0x08]), graph.lastIndexOf(edge));
  graph[place + 3] = type;
  await writeFile(file, graph);
}

it('logits in float16 count by what they are, and not by their bits', async () => {
  const directory = await writeClassifier(['NEGATIVE', 'POSITIVE'], VOTES, 'onnx/model.onnx', FLOAT16);
  await recast(directory, 'logits', FLOAT16);
  expect(await compare(options(directory), 'Bad reply', 'good reply')).toBeCloseTo(softmax(3) - softmax(-3), 6);
});

it('logits and inputs of types that are none of a text classifier are refused before anything is judged', async () => {
  const directory = await writeClassifier(['NEGATIVE', 'POSITIVE'], VOTES, 'onnx/model.onnx', INT8);
  await recast(directory, 'logits', INT8);
  await expect(classifierModel(options(directory))).rejects.toThrow('the graph gives "logits" as int8');
  const narrow = await writeClassifier(['NEGATIVE', 'POSITIVE'], VOTES);
  await recast(narrow, 'input_ids', INT32);
  await expect(classifierModel(options(narrow))).rejects.toThrow('the graph wants "input_ids" as int32, not as int64');
});

it('a tokenizer that adds no marks is read, too', async () => {
  const directory = await writeClassifier(['NEGATIVE', 'POSITIVE'], VOTES);
  await writeFile(join(directory, 'tokenizer.json'), JSON.stringify({ ...TOKENIZER, post_processor: null }));
  expect(await compare(options(directory), 'Bad reply', 'good reply')).toBeCloseTo(softmax(3) - softmax(-3), 6);
  expect(await compare(options(directory, { input: 'conversation' }), 'bad', 'bad good')).toBeGreaterThan(0);
});

it('a reward model has one label', async () => {
  const directory = await writeClassifier(
    ['LABEL_0'],
    VOTES.map(([, vote]) => [vote ?? 0]),
    'model.onnx',
  );
  expect(await compare(options(directory, { label: null }), 'bad', 'good')).toBeCloseTo(softmax(2) - softmax(-2), 6);
});

it('a conversation is read before its reply, and its oldest part is cut where it is too long', async () => {
  const directory = await writeClassifier(['NEGATIVE', 'POSITIVE'], VOTES);
  const both = options(directory, { input: 'conversation' });
  expect(await compare(both, 'bad', 'good')).toBeCloseTo(softmax(3 - 9) - softmax(-3 - 9), 6);
  // The marks and the reply take four tokens: one word of the conversation is left.
  const cut = options(directory, { input: 'conversation', max_length: 5 });
  expect(await compare(cut, 'bad', 'good')).toBeCloseTo(softmax(3 - 3) - softmax(-3 - 3), 6);
});

it('where the reply alone is too long, none of the conversation is left, and the end of the reply goes', async () => {
  const directory = await writeClassifier(['NEGATIVE', 'POSITIVE'], VOTES);
  const cut = options(directory, { input: 'conversation', max_length: 4 });
  expect(await compare(cut, 'reply bad bad', 'good bad bad bad')).toBeCloseTo(softmax(3) - softmax(0), 6);
});

it.each<[string, object, object]>([
  ['its tokenizer says', {}, { model_max_length: 4 }],
  [
    'its positions are, of which some come first',
    { model_type: 'roberta', max_position_embeddings: 6, pad_token_id: 1 },
    {},
  ],
])('a classifier takes as much as %s', async (_, config, tokenizer) => {
  const directory = await writeClassifier(['NEGATIVE', 'POSITIVE'], VOTES);
  const extend = async (name: string, more: object) => {
    const file = join(directory, name);
    await writeFile(file, JSON.stringify({ ...JSON.parse(await readFile(file, 'utf8')), ...more }));
  };
  await extend('config.json', config);
  await extend('tokenizer_config.json', tokenizer);
  expect(await compare(options(directory), 'reply', 'good reply bad')).toBeCloseTo(softmax(3) - softmax(0), 6);
});

it('a reply that is too long is cut at its end', async () => {
  const directory = await writeClassifier(['NEGATIVE', 'POSITIVE'], VOTES);
  expect(await compare(options(directory, { max_length: 3 }), 'reply', 'good bad bad bad')).toBeCloseTo(
    softmax(3) - 0.5,
    6,
  );
});

it.each([
  ['another label', { label: 'FINE' }, 'label: the classifier has no "FINE", but "NEGATIVE", "POSITIVE"'],
  ['no label of several', { label: null }, 'label: the classifier has "NEGATIVE", "POSITIVE": say which'],
])('%s is refused', async (_, others, message) => {
  const directory = await writeClassifier(['NEGATIVE', 'POSITIVE'], VOTES);
  await expect(classifierModel(options(directory, others))).rejects.toThrow(message);
});

it('another one at the same path is told from it', async () => {
  const directory = await writeClassifier(['NEGATIVE', 'POSITIVE'], VOTES);
  const identity = async () => (await classifierModel(options(directory))).identity?.();
  const before = await identity();
  expect(before).toContain('"onnx/model.onnx":"');
  expect(await identity()).toBe(before);
  await writeFile(join(directory, 'onnx/model.onnx'), graphOf(VOTES.toReversed(), FLOAT32));
  expect(await identity()).not.toBe(before);
});

it('what is damaged or missing is named', async () => {
  const directory = await writeClassifier(['NEGATIVE', 'POSITIVE'], VOTES);
  const graph = join(directory, 'onnx/model.onnx');
  await writeFile(graph, (await readFile(graph)).subarray(0, 40));
  await expect(classifierModel(options(directory))).rejects.toThrow(`${graph}: not a graph that can be run`);
  await writeFile(join(directory, 'config.json'), '{}');
  await expect(classifierModel(options(directory))).rejects.toThrow('id2label does not name the labels');
  await expect(classifierModel(options(await temporaryDirectory()))).rejects.toThrow('config.json: no such file');
  const wider = await writeClassifier(['A', 'POSITIVE', 'C'], VOTES);
  await expect(compare(options(wider), 'good', 'bad')).rejects.toThrow(
    'the graph gives 2 logits, and config.json names 3 labels',
  );
});

// Where config.json and the weights contradict each other.

import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openModelFiles } from '../../src/formats/model_files.ts';
import { EMBEDDING, UNEMBEDDING_WEIGHT } from '../../src/formats/modules.ts';
import {
  type FloatDtype,
  openSafetensors,
  type TensorToWrite,
  writeSafetensors,
} from '../../src/formats/safetensors.ts';
import { writeRandomModel } from '../support/random_model.ts';
import { temporaryDirectory, weightsErrorOf } from './support.ts';

type Change = (embedding: Float32Array) => Partial<Record<string, Float32Array>>;

/** A model that says it is tied, with the matrices over its vocabulary that `change` makes of the embedding. */
async function modelWith(change: Change, dtype: FloatDtype = 'BF16'): Promise<string> {
  const directory = await writeRandomModel(
    join(await temporaryDirectory(), 'model'),
    { tie_word_embeddings: true },
    'BF16',
  );
  const path = join(directory, 'model.safetensors');
  const file = await openSafetensors(path);
  const tensors: TensorToWrite[] = [];
  const shape = file.tensors.get(EMBEDDING)?.shape ?? [];
  for (const tensor of file.tensors.values()) {
    if (tensor.name !== EMBEDDING) tensors.push({ ...tensor, dtype: 'BF16', data: await file.read(tensor.name) });
  }
  for (const [name, data] of Object.entries(change(await file.read(EMBEDDING)))) {
    if (data !== undefined) tensors.push({ name, shape, dtype: name === EMBEDDING ? 'BF16' : dtype, data });
  }
  await writeSafetensors(path, tensors);
  return directory;
}

test.each<FloatDtype>(['F32', 'BF16'])('a copy of a tied embedding in %s is the embedding', async (dtype) => {
  const directory = await modelWith((E) => ({ [EMBEDDING]: E, [UNEMBEDDING_WEIGHT]: E }), dtype);
  const { config, remarks } = await openModelFiles(directory);
  expect(config.tie_word_embeddings).toBe(true);
  expect(remarks).toEqual([]);
});

test.each<FloatDtype>(['F32', 'BF16'])(
  'another unembedding in %s than the embedding is used, and it is said',
  async (dtype) => {
    const other = (E: Float32Array) => E.map((value, i) => (i === E.length - 1 ? value + 1 : value));
    const directory = await modelWith((E) => ({ [EMBEDDING]: E, [UNEMBEDDING_WEIGHT]: other(E) }), dtype);
    const { config, remarks } = await openModelFiles(directory);
    expect(config.tie_word_embeddings).toBe(false);
    expect(remarks.map((remark) => remark.replace(directory, 'MODEL'))).toMatchInlineSnapshot(`
      [
        "MODEL: config.json says tie_word_embeddings, but the weights hold another lm_head.weight than model.embed_tokens.weight: both are used, untied",
      ]
    `);
  },
);

test('a tied matrix that is stored under the name of the unembedding only is the embedding', async () => {
  let embedding = new Float32Array();
  const directory = await modelWith((E) => {
    embedding = new Float32Array(E);
    return { [UNEMBEDDING_WEIGHT]: E };
  });
  const { config, weights, remarks } = await openModelFiles(directory);
  expect(config.tie_word_embeddings).toBe(true);
  expect(remarks).toEqual([]);
  expect(await weights.read(EMBEDDING)).toEqual(embedding);
});

test('a tied model of neither is refused', async () => {
  const directory = await modelWith(() => ({}));
  expect((await weightsErrorOf(openModelFiles(directory), directory)).replace(directory, 'MODEL')).toBe(
    'MODEL: no tensor "model.embed_tokens.weight"',
  );
});

// GGUF files as models: a directory beside which they lie, read in whichever precision is wanted.

import { readdir, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readModelConfig } from '../../src/formats/hf_config.ts';
import { openSafetensors } from '../../src/formats/safetensors.ts';
import { openModelDirectory } from '../../src/formats/sharded.ts';
import { addSafetensors } from '../../src/hub/converted_gguf.ts';
import { float32Weights } from '../../src/hub/float32_weights.ts';
import { locateModel } from '../../src/hub/locate.ts';
import { loadTokenizer } from '../../src/tokenizers/hf_tokenizer.ts';
import { WeightsError } from '../../src/util/errors.ts';
import { ggufBytes } from '../support/gguf.ts';
import { ggufTensors, metadataOf, parametersOf } from '../support/gguf_model.ts';
import { temporaryDirectory } from '../support/temporary_directory.ts';

async function setup(bytes: Uint8Array) {
  const directory = await temporaryDirectory();
  const file = join(directory, 'model.gguf');
  await writeFile(file, bytes);
  return { directory, file, env: { XDG_CACHE_HOME: join(directory, 'cache') } };
}

test('a GGUF file becomes a model directory, once', async () => {
  const parameters = parametersOf('llama');
  const tensors = ggufTensors('llama', parameters);
  const { directory, file, env } = await setup(ggufBytes({ metadata: metadataOf('llama'), tensors }));
  const location = await locateModel(file, { env });
  expect(location.name).toBe(file);
  expect(location.directory).toMatch(/\/cache\/tinker-cookbook\/gguf\/v2-[0-9a-f]{32}$/);

  expect((await readModelConfig(location.directory)).hidden_size).toBe(8);
  const weights = await openModelDirectory(location.directory);
  expect([...weights.tensors.keys()].sort()).toEqual([...parameters.keys()].sort());
  for (const [name, { bytes }] of parameters) expect(new Uint8Array((await weights.read(name)).buffer)).toEqual(bytes);
  expect((await loadTokenizer(location.directory)).encode('abba')).toEqual([3, 2, 1]);

  const { ino } = await stat(location.directory);
  await writeFile(join(directory, 'copy.gguf'), ggufBytes({ metadata: metadataOf('llama'), tensors }));
  const again = await Promise.all([file, join(directory, 'copy.gguf')].map((path) => locateModel(path, { env })));
  expect(again.map((each) => each.directory)).toEqual([location.directory, location.directory]);
  expect((await stat(location.directory)).ino).toBe(ino);
});

test('a damaged file is an error, and leaves nothing behind', async () => {
  const bytes = ggufBytes({ metadata: metadataOf('llama'), tensors: ggufTensors('llama', parametersOf('llama')) });
  const { directory, file, env } = await setup(bytes.subarray(0, bytes.length - 64));
  await expect(locateModel(file, { env })).rejects.toThrow(WeightsError);
  expect(await readdir(join(directory, 'cache/tinker-cookbook/gguf'))).toEqual([]);
});

test('weights that are NaN are an error that names the GGUF file, whoever reads them', async () => {
  const tensors = ggufTensors('llama', parametersOf('llama')).map((tensor) =>
    tensor.name === 'blk.0.attn_k.weight' ? { ...tensor, bytes: tensor.bytes.fill(0xff, 20, 24) } : tensor,
  );
  const { file, env } = await setup(ggufBytes({ metadata: metadataOf('llama'), tensors }));
  const { directory } = await locateModel(file, { env });
  const problem = `${file}: tensor "blk.0.attn_k.weight": the value at [0, 5] is NaN; 1 of 32 values are NaN or infinite`;
  const model = await openModelDirectory(directory);
  await expect(float32Weights(model, model.tensors.keys(), { env })).rejects.toThrow(problem);
  await expect(addSafetensors(directory)).rejects.toThrow(problem);
  expect((await readdir(directory)).sort()).toEqual([
    'config.json',
    'model.gguf',
    'tokenizer.json',
    'tokenizer_config.json',
  ]);
});

test('the file may be moved: whoever names it at its new place finds the same model', async () => {
  const tensors = ggufTensors('llama', parametersOf('llama'));
  const { directory, file, env } = await setup(ggufBytes({ metadata: metadataOf('llama'), tensors }));
  const before = await locateModel(file, { env });
  const moved = join(directory, 'moved.gguf');
  await rename(file, moved);
  const after = await locateModel(moved, { env });
  expect(after).toEqual({ ...before, name: moved });
  expect((await (await openModelDirectory(after.directory)).read('model.norm.weight')).length).toBe(8);
});

test('tools that read safetensors alone are given them', async () => {
  const parameters = parametersOf('llama');
  const { file, env } = await setup(
    ggufBytes({ metadata: metadataOf('llama'), tensors: ggufTensors('llama', parameters) }),
  );
  const { directory } = await locateModel(file, { env });
  await addSafetensors(directory);
  const written = await openSafetensors(join(directory, 'model.safetensors'));
  for (const [name, { bytes }] of parameters) expect(new Uint8Array((await written.read(name)).buffer)).toEqual(bytes);
  const { ino } = await stat(join(directory, 'model.safetensors'));
  await addSafetensors(directory);
  expect((await stat(join(directory, 'model.safetensors'))).ino).toBe(ino);
});

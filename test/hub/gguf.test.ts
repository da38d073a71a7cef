// GGUF files as models: converted once, then like any other directory.

import { readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readModelConfig } from '../../src/formats/hf_config.ts';
import { openModelDirectory } from '../../src/formats/sharded.ts';
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
  expect(location.directory).toMatch(/\/cache\/tinker-cookbook\/gguf\/v1-[0-9a-f]{32}$/);

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

test('weights that are NaN are an error that names the GGUF file, and leave nothing behind', async () => {
  const tensors = ggufTensors('llama', parametersOf('llama')).map((tensor) =>
    tensor.name === 'blk.0.attn_k.weight' ? { ...tensor, bytes: tensor.bytes.fill(0xff, 20, 24) } : tensor,
  );
  const { directory, file, env } = await setup(ggufBytes({ metadata: metadataOf('llama'), tensors }));
  await expect(locateModel(file, { env })).rejects.toThrow(
    `${file}: tensor "blk.0.attn_k.weight": the value at [0, 5] is NaN; 1 of 32 values are NaN or infinite`,
  );
  expect(await readdir(join(directory, 'cache/tinker-cookbook/gguf'))).toEqual([]);
});

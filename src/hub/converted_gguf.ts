// A GGUF file as a model directory: converted once, into a cache that knows it by its contents.

import { join } from 'node:path';
import { replaceJsonFile } from '../formats/files.ts';
import { openGgufModel } from '../formats/gguf_model.ts';
import { writeModelConfig } from '../formats/hf_config.ts';
import { writeSafetensors } from '../formats/safetensors.ts';
import { digestOfFile } from '../util/file_digest.ts';
import { cacheOf, makeOnce } from './cache.ts';

/** Part of the name: another conversion needs another directory. */
const VERSION = 1;

/**
 * The directory in Hugging Face layout for a GGUF file, with the weights as the float32 values that they stand for: what is
 * stored in fewer bits would have to be converted once more. The directory lies in the cache of this package
 * (XDG_CACHE_HOME) and may be deleted whenever no run uses it.
 * @throws WeightsError for a file that is damaged, or of a model that the engine does not know
 */
export async function convertedGguf(path: string, env: NodeJS.ProcessEnv): Promise<string> {
  const directory = join(cacheOf('gguf', env), `v${VERSION}-${(await digestOfFile(path)).slice(0, 32)}`);
  await makeOnce({
    directory,
    file: 'config.json',
    what: `the model of ${path}`,
    fill: (partial) => convert(path, partial),
  });
  return directory;
}

async function convert(path: string, directory: string): Promise<void> {
  const { config, tokenizer, tensors, read } = await openGgufModel(path);
  await writeSafetensors(
    join(directory, 'model.safetensors'),
    [...tensors.values()].map(({ name, shape }) => ({ name, shape, dtype: 'F32', data: () => read(name) })),
    { format: 'pt' },
  );
  await replaceJsonFile(join(directory, 'tokenizer.json'), tokenizer.tokenizer);
  await replaceJsonFile(join(directory, 'tokenizer_config.json'), tokenizer.tokenizer_config);
  await writeModelConfig(directory, config, 'float32');
}

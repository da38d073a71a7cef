// A GGUF file as a model directory: its configuration and tokenizer made once, in a cache that knows it by its contents, beside a link to it.

import { randomUUID } from 'node:crypto';
import { readlink, rename, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { replaceJsonFile } from '../formats/files.ts';
import { openGgufModel } from '../formats/gguf_model.ts';
import { writeModelConfig } from '../formats/hf_config.ts';
import { writeSafetensors } from '../formats/safetensors.ts';
import { GGUF_FILE, openModelDirectory } from '../formats/sharded.ts';
import { digestOfFile } from '../util/file_digest.ts';
import { cacheOf, inCache, makeOnce } from './cache.ts';

/** Part of the name: another conversion needs another directory. */
const VERSION = 2;

/**
 * The model directory for a GGUF file. Weights are read from the file itself, in whichever precision they are wanted. The directory lies in
 * the cache of this package (XDG_CACHE_HOME) and may be deleted whenever no run uses it.
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
  await link(join(directory, GGUF_FILE), path);
  return directory;
}

/** A copy of the file, or the file after it was moved, is as good: the link leads to the one that was named last. */
async function link(place: string, path: string): Promise<void> {
  if ((await readlink(place).catch(() => null)) === path) return;
  const other = `${place}.${randomUUID()}`;
  await symlink(path, other);
  await rename(other, place);
}

async function convert(path: string, directory: string): Promise<void> {
  const { config, tokenizer } = await openGgufModel(path);
  await replaceJsonFile(join(directory, 'tokenizer.json'), tokenizer.tokenizer);
  await replaceJsonFile(join(directory, 'tokenizer_config.json'), tokenizer.tokenizer_config);
  await writeModelConfig(directory, config, 'float32');
}

/**
 * Puts the weights of a directory that was made of a GGUF file beside it as float32 values in safetensors, for tools that read nothing else.
 * @throws WeightsError where the cache cannot be written, and for values that are not finite
 */
export async function addSafetensors(directory: string): Promise<void> {
  const { plain, tensors, read } = await openModelDirectory(directory);
  if (plain) return;
  const floats = [...tensors.values()].map(({ name, shape }) => ({
    name,
    shape,
    dtype: 'F32' as const,
    data: () => read(name),
  }));
  await inCache(directory, 'the weights as safetensors', () =>
    writeSafetensors(join(directory, 'model.safetensors'), floats, { format: 'pt' }),
  );
}

// A GGUF file as a model directory: converted once, into a cache that knows it by its contents.

import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { exists, replaceJsonFile } from '../weights/files.ts';
import { openGgufModel } from '../weights/gguf_model.ts';
import { writeModelConfig } from '../weights/hf_config.ts';
import { isFloatDtype, writeSafetensors } from '../weights/safetensors.ts';

/** Part of the name: another conversion needs another directory. */
const VERSION = 1;

/**
 * The directory in Hugging Face layout for a GGUF file. Quantised weights become the float32 values that they stand for;
 * others keep their type. The directory lies in the cache of this package (XDG_CACHE_HOME) and may be deleted at any time.
 * @throws WeightsError for a file that is damaged, or of a model that the engine does not know
 */
export async function convertedGguf(path: string, env: NodeJS.ProcessEnv): Promise<string> {
  const cache = join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'tinker-cookbook', 'gguf');
  const directory = join(cache, `v${VERSION}-${(await digestOf(path)).slice(0, 32)}`);
  if (await exists(join(directory, 'config.json'))) return directory;
  const partial = `${directory}.${process.pid}.tmp`;
  await mkdir(dirname(directory), { recursive: true });
  await rm(partial, { recursive: true, force: true });
  try {
    await mkdir(partial);
    await convert(path, partial);
    // Fails where another process was faster; its directory holds the same.
    await rename(partial, directory).catch(async (error: unknown) => {
      if (!(await exists(join(directory, 'config.json')))) throw error;
    });
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
  return directory;
}

async function convert(path: string, directory: string): Promise<void> {
  const { config, tokenizer, tensors, read } = await openGgufModel(path);
  await writeSafetensors(
    join(directory, 'model.safetensors'),
    [...tensors.values()].map(({ name, shape, dtype }) => ({
      name,
      shape,
      dtype: isFloatDtype(dtype) ? dtype : 'F32',
      data: () => read(name),
    })),
    { format: 'pt' },
  );
  await replaceJsonFile(join(directory, 'tokenizer.json'), tokenizer.tokenizer);
  await replaceJsonFile(join(directory, 'tokenizer_config.json'), tokenizer.tokenizer_config);
  await writeModelConfig(directory, config, 'float32');
}

async function digestOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}

// Whether a directory of the cache holds all weights of a model: the tokenizer may have come alone, and a download may have broken off.

import { basename, join } from 'node:path';
import { readJsonFile } from '../formats/files.ts';
import { exists } from '../util/files.ts';
import { objectOf } from '../util/json.ts';

const SINGLE_FILE = 'model.safetensors';
const INDEX_FILE = 'model.safetensors.index.json';

/** By the names of files: what is wrong inside of them is told by whoever reads them. */
export async function holdsWeights(directory: string): Promise<boolean> {
  if (await exists(join(directory, SINGLE_FILE))) return true;
  const index = await readJsonFile(join(directory, INDEX_FILE)).catch(() => null);
  const shards = new Set(Object.values(objectOf(index?.weight_map)).map((name) => basename(String(name))));
  for (const shard of shards) if (!(await exists(join(directory, shard)))) return false;
  return shards.size > 0;
}

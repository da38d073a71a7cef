// The weights of a model directory: one safetensors file, several with an index of what lies where, or a GGUF file.
import { realpath } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { WeightsError } from '../util/errors.ts';
import { isFile, readJsonFile } from './files.ts';
import { describe, Fields } from './json_fields.ts';
import { MAX_NAME_LENGTH, openSafetensors, type SafetensorsFile } from './safetensors.ts';
import type { StoredTensors, TensorInfo } from './tensors.ts';

const SINGLE_FILE = 'model.safetensors';
const INDEX_FILE = 'model.safetensors.index.json';
/** A link, in a directory that `hub/converted_gguf.ts` has made. */
export const GGUF_FILE = 'model.gguf';

export interface ModelDirectory extends StoredTensors {
  readonly directory: string;
  /** Whether files hold values one after the other, in their order. GGUF files hold blocks, and rows of some matrices in another order. */
  readonly plain: boolean;
}

/** Opens the weights of a model directory. Throws WeightsError for a missing file, shard or tensor, and for one there twice. */
export async function openModelDirectory(directory: string): Promise<ModelDirectory> {
  const files = await openFiles(directory);
  if (files === null) return { ...(await openGgufFile(directory)), directory, plain: false };
  const owners = new Map<string, SafetensorsFile>();
  const tensors = new Map<string, TensorInfo>();
  for (const file of files) {
    for (const tensor of file.tensors.values()) {
      const other = owners.get(tensor.name);
      if (other !== undefined) throw new WeightsError(`${file.path}: tensor "${tensor.name}" is in ${other.path} too`);
      owners.set(tensor.name, file);
      tensors.set(tensor.name, tensor);
    }
  }
  return {
    directory,
    plain: true,
    tensors,
    read: async (name) => {
      const file = owners.get(name);
      if (file === undefined) throw new WeightsError(`${directory}: no tensor "${name}"`);
      return file.read(name);
    },
  };
}

/** Errors name the file that the user knows. */
async function openGgufFile(directory: string): Promise<StoredTensors> {
  const { openGgufModel } = await import('./gguf_model.ts');
  const { tensors, read } = await openGgufModel(await realpath(join(directory, GGUF_FILE)));
  return { tensors, read };
}

/** Where there is both, the single file counts, as in transformers; null where there is a GGUF file alone. */
async function openFiles(directory: string): Promise<readonly SafetensorsFile[] | null> {
  const single = join(directory, SINGLE_FILE);
  const index = join(directory, INDEX_FILE);
  if (await isFile(single)) return [await openSafetensors(single)];
  if (await isFile(index)) return openShards(directory, index);
  if (await isFile(join(directory, GGUF_FILE))) return null;
  throw new WeightsError(`${directory}: neither ${SINGLE_FILE} nor ${INDEX_FILE} is there`, {
    hint: 'Weights in other formats, such as pytorch_model.bin, must be converted to safetensors first.',
  });
}

async function openShards(directory: string, indexPath: string): Promise<readonly SafetensorsFile[]> {
  const fields = new Fields(await readJsonFile(indexPath), indexPath);
  const weightMap = fields.section('weight_map');
  if (weightMap === undefined) throw fields.error('weight_map', 'missing');

  const shards = new Map<string, SafetensorsFile>();
  for (const name of weightMap.names()) {
    if (name.length > MAX_NAME_LENGTH)
      throw new WeightsError(`${indexPath}: a tensor name of ${name.length} characters`);
    const fileName = weightMap.value(name);
    // The index comes from outside: it names files of its own directory, and no others.
    if (typeof fileName !== 'string' || basename(fileName) !== fileName || !fileName.endsWith('.safetensors')) {
      throw weightMap.error(
        name,
        `expected the name of a safetensors file beside the index, not ${describe(fileName)}`,
      );
    }
    const shard = shards.get(fileName) ?? (await openSafetensors(join(directory, fileName)));
    shards.set(fileName, shard);
    if (!shard.tensors.has(name))
      throw new WeightsError(`${shard.path}: no tensor "${name}", which ${indexPath} lists`);
  }
  return [...shards.values()];
}

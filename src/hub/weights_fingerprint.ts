// Telling the weights of a model from others, so that what was made of them is known again.

import { createHash } from 'node:crypto';
import { realpath } from 'node:fs/promises';
import { readExactly, withFile } from '../formats/files.ts';
import type { TensorInfo } from '../formats/tensors.ts';

/** What is looked at of a tensor to tell it from another. */
const SAMPLE_BYTES = 2 ** 12;

/**
 * Tells weights from others without reading them all: by the real path, size and modification time of their files, and
 * name, type, shape, place and first bytes of every tensor. A file that is written again has another time; and
 * where a tool that unpacks files has given both the same, the first bytes tell them apart, because training changes those of
 * nearly every tensor. (An inode would not: it may be given to the file's successor.) In the hub's cache the real path has
 * the hash of the contents in it. `others` stands for what is made of the weights and of something else.
 */
export async function weightsFingerprint(tensors: readonly TensorInfo[], others = ''): Promise<string> {
  const hash = createHash('sha256').update(others);
  const sample = new Uint8Array(SAMPLE_BYTES);
  for (const path of new Set(tensors.map((tensor) => tensor.path))) {
    await withFile(path, async (handle) => {
      const { size, mtimeNs } = await handle.stat({ bigint: true });
      hash.update(JSON.stringify([await realpath(path), `${size}`, `${mtimeNs}`]));
      for (const tensor of tensors) {
        if (tensor.path !== path) continue;
        const { name, dtype, shape, byteOffset, byteLength } = tensor;
        hash.update(JSON.stringify([name, dtype, shape, byteOffset]));
        const start = sample.subarray(0, Math.min(byteLength, SAMPLE_BYTES));
        await readExactly(handle, start, byteOffset, path);
        hash.update(start);
      }
    });
  }
  return hash.digest('hex');
}

// Damaged GGUF files: each is refused with a known error, or is a model whose weights are finite, in bounded memory.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { openGguf } from '../../src/formats/gguf.ts';
import { openGgufModel } from '../../src/formats/gguf_model.ts';
import type { TensorSource } from '../../src/formats/tensors.ts';
import { f32Tensor, ggufBytes, TENSOR_TYPES } from '../support/gguf.ts';
import { ggufTensors, metadataOf, parametersOf } from '../support/gguf_model.ts';
import { HOSTILE_INTEGERS, SEED, succeeds, watchAllocations } from './fuzzing.ts';
import { temporaryDirectory } from './support.ts';

/** Lists, texts, and tensors of plain and of quantised values. */
const FILE = ggufBytes({
  metadata: { 'general.architecture': 'llama', 'tokenizer.ggml.tokens': ['a', 'b', 'é'], 'llama.block_count': 2 },
  tensors: [
    f32Tensor('token_embd.weight', [2, 3], [1, 2, 3, 4, 5, 6]),
    { name: 'output.weight', type: TENSOR_TYPES.Q8_0, shape: [2, 32], bytes: new Uint8Array(68).fill(1) },
    { name: 'blk.0.ffn_up.weight', type: TENSOR_TYPES.Q4_K, shape: [256], bytes: new Uint8Array(144).fill(1) },
  ],
});
/** The table of all float16 values takes a quarter of this; the files themselves are far smaller. */
const MOST_BYTES = 2 ** 20;
const MODEL = ggufBytes({ metadata: metadataOf('llama'), tensors: ggufTensors('llama', parametersOf('llama')) });

type Open = (path: string) => Promise<TensorSource>;

/** Reads all of a file that holds these bytes. Whether it could be read. */
async function isReadable(bytes: Buffer, path: string, openFile: Open): Promise<boolean> {
  await writeFile(path, bytes);
  return await succeeds(async () => {
    const file = await openFile(path);
    for (const name of file.tensors.keys()) expect((await file.read(name)).every(Number.isFinite)).toBe(true);
  });
}

/** How many of the damaged files could still be read. */
async function fuzz(openFile: Open, damaged: fc.Arbitrary<Buffer>, numRuns: number): Promise<number> {
  const path = join(await temporaryDirectory(), 'x.gguf');
  const allocations = watchAllocations();
  let readable = 0;
  const property = fc.asyncProperty(damaged, async (bytes) => {
    readable += Number(await isReadable(bytes, path, openFile));
  });
  await fc.assert(property, { seed: SEED, numRuns });
  expect(allocations.largest).toBeLessThanOrEqual(MOST_BYTES);
  return readable;
}

/** One byte, or a number of 32 or 64 bits, at any place of the file: lengths, counts, types, sizes and offsets are all there. */
function changed(intact: Buffer): fc.Arbitrary<Buffer> {
  const place = fc.nat(intact.length - 8);
  const number = fc.oneof(fc.constantFrom(...HOSTILE_INTEGERS), fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }));
  return fc.oneof(
    fc.record({ at: place, value: fc.nat(255) }).map(({ at, value }) => {
      const bytes = Buffer.from(intact);
      bytes[at] = value;
      return bytes;
    }),
    fc.record({ at: place, value: number }).map(({ at, value }) => {
      const bytes = Buffer.from(intact);
      bytes.writeUInt32LE(Number(value & 0xffff_ffffn), at);
      return bytes;
    }),
    fc.record({ at: place, value: number }).map(({ at, value }) => {
      const bytes = Buffer.from(intact);
      bytes.writeBigUInt64LE(value, at);
      return bytes;
    }),
  );
}

test('numbers that are changed anywhere in a file', async () => {
  const readable = await fuzz(openGguf, changed(FILE), 1000);
  expect(readable).toBeGreaterThan(50);
  expect(readable).toBeLessThan(750);
});

test('numbers that are changed anywhere in a model', async () => {
  const readable = await fuzz(openGgufModel, changed(MODEL), 500);
  expect(readable).toBeGreaterThan(50);
  expect(readable).toBeLessThan(450);
});

test('the worst numbers at each place of a header', async () => {
  const path = join(await temporaryDirectory(), 'x.gguf');
  const allocations = watchAllocations();
  const headerBytes = FILE.indexOf('blk.0.ffn_up.weight') + 64;
  for (let at = 0; at < headerBytes; at++) {
    for (const value of [2n ** 31n, 2n ** 53n, 2n ** 60n, 2n ** 64n - 1n]) {
      const bytes = Buffer.from(FILE);
      bytes.writeBigUInt64LE(value, at);
      await isReadable(bytes, path, openGguf);
    }
  }
  expect(allocations.largest).toBeLessThanOrEqual(MOST_BYTES);
});

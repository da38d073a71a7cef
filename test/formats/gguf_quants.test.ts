import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { GGUF_BLOCKS, type GgufDtype, isGgufDtype } from '../../src/formats/gguf_quants.ts';

/** A block of random bytes with a sensible scale; its first, 18th and last value and the digest of all, by ggml's own decoder. */
const REFERENCE: readonly [GgufDtype, string, [number, number, number], string][] = [
  ['Q4_0', 'c028e5f1a94106a0956a26afbccdafe562f9', [-0.111328125, 0.259765625, 0.259765625], 'fa001dfe2ac3bc2b'],
  [
    'Q4_1',
    'c02802b342276ad5ab2da7394551370e99b2d74c',
    [-0.144775390625, -0.144775390625, -0.070556640625],
    '0dc8bb2eff972e21',
  ],
  ['Q5_0', 'c028fa48d732a1df70aca1e926115901dd06f27f8f06', [-0.556640625, 0.482421875, -0.59375], 'df768132ffecbb3b'],
  [
    'Q8_0',
    'c028a621f9bd0ccc21397c1ec795ca7748dc03d17a88934d85527357a2e64647f03e',
    [-3.33984375, -1.744140625, 2.30078125],
    '0159b5cc02ca15d3',
  ],
  [
    'Q4_K',
    'c02802b392c58efd5185f0711ef7677a1f132a818d882195a100b28d6b236b82481bd9fe630dc3ce3be4ebcab72f45b35223479f6e794d57037e2cfde9e15a7789781e3721a557d8e5a703296dcb81db3f65cf9c1bdc5d1d8fc83f0b0bb4db71be572209851d3d24f4c0cf83fe4363f82f4759778955f6ced681cbea7179ced2c8f814a13472ff70ce369d8385452a44',
    [13.742431640625, 11.070556640625, 13.646240234375],
    '33f7f0b72d7f7957',
  ],
  [
    'Q6_K',
    'f318337f08cd1e614f235d3f83bc45fee9ee0403a79be118544441317c9311f85e0429b19f7ec0e156f65a3322e791b880ee995e3f0d307d2fbaf400693a179e0d027ed4e58be7a9ebc28a271d43a78855638144eb6603f7b2725de11fe6ac2f88a68182869793f0aad6ded8116e3ab51681c4a374fec70a68b3e4bdc92b387987416c17ec90963ec766888ab4b80eba7c5cfd81121bea9cee1810dfd5169faf26cd7b5c30c8aba44d972299e8c7b41b9a1d2b0f180600a974d63b6332202c998e82b2522c49c4394c7d73265b6aaf614c22',
    [-26.63873291015625, 27.8931884765625, 8.350738525390625],
    'be16a0400d4391c7',
  ],
];

function decoded(dtype: GgufDtype, blocks: Uint8Array<ArrayBuffer>): Float32Array {
  const values = new Float32Array((blocks.length / GGUF_BLOCKS[dtype].bytes) * GGUF_BLOCKS[dtype].values);
  GGUF_BLOCKS[dtype].decode(blocks, values);
  return values;
}

describe.for(REFERENCE)('%s', ([dtype, hex, [first, eighteenth, last], digest]) => {
  const block = Uint8Array.from(Buffer.from(hex, 'hex'));

  test('a block gives the values of the reference, to the bit', () => {
    const values = decoded(dtype, block);
    expect([values[0], values[17], values.at(-1)]).toEqual([first, eighteenth, last]);
    expect(createHash('sha256').update(values).digest('hex').slice(0, 16)).toBe(digest);
  });

  test('blocks stand one after another', () => {
    const other = Uint8Array.from(block, (byte, i) => (i < 4 || i >= 208 ? byte : byte ^ 0x5a));
    const both = Float32Array.of(...decoded(dtype, block), ...decoded(dtype, other));
    expect(decoded(dtype, Uint8Array.of(...block, ...other))).toEqual(both);
  });
});

test.for<[GgufDtype, number[], number[]]>([
  ['F32', [0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0], [1, -2]],
  ['F16', [0, 0x3c, 0, 0xc0], [1, -2]],
  ['BF16', [0x80, 0x3f, 0, 0xc0], [1, -2]],
])('%s is the format of the numbers themselves', ([dtype, bytes, values]) => {
  expect(decoded(dtype, Uint8Array.from(bytes))).toEqual(Float32Array.from(values));
});

test('names of formats are known only as they are written', () => {
  expect(['Q4_K', 'q4_k', 'Q2_K', 'constructor'].map(isGgufDtype)).toEqual([true, false, false, false]);
});

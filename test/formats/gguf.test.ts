import { truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openGguf } from '../../src/formats/gguf.ts';
import { f32Tensor, type GgufContent, ggufBytes, TENSOR_TYPES, type TypedValue } from '../support/gguf.ts';
import { temporaryDirectory, weightsErrorOf } from './support.ts';

async function opened(bytes: Uint8Array) {
  const path = join(await temporaryDirectory(), 'x.gguf');
  await writeFile(path, bytes);
  return openGguf(path);
}

async function refusalOf(bytes: Uint8Array): Promise<string> {
  const directory = await temporaryDirectory();
  const path = join(directory, 'x.gguf');
  await writeFile(path, bytes);
  return weightsErrorOf(openGguf(path), directory);
}

const CONTENT: GgufContent = {
  metadata: { 'general.architecture': 'llama', 'tokenizer.ggml.tokens': ['a', 'b', 'é'], 'llama.block_count': 2 },
  tensors: [
    f32Tensor('token_embd.weight', [2, 3], [1, 2, 3, 4, 5, 6]),
    f32Tensor('output_norm.weight', [3], [7, 8, 9]),
    { name: 'output.weight', type: TENSOR_TYPES.Q8_0, shape: [2, 32], bytes: new Uint8Array(68).fill(1) },
  ],
};

describe('reading', () => {
  test.for([2, 3])('version %i: metadata, shapes with the slowest axis first, values', async (version) => {
    const file = await opened(ggufBytes({ ...CONTENT, version }));
    expect(file.metadata.text('general.architecture')).toBe('llama');
    expect(file.metadata.value('tokenizer.ggml.tokens')).toEqual(['a', 'b', 'é']);
    expect([...file.tensors.values()].map(({ name, dtype, shape }) => [name, dtype, shape])).toEqual([
      ['token_embd.weight', 'F32', [2, 3]],
      ['output_norm.weight', 'F32', [3]],
      ['output.weight', 'Q8_0', [2, 32]],
    ]);
    expect(await file.read('token_embd.weight')).toEqual(Float32Array.of(1, 2, 3, 4, 5, 6));
    expect(await file.read('output_norm.weight')).toEqual(Float32Array.of(7, 8, 9));
    expect((await file.read('output.weight')).length).toBe(64);
  });

  test('every type of metadata', async () => {
    const typed: readonly (readonly [string, TypedValue, unknown])[] = [
      ['u8', { type: 'u8', value: 255 }, 255],
      ['i8', { type: 'i8', value: -128 }, -128],
      ['u16', { type: 'u16', value: 65535 }, 65535],
      ['i16', { type: 'i16', value: -32768 }, -32768],
      ['u32', { type: 'u32', value: 4294967295 }, 4294967295],
      ['i32', { type: 'i32', value: -2147483648 }, -2147483648],
      ['u64', { type: 'u64', value: 2 ** 53 }, 2 ** 53],
      ['i64', { type: 'i64', value: -(2 ** 53) }, -(2 ** 53)],
      ['f32', { type: 'f32', value: 0.1 }, Math.fround(0.1)],
      ['f64', { type: 'f64', value: 0.1 }, 0.1],
      ['yes', { type: 'bool', value: true }, true],
      ['no', { type: 'bool', value: false }, false],
      ['text', { type: 'string', value: 'naïve\0' }, 'naïve\0'],
      ['empty', { type: 'array', of: 'f64', value: [] }, []],
      [
        'lists',
        {
          type: 'array',
          of: 'array',
          value: [
            { type: 'array', of: 'i8', value: [{ type: 'i8', value: -1 }] },
            { type: 'array', of: 'bool', value: [{ type: 'bool', value: true }] },
          ],
        },
        [[-1], [true]],
      ],
    ];
    const { metadata } = await opened(ggufBytes({ metadata: typed.map(([key, value]) => [key, value] as const) }));
    expect(typed.map(([key]) => [key, metadata.value(key)])).toEqual(typed.map(([key, , value]) => [key, value]));
  });

  test('a header longer than the first piece that is read', async () => {
    const tokens = Array.from({ length: 200_000 }, (_, i) => `token ${i}`);
    const file = await opened(ggufBytes({ ...CONTENT, metadata: { tokens } }));
    expect(file.metadata.value('tokens')).toEqual(tokens);
    expect(await file.read('output_norm.weight')).toEqual(Float32Array.of(7, 8, 9));
  });

  test('an alignment of its own', async () => {
    const file = await opened(ggufBytes({ ...CONTENT, metadata: { 'general.alignment': 8 }, alignment: 8 }));
    expect([...file.tensors.values()].some(({ byteOffset }) => byteOffset % 32 !== 0)).toBe(true);
    expect(await file.read('output_norm.weight')).toEqual(Float32Array.of(7, 8, 9));
  });

  test('the end of the file may lack the padding after the last tensor', async () => {
    const bytes = ggufBytes({ metadata: {}, tensors: [f32Tensor('a', [1], [5])] });
    const file = await opened(bytes.subarray(0, bytes.length - 28));
    expect(await file.read('a')).toEqual(Float32Array.of(5));
  });

  test('a tensor that is not there', async () => {
    const directory = await temporaryDirectory();
    await writeFile(join(directory, 'x.gguf'), ggufBytes(CONTENT));
    const file = await openGguf(join(directory, 'x.gguf'));
    expect(await weightsErrorOf(file.read('y'), directory)).toBe('x.gguf: no tensor "y"');
  });
});

describe('refusing', () => {
  const one = f32Tensor('t', [8], new Float32Array(8));
  const nested = (depth: number): TypedValue =>
    depth === 0
      ? { type: 'u8', value: 0 }
      : { type: 'array', of: depth === 1 ? 'u8' : 'array', value: [nested(depth - 1)] };

  test.for<[string, Partial<GgufContent>, string]>([
    ['version 1', { version: 1 }, 'version 1 of GGUF cannot be read, only little-endian ones of version 2 or 3'],
    [
      'big-endian files',
      { version: 0x03000000 },
      'big-endian files cannot be read, only little-endian ones of version 2 or 3',
    ],
    [
      'a key that is there twice',
      {
        metadata: [
          ['a', 1],
          ['a', 2],
        ],
      },
      'a: there twice',
    ],
    ['an endless key', { metadata: [['x'.repeat(65536), 1]] }, 'key 1 of 1: a name of 65536 bytes'],
    ['lists in lists in lists', { metadata: [['a', nested(9)]] }, 'a: lists nested deeper than 4 levels'],
    [
      'an alignment of zero',
      { metadata: { 'general.alignment': 0 } },
      'general.alignment: expected an integer from 1 to 16777216, not 0',
    ],
    [
      'a huge alignment',
      { metadata: { 'general.alignment': 2 ** 31 } },
      'general.alignment: expected an integer from 1 to 16777216, not 2147483648',
    ],
    [
      'an alignment of 4',
      { metadata: { 'general.alignment': 4 } },
      'general.alignment: expected a multiple of 8, not 4',
    ],
    ['a tensor that is there twice', { tensors: [one, one] }, 'tensor "t" is there twice'],
    ['a tensor without axes', { tensors: [{ ...one, shape: [] }] }, 'tensor "t": 0 axes, expected 1 to 4'],
    [
      'a tensor of nothing',
      { tensors: [{ ...one, shape: [0, 8] }] },
      'tensor "t": shape [0, 8] is impossible for values of type F32',
    ],
    [
      'a shape whose product overflows',
      { tensors: [{ ...one, shape: [2 ** 30, 2 ** 30] }] },
      'tensor "t": shape [1073741824, 1073741824] is impossible for values of type F32',
    ],
    [
      'rows that are not whole blocks',
      { tensors: [{ ...one, type: TENSOR_TYPES.Q4_K, shape: [256, 128] }] },
      'tensor "t": shape [256, 128] is impossible for values of type Q4_K',
    ],
    [
      'a format that cannot be decoded',
      { tensors: [{ ...one, type: 10 }] },
      'tensor "t": values of type Q2_K cannot be read',
    ],
    [
      'a format of the future',
      { tensors: [{ ...one, type: 99 }] },
      'tensor "t": values of type number 99 cannot be read',
    ],
    [
      'an offset beyond the file',
      { tensors: [{ ...one, offset: 2 ** 40 }] },
      'tensor "t" ends at byte 1099511627872 of a file of 96 bytes; the file may be truncated',
    ],
    [
      'an offset that is not aligned',
      { tensors: [{ ...one, offset: 4 }] },
      'tensor "t" starts at byte 4, no multiple of 32',
    ],
    [
      'tensors that overlap',
      { tensors: [one, { ...one, name: 'u', offset: 0 }] },
      'tensor "u" overlaps the tensor before it',
    ],
  ])('%s', async ([, content, message]) => {
    expect(await refusalOf(ggufBytes({ metadata: {}, ...content }))).toBe(`x.gguf: ${message}`);
  });

  test.for<[string, Buffer, string]>([
    ['an empty file', Buffer.alloc(0), 'the first bytes: the file ends here, at byte 0; it is truncated'],
    ['another format', Buffer.from('{"a": 1}'), 'not a GGUF file: it does not start with "GGUF"'],
    [
      'a list of 2^40 items',
      withLength(ggufBytes({ metadata: { a: [1] } }), 'a', 2n ** 40n),
      'a: 1099511627776 items do not fit into the file',
    ],
    [
      'text that is no UTF-8',
      Buffer.from(
        ggufBytes({ metadata: { a: 'xyz' } })
          .toString('latin1')
          .replace('xyz', 'x\xffz'),
        'latin1',
      ),
      'a: the text is not UTF-8',
    ],
    [
      '2^60 tensors',
      withUint64(ggufBytes(CONTENT), 8, 2n ** 60n),
      `the number of tensors: ${2 ** 60} items do not fit into the file`,
    ],
    [
      '2^60 metadata keys',
      withUint64(ggufBytes(CONTENT), 16, 2n ** 60n),
      `the number of metadata keys: ${2 ** 60} items do not fit into the file`,
    ],
    [
      'a key of 2^60 bytes',
      withUint64(ggufBytes(CONTENT), 24, 2n ** 60n),
      `key 1 of 3: ${2 ** 60} items do not fit into the file`,
    ],
    [
      'a text of 2^60 bytes',
      withUint64(ggufBytes({ metadata: { a: 'xyz' } }), 37, 2n ** 60n),
      `a: ${2 ** 60} items do not fit into the file`,
    ],
    ['an unknown type of value', withType(ggufBytes({ metadata: { a: 1 } }), 13), 'a: unknown type 13 of value'],
  ])('%s', async ([, bytes, message]) => {
    expect(await refusalOf(bytes)).toBe(`x.gguf: ${message}`);
  });

  test.for<[string, number, (file: Buffer) => void, string]>([
    [
      'tensors',
      2 ** 24,
      (file) => file.writeBigUInt64LE(2n ** 18n, 8),
      'the number of tensors: 262144 items are too many, expected at most 131072',
    ],
    [
      'metadata keys',
      2 ** 24,
      (file) => file.writeBigUInt64LE(2n ** 17n, 16),
      'the number of metadata keys: 131072 items are too many, expected at most 65536',
    ],
    [
      'items of a list',
      2 ** 27,
      (file) => file.writeBigUInt64LE(2n ** 24n, file.indexOf('a', 24) + 9),
      'a: 16777216 items are too many, expected at most 4194304',
    ],
  ])('more %s than any model has, in a file that is long enough for them', async ([, length, damage, message]) => {
    const directory = await temporaryDirectory();
    const path = join(directory, 'x.gguf');
    const bytes = ggufBytes({ metadata: { a: [1] } });
    damage(bytes);
    await writeFile(path, bytes);
    await truncate(path, length);
    expect(await weightsErrorOf(openGguf(path), directory)).toBe(`x.gguf: ${message}`);
  });

  test('values that are NaN once they are decoded', async () => {
    const directory = await temporaryDirectory();
    const path = join(directory, 'x.gguf');
    // The scale of the second block of 32 values, a float16, with all bits of its exponent set.
    const bytes = new Uint8Array(68).fill(1);
    bytes.set([0x00, 0x7c], 34);
    bytes[36] = 0;
    const tensors = [
      { name: 'blk.0.attn_q.weight', type: TENSOR_TYPES.Q8_0, shape: [2, 32], bytes },
      f32Tensor('output_norm.weight', [2], [1, -Infinity]),
    ];
    await writeFile(path, ggufBytes({ metadata: {}, tensors }));
    const file = await openGguf(path);
    expect(await weightsErrorOf(file.read('blk.0.attn_q.weight'), directory)).toBe(
      'x.gguf: tensor "blk.0.attn_q.weight": the value at [1, 0] is NaN; 32 of 64 values are NaN or infinite',
    );
    expect(await weightsErrorOf(file.read('output_norm.weight'), directory)).toBe(
      'x.gguf: tensor "output_norm.weight": the value at [1] is -Infinity; 1 of 2 values are NaN or infinite',
    );
  });

  test('a file that ends anywhere before its end', async () => {
    const directory = await temporaryDirectory();
    const path = join(directory, 'x.gguf');
    const bytes = ggufBytes(CONTENT);
    await writeFile(path, bytes);
    for (let length = bytes.length - 29; length >= 0; length--) {
      await truncate(path, length);
      expect(await weightsErrorOf(openGguf(path), directory)).toMatch(/truncated|do not fit into the file/);
    }
  });
});

/** The file with another number at a place of its header. */
function withUint64(bytes: Buffer, at: number, value: bigint): Buffer {
  const copy = Buffer.from(bytes);
  copy.writeBigUInt64LE(value, at);
  return copy;
}

/** The file with another length of the list under a key of one letter, its only one. */
function withLength(bytes: Buffer, key: string, length: bigint): Buffer {
  const copy = Buffer.from(bytes);
  copy.writeBigUInt64LE(length, copy.indexOf(key, 24) + 9);
  return copy;
}

/** The file with another type of its first value, under a key of one letter. */
function withType(bytes: Buffer, type: number): Buffer {
  const copy = Buffer.from(bytes);
  copy.writeUInt32LE(type, 33);
  return copy;
}

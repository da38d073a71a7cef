import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { openSafetensors, type TensorToWrite, writeSafetensors } from '../../src/formats/safetensors.ts';
import { temporaryDirectory, weightsErrorOf } from './support.ts';

/** A file with this header text and that much data after it. */
function fileOf(header: string, dataBytes: number): Uint8Array {
  const json = new TextEncoder().encode(header);
  const bytes = new Uint8Array(8 + json.byteLength + dataBytes);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(json.byteLength), true);
  bytes.set(json, 8);
  return bytes;
}

async function refusalOf(bytes: Uint8Array): Promise<string> {
  const directory = await temporaryDirectory();
  const path = join(directory, 'x.safetensors');
  await writeFile(path, bytes);
  return weightsErrorOf(openSafetensors(path), directory);
}

const THREE_TENSORS: readonly TensorToWrite[] = [
  { name: 'wide', dtype: 'F32', shape: [2, 3], data: new Float32Array([1, -2, 3.5, 1e-30, 1e30, 0]) },
  { name: 'half', dtype: 'F16', shape: [3], data: new Float32Array([1, -65504, 2 ** -24]) },
  { name: 'brain', dtype: 'BF16', shape: [], data: new Float32Array([3.140625]) },
];

describe('writing and reading', () => {
  test('values, shapes, dtypes and metadata come back', async () => {
    const path = join(await temporaryDirectory(), 'model.safetensors');
    await writeSafetensors(path, THREE_TENSORS, { format: 'pt' });
    const file = await openSafetensors(path);
    expect(file.metadata).toEqual(new Map([['format', 'pt']]));
    expect([...file.tensors.keys()]).toEqual(['wide', 'brain', 'half']);
    for (const { name, dtype, shape, data } of THREE_TENSORS) {
      expect(file.tensors.get(name)).toMatchObject({ name, path, dtype, shape });
      expect(await file.read(name)).toEqual(data);
    }
  });

  test('the place of a tensor is the absolute one of its bytes', async () => {
    const path = join(await temporaryDirectory(), 'model.safetensors');
    await writeSafetensors(path, THREE_TENSORS);
    const file = await openSafetensors(path);
    const bytes = await readFile(path);
    for (const { name, byteOffset, byteLength } of file.tensors.values()) {
      expect(Buffer.from(await file.readBytes(name))).toEqual(bytes.subarray(byteOffset, byteOffset + byteLength));
    }
    expect(bytes.readFloatLE(file.tensors.get('wide')?.byteOffset)).toBe(1);
  });

  test('every tensor is aligned to its item and the data to 8 bytes', async () => {
    const path = join(await temporaryDirectory(), 'model.safetensors');
    await writeSafetensors(path, [...THREE_TENSORS, { ...THREE_TENSORS[0], name: 'x', shape: [6] }]);
    const tensors = [...(await openSafetensors(path)).tensors.values()];
    expect(tensors[0].byteOffset % 8).toBe(0);
    for (const { dtype, byteOffset } of tensors) expect(byteOffset % (dtype === 'F32' ? 4 : 2)).toBe(0);
  });

  test('the same tensors in another order give the same bytes', async () => {
    const directory = await temporaryDirectory();
    await writeSafetensors(join(directory, 'a'), THREE_TENSORS, { format: 'pt' });
    await writeSafetensors(join(directory, 'b'), THREE_TENSORS.toReversed(), { format: 'pt' });
    expect(await readFile(join(directory, 'a'))).toEqual(await readFile(join(directory, 'b')));
  });

  test('values made on demand are made when those before them are written', async () => {
    const path = join(await temporaryDirectory(), 'model.safetensors');
    const started: string[] = [];
    const lazy = (name: string, value: number): TensorToWrite => ({
      name,
      dtype: 'F32',
      shape: [1],
      data: async () => {
        started.push(name);
        await new Promise(setImmediate);
        expect(started.at(-1)).toBe(name);
        return new Float32Array([value]);
      },
    });
    await writeSafetensors(path, [lazy('b', 2), lazy('a', 1), lazy('c', 3)]);
    expect(started).toEqual(['a', 'b', 'c']);
    const file = await openSafetensors(path);
    expect(await Promise.all(['a', 'b', 'c'].map((name) => file.read(name)))).toEqual(
      [1, 2, 3].map((value) => new Float32Array([value])),
    );
  });

  test('a tensor longer than one written chunk comes back whole', async () => {
    const path = join(await temporaryDirectory(), 'model.safetensors');
    const data = Float32Array.from({ length: 2 ** 20 + 3 }, (_, i) => i % 2048);
    await writeSafetensors(path, [{ name: 'long', dtype: 'F16', shape: [data.length], data }]);
    expect(
      Buffer.from((await (await openSafetensors(path)).read('long')).buffer).equals(Buffer.from(data.buffer)),
    ).toBe(true);
  });

  test('whatever is written is read back', async () => {
    const directory = await temporaryDirectory();
    const path = join(directory, 'model.safetensors');
    const tensor = fc
      .record({
        shape: fc.array(fc.nat(4), { maxLength: 3 }),
        dtype: fc.constantFrom<TensorToWrite['dtype']>('F32', 'F16', 'BF16'),
      })
      .map(({ shape, dtype }) => {
        const length = shape.reduce((product, size) => product * size, 1);
        return { shape, dtype, data: Float32Array.from({ length }, (_, i) => i - 7) };
      });
    const named = fc.dictionary(
      fc.string().filter((name) => name !== '__metadata__'),
      tensor,
      { noNullPrototype: true },
    );
    await fc.assert(
      fc.asyncProperty(named, async (tensors) => {
        await writeSafetensors(
          path,
          Object.entries(tensors).map(([name, rest]) => ({ name, ...rest })),
        );
        const file = await openSafetensors(path);
        expect(new Set(file.tensors.keys())).toEqual(new Set(Object.keys(tensors)));
        for (const [name, { data }] of Object.entries(tensors)) expect(await file.read(name)).toEqual(data);
      }),
    );
  });
});

describe('refusing to write', () => {
  const one: TensorToWrite = { name: 'x', dtype: 'F16', shape: [2], data: new Float32Array([1, 2]) };

  test.for<[string, TensorToWrite[], string]>([
    ['equal names', [one, { ...one, dtype: 'F32' }], 'tensor "x": the name is taken'],
    ['the name of the metadata', [{ ...one, name: '__metadata__' }], 'tensor "__metadata__": the name is taken'],
    ['values that do not fill the shape', [{ ...one, shape: [3] }], 'tensor "x": 2 values do not fill the shape [3]'],
    ['overflow of float16', [{ ...one, data: new Float32Array([1, 65520]) }], 'tensor "x": 65520 is too large for F16'],
  ])('%s, and nothing is left behind', async ([, tensors, message]) => {
    const directory = await temporaryDirectory();
    const path = join(directory, 'model.safetensors');
    expect(await weightsErrorOf(writeSafetensors(path, tensors), directory)).toBe(`model.safetensors: ${message}`);
    expect(await readdir(directory)).toEqual([]);
  });

  test('a failure half way leaves the old file as it was', async () => {
    const directory = await temporaryDirectory();
    const path = join(directory, 'model.safetensors');
    await writeSafetensors(path, [one]);
    const before = await readFile(path);
    const broken = { ...one, name: 'y', data: () => Promise.reject(new Error('out of paper')) };
    await expect(writeSafetensors(path, [one, broken])).rejects.toThrow('out of paper');
    expect(await readFile(path)).toEqual(before);
    expect(await readdir(directory)).toEqual(['model.safetensors']);
  });

  test('a process that is killed half way leaves the old file as it was', async () => {
    const directory = await temporaryDirectory();
    const path = join(directory, 'model.safetensors');
    await writeSafetensors(path, [one]);
    const before = await readFile(path);
    const script = `
      const { writeSafetensors } = await import(${JSON.stringify(pathToFileURL('dist/formats/safetensors.js'))});
      const first = { name: 'a', dtype: 'F32', shape: [1], data: new Float32Array(1) };
      const second = { ...first, name: 'b', data: () => new Promise(() => console.log('half way')) };
      setInterval(() => {}, 1000);
      await writeSafetensors(${JSON.stringify(path)}, [first, second]);`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const exit = once(child, 'exit');
    expect(String(await Promise.race([once(child.stdout, 'data'), exit]))).toContain('half way');
    child.kill('SIGKILL');
    await exit;
    expect((await readdir(directory)).length).toBe(2);
    expect(await readFile(path)).toEqual(before);
  });

  test('a directory that is missing is named', async () => {
    const directory = await temporaryDirectory();
    const path = join(directory, 'no', 'x.safetensors');
    await expect(writeSafetensors(path, [one])).rejects.toThrow(`cannot write ${path}: ENOENT`);
  });

  test('a disk that is full is told in words, with what to do', async () => {
    const path = join(await temporaryDirectory(), 'x.safetensors');
    const full = Object.assign(new Error('ENOSPC: no space left on device, write'), {
      code: 'ENOSPC',
      syscall: 'write',
    });
    await expect(writeSafetensors(path, [{ ...one, data: () => Promise.reject(full) }])).rejects.toMatchObject({
      message: `cannot write ${path}: no space left on the device`,
      hint: expect.stringContaining('Free some space'),
    });
  });
});

describe('refusing to read', () => {
  const f32 = (begin: number, end: number, shape = [(end - begin) / 4]): string =>
    JSON.stringify({ dtype: 'F32', shape, data_offsets: [begin, end] });

  test('a missing file and a directory', async () => {
    const directory = await temporaryDirectory();
    expect(await weightsErrorOf(openSafetensors(join(directory, 'x')), directory)).toBe('x: no such file');
    await expect(openSafetensors(directory)).rejects.toThrow(`${directory}: not a regular file`);
  });

  test.for<[string, string, number, string]>([
    ['a header that is no JSON', '{"x":', 0, 'the header is not valid: Unexpected end of JSON input'],
    ['a header that is a list', '[]', 0, 'the header is not valid: it does not start with "{"'],
    ['a string that does not end', '{"x', 0, 'the header is not valid: a string does not end'],
    ['deep nesting', `{"x":${'['.repeat(10_000)}`, 0, 'the header is not valid: nested deeper than 3 levels'],
    ['one name twice', `{"x":${f32(0, 0)},"\\u0078":${f32(0, 0)}}`, 0, 'the header is not valid: duplicate key "x"'],
    ['metadata that is no text', '{"__metadata__":{"a":1}}', 0, '__metadata__ "a" is not a string'],
    ['an endless name', `{"${'x'.repeat(1025)}":1}`, 0, 'a tensor name of 1025 characters'],
    [
      'a dtype as long as the header',
      `{"x":{"dtype":"${'F'.repeat(1e6)}"}}`,
      0,
      `tensor "x": unknown dtype "${'F'.repeat(79)}…`,
    ],
    [
      'a shape as long as the header',
      `{"x":${f32(0, 8, Array(1e5).fill(1))}}`,
      8,
      'tensor "x": a shape of 100000 axes; at most 64 are read',
    ],
    [
      'metadata under a key as long as the header',
      `{"__metadata__":{"${'k'.repeat(1e6)}":1}}`,
      0,
      `__metadata__ "${'k'.repeat(79)}… is not a string`,
    ],
    ['an entry that is no object', '{"x":1}', 0, 'tensor "x": its entry is not a JSON object'],
    ['an unknown dtype', '{"x":{"dtype":"F31"}}', 0, 'tensor "x": unknown dtype "F31"'],
    [
      'an offset beyond what a number holds',
      '{"x":{"dtype":"F32","shape":[1],"data_offsets":[9007199254740993,9007199254740997]}}',
      4,
      'tensor "x": data_offsets must be two non-negative integers',
    ],
    ['a negative offset', `{"x":${f32(-4, 0)}}`, 4, 'tensor "x": data_offsets must be two non-negative integers'],
    [
      'an offset in the middle of a byte',
      `{"x":${f32(0.5, 4.5)}}`,
      8,
      'tensor "x": data_offsets must be two non-negative integers',
    ],
    ['a missing dtype', '{"x":{}}', 0, 'tensor "x": unknown dtype nothing'],
    ['a negative size', `{"x":${f32(0, 4, [-1, -1])}}`, 4, 'tensor "x": shape must be a list of non-negative integers'],
    [
      'a fraction as size',
      `{"x":${f32(0, 4, [0.5, 2])}}`,
      4,
      'tensor "x": shape must be a list of non-negative integers',
    ],
    [
      'one offset',
      '{"x":{"dtype":"F32","shape":[],"data_offsets":[0]}}',
      0,
      'tensor "x": data_offsets must be two non-negative integers',
    ],
    [
      'offsets beyond the file',
      `{"x":${f32(0, 8)}}`,
      4,
      'tensor "x": bytes 0 to 8 lie outside the 4 bytes of data; the file may be truncated',
    ],
    [
      'offsets that run backwards',
      `{"x":${f32(4, 0, [1])}}`,
      4,
      'tensor "x": bytes 4 to 0 lie outside the 4 bytes of data; the file may be truncated',
    ],
    ['a shape of another size', `{"x":${f32(0, 8, [3])}}`, 8, 'tensor "x": shape [3] of F32 does not take 8 bytes'],
    [
      'a shape whose product overflows',
      `{"x":${f32(0, 0, [2 ** 40, 2 ** 40, 0])}}`,
      0,
      'tensor "x": shape [1099511627776, 1099511627776, 0] of F32 does not take 0 bytes',
    ],
    ['tensors that overlap', `{"x":${f32(0, 8)},"y":${f32(4, 12)}}`, 12, 'tensor "y" overlaps the tensor before it'],
    ['a gap between tensors', `{"x":${f32(0, 4)},"y":${f32(8, 12)}}`, 12, 'tensor "y" leaves a gap before it'],
    ['data of no tensor', `{"x":${f32(0, 4)}}`, 8, 'the last 4 bytes belong to no tensor'],
  ])('%s', async ([, header, dataBytes, message]) => {
    expect(await refusalOf(fileOf(header, dataBytes))).toBe(`x.safetensors: ${message}`);
  });

  test('text that is no UTF-8', async () => {
    const bytes = fileOf('{"?": 1}', 0);
    bytes[10] = 0xff;
    expect(await refusalOf(bytes)).toMatch(/the header is not valid: The encoded data was not valid/);
  });

  test.for([
    ['too short for a header', new Uint8Array(7), 'x.safetensors: 7 bytes are too few for a safetensors file'],
    [
      'a header longer than the file',
      fileOf('{}', 0).subarray(0, 9),
      'x.safetensors: a header of 2 bytes cannot be in a file of 9 bytes',
    ],
    [
      'a header length of 2^64 - 1',
      new Uint8Array(8).fill(0xff),
      'x.safetensors: a header of 18446744073709551615 bytes cannot be in a file of 8 bytes',
    ],
  ] as const)('%s', async ([, bytes, message]) => {
    expect(await refusalOf(bytes)).toBe(message);
  });

  test('a header of more than 16 MB, though the file is long enough for it', async () => {
    const directory = await temporaryDirectory();
    const path = join(directory, 'x.safetensors');
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(150_000_000n);
    await writeFile(path, length);
    await truncate(path, 200_000_000);
    expect(await weightsErrorOf(openSafetensors(path), directory)).toBe(
      'x.safetensors: a header of 150000000 bytes; at most 16777216 are read',
    );
  });

  test('a tensor that is not there, or not of floats', async () => {
    const directory = await temporaryDirectory();
    const path = join(directory, 'x.safetensors');
    await writeFile(path, fileOf('{"x":{"dtype":"I64","shape":[1],"data_offsets":[0,8]}}', 8));
    const file = await openSafetensors(path);
    expect(await file.readBytes('x')).toEqual(new Uint8Array(8));
    expect(await weightsErrorOf(file.read('y'), directory)).toBe('x.safetensors: no tensor "y"');
    expect(await weightsErrorOf(file.read('x'), directory)).toBe(
      'x.safetensors: tensor "x": values of type I64 cannot be used as weights',
    );
  });

  test('a file that was cut after it was opened', async () => {
    const directory = await temporaryDirectory();
    const path = join(directory, 'x.safetensors');
    await writeSafetensors(path, THREE_TENSORS);
    const file = await openSafetensors(path);
    await truncate(path, 20);
    expect(await weightsErrorOf(file.read('wide'), directory)).toBe(
      'x.safetensors: the file ends before byte 216; it is truncated',
    );
  });
});

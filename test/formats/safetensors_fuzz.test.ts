// Damaged safetensors files: each is refused with a known error, or all its tensors lie inside it, in bounded memory.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import { checkFiniteWeights } from '../../src/formats/finite.ts';
import { openSafetensors, type TensorToWrite, writeSafetensors } from '../../src/formats/safetensors.ts';
import { openModelDirectory } from '../../src/formats/sharded.ts';
import { HOSTILE_INTEGERS, SEED, succeeds, watchAllocations } from './fuzzing.ts';
import { temporaryDirectory } from './support.ts';

const TENSORS: readonly TensorToWrite[] = [
  { name: 'wide', dtype: 'F32', shape: [2, 3], data: new Float32Array([1, -2, 3.5, 1e-30, 1e30, 0]) },
  { name: 'half', dtype: 'F16', shape: [3], data: new Float32Array([1, -65504, 2 ** -24]) },
  { name: 'brain', dtype: 'BF16', shape: [], data: new Float32Array([3.140625]) },
];

let intact: Buffer;
let headerText: string;
let data: Buffer;

beforeAll(async () => {
  const directory = await mkdtemp(join(tmpdir(), 'weights-'));
  const path = join(directory, 'model.safetensors');
  await writeSafetensors(path, TENSORS, { format: 'pt' });
  intact = await readFile(path);
  await rm(directory, { recursive: true });
  const end = 8 + Number(intact.readBigUInt64LE());
  headerText = intact.toString('utf8', 8, end).trimEnd();
  data = intact.subarray(end);
});

function fileOf(header: string): Buffer {
  const text = Buffer.from(header);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([length, text, data]);
}

/** How many of the damaged files could still be read; how few is what says that the damage is any. */
async function open(damaged: fc.Arbitrary<Buffer>, numRuns: number): Promise<number> {
  const directory = await temporaryDirectory();
  const path = join(directory, 'model.safetensors');
  const allocations = watchAllocations();
  let readable = 0;
  const property = fc.asyncProperty(damaged, async (bytes) => {
    await writeFile(path, bytes);
    const opened = await succeeds(async () => {
      const file = await openSafetensors(path);
      for (const { name, byteOffset, byteLength } of file.tensors.values()) {
        expect(byteOffset + byteLength).toBeLessThanOrEqual(bytes.length);
        expect((await file.readBytes(name)).byteLength).toBe(byteLength);
      }
      const model = await openModelDirectory(directory);
      await checkFiniteWeights(model, model.tensors.keys());
      for (const name of file.tensors.keys()) expect((await file.read(name)).every(Number.isFinite)).toBe(true);
    });
    readable += Number(opened);
  });
  await fc.assert(property, { seed: SEED, numRuns });
  // The pieces that weights are looked at in, of a fixed size.
  expect(allocations.largest).toBeLessThanOrEqual(2 ** 20);
  return readable;
}

test('bytes that are changed, cut off, or added', async () => {
  const damaged = fc.oneof(
    fc.record({ at: fc.nat(intact.length - 1), byte: fc.nat(255) }).map(({ at, byte }) => {
      const bytes = Buffer.from(intact);
      bytes[at] = byte;
      return bytes;
    }),
    fc.nat(intact.length).map((length) => intact.subarray(0, length)),
    fc.uint8Array({ maxLength: 64 }).map((noise) => Buffer.concat([intact, noise])),
  );
  expect(await open(damaged, 400)).toBeGreaterThan(0);
});

test('another length of the header', async () => {
  const length = fc.oneof(fc.constantFrom(...HOSTILE_INTEGERS), fc.bigInt({ min: 0n, max: BigInt(intact.length) }));
  const damaged = length.map((value) => {
    const bytes = Buffer.from(intact);
    bytes.writeBigUInt64LE(value);
    return bytes;
  });
  expect(await open(damaged, 200)).toBeLessThan(20);
});

/** JSON text in the place of a value: what no number, list or object of a header should be. */
const HOSTILE_VALUES = [
  ...HOSTILE_INTEGERS.map(String),
  ...['-1', '-0', '0.5', '1e308', '-1e308', '1e-308', '1e999', '"1"', '""', 'null', 'true', '[]', '{}', '[[]]', '[0]'],
  ...[
    '[0,0]',
    '[-4,0]',
    '[0,4,8]',
    '[8,0]',
    '[1e9,1e9,1e9]',
    '"F32"',
    '"F16"',
    '"F64"',
    '"I64"',
    '"F4"',
    '"__proto__"',
  ],
  ...['NaN', 'Infinity', 'undefined', '', '[', '}', `${'['.repeat(100_000)}`],
];

test('another value in the place of any value of the header', async () => {
  const values = [...headerText.matchAll(/"[^"]*"(?!:)|\d+|\[[^\]]*\]|\{[^{}]*\}/g)];
  const damaged = fc
    .record({ which: fc.nat(values.length - 1), value: fc.constantFrom(...HOSTILE_VALUES) })
    .map(({ which, value }) => {
      const { 0: old, index } = values[which];
      return fileOf(headerText.slice(0, index) + value + headerText.slice(index + old.length));
    });
  expect(await open(damaged, 1500)).toBeLessThan(300);
});

test('names and keys that are doubled, exchanged or taken away', async () => {
  const keys = [...headerText.matchAll(/"([^"]*)":/g)];
  const names = [
    ...keys.map(([, key]) => key),
    '__metadata__',
    '__proto__',
    'constructor',
    '',
    'x'.repeat(2000),
    '\\u0000',
  ];
  const damaged = fc
    .record({ which: fc.nat(keys.length - 1), name: fc.constantFrom(...names) })
    .map(({ which, name }) => {
      const { 0: old, index } = keys[which];
      return fileOf(`${headerText.slice(0, index)}"${name}":${headerText.slice(index + old.length)}`);
    });
  expect(await open(damaged, 400)).toBeLessThan(200);
});

import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { writeSafetensors } from '../../src/formats/safetensors.ts';
import { openModelDirectory } from '../../src/formats/sharded.ts';
import { SEED, succeeds } from './fuzzing.ts';
import { temporaryDirectory, weightsErrorOf } from './support.ts';

const FIRST = 'model-00001-of-00002.safetensors';
const SECOND = 'model-00002-of-00002.safetensors';

async function writeShard(directory: string, file: string, values: Record<string, number>): Promise<void> {
  const tensors = Object.entries(values).map(([name, value]) => ({ name, value }));
  await writeSafetensors(
    join(directory, file),
    tensors.map(({ name, value }) => ({ name, dtype: 'F32', shape: [1], data: new Float32Array([value]) })),
  );
}

async function writeIndex(directory: string, index: unknown): Promise<void> {
  await writeFile(join(directory, 'model.safetensors.index.json'), JSON.stringify(index));
}

/** Two shards with `a`, `b` and `c`, as their index says. */
async function shardedDirectory(): Promise<string> {
  const directory = await temporaryDirectory();
  await writeShard(directory, FIRST, { a: 1, b: 2 });
  await writeShard(directory, SECOND, { c: 3 });
  await writeIndex(directory, { metadata: { total_size: 12 }, weight_map: { a: FIRST, b: FIRST, c: SECOND } });
  return directory;
}

test('a single file is a model', async () => {
  const directory = await temporaryDirectory();
  await writeShard(directory, 'model.safetensors', { a: 1 });
  const model = await openModelDirectory(directory);
  expect([...model.tensors.keys()]).toEqual(['a']);
  expect(await model.read('a')).toEqual(new Float32Array([1]));
});

test('shards are one model, each tensor with the file it lies in', async () => {
  const directory = await shardedDirectory();
  const model = await openModelDirectory(directory);
  expect([...model.tensors.values()].map(({ name, path }) => [name, path])).toEqual([
    ['a', join(directory, FIRST)],
    ['b', join(directory, FIRST)],
    ['c', join(directory, SECOND)],
  ]);
  expect(await Promise.all(['a', 'b', 'c'].map((name) => model.read(name)))).toEqual(
    [1, 2, 3].map((value) => new Float32Array([value])),
  );
});

test('a single file goes before shards, as in transformers', async () => {
  const directory = await shardedDirectory();
  await writeShard(directory, 'model.safetensors', { a: 7 });
  expect([...(await openModelDirectory(directory)).tensors.keys()]).toEqual(['a']);
});

describe('refuses', () => {
  test('a directory without weights', async () => {
    const directory = await temporaryDirectory();
    await mkdir(join(directory, 'model'));
    expect(await weightsErrorOf(openModelDirectory(join(directory, 'model')), directory)).toBe(
      'model: neither model.safetensors nor model.safetensors.index.json is there',
    );
  });

  test('a shard that is missing', async () => {
    const directory = await shardedDirectory();
    await rm(join(directory, SECOND));
    expect(await weightsErrorOf(openModelDirectory(directory), directory)).toBe(`${SECOND}: no such file`);
  });

  test('a tensor that the index lists and the shard has not', async () => {
    const directory = await shardedDirectory();
    await writeIndex(directory, { weight_map: { a: FIRST, c: FIRST } });
    expect(await weightsErrorOf(openModelDirectory(directory), directory)).toBe(
      `${FIRST}: no tensor "c", which model.safetensors.index.json lists`,
    );
  });

  test('a tensor in two shards', async () => {
    const directory = await shardedDirectory();
    await writeShard(directory, SECOND, { b: 2, c: 3 });
    expect(await weightsErrorOf(openModelDirectory(directory), directory)).toBe(
      `${SECOND}: tensor "b" is in ${FIRST} too`,
    );
  });

  test.for([
    ['an index without a map', {}, 'weight_map: missing'],
    ['an endless name', { weight_map: { ['x'.repeat(1025)]: FIRST } }, 'a tensor name of 1025 characters'],
    ['a map that is a list', { weight_map: [] }, 'weight_map: expected an object, not []'],
    [
      'a file of another directory',
      { weight_map: { a: `../${FIRST}` } },
      `weight_map: a: expected the name of a safetensors file beside the index, not "../${FIRST}"`,
    ],
    [
      'a file of another kind',
      { weight_map: { a: 'a.bin' } },
      'weight_map: a: expected the name of a safetensors file beside the index, not "a.bin"',
    ],
    [
      'a number for a file',
      { weight_map: { a: 1 } },
      'weight_map: a: expected the name of a safetensors file beside the index, not 1',
    ],
  ] as const)('%s', async ([, index, message]) => {
    const directory = await shardedDirectory();
    await writeIndex(directory, index);
    expect(await weightsErrorOf(openModelDirectory(directory), directory)).toBe(
      `model.safetensors.index.json: ${message}`,
    );
  });

  test('whatever an index holds, the answer is a model or a WeightsError', async () => {
    const directory = await shardedDirectory();
    const file = fc.oneof(
      fc.jsonValue(),
      fc.constantFrom(FIRST, SECOND, '..', `./${FIRST}`, `../../${FIRST}`, 'x.safetensors'),
    );
    const index = fc.oneof(
      fc.jsonValue(),
      fc.record({ weight_map: fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd'), file) }),
    );
    await fc.assert(
      fc.asyncProperty(index, async (value) => {
        await writeIndex(directory, value);
        await succeeds(() => openModelDirectory(directory));
      }),
      { seed: SEED, numRuns: 300 },
    );
  });

  test('a file name that no file can have', async () => {
    const directory = await shardedDirectory();
    await writeIndex(directory, { weight_map: { a: '\0.safetensors' } });
    expect(await weightsErrorOf(openModelDirectory(directory), directory)).toMatch(/null bytes/);
  });
});

test('reading a tensor that is not there names the directory', async () => {
  const directory = await shardedDirectory();
  const model = await openModelDirectory(directory);
  await expect(model.read('d')).rejects.toThrow(`${directory}: no tensor "d"`);
});

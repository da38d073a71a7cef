import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { openBaseWeights } from '../../src/engine/base_weights.ts';
import { checkFinite, checkFiniteWeights } from '../../src/formats/finite.ts';
import {
  type FloatDtype,
  openSafetensors,
  type TensorToWrite,
  writeSafetensors,
} from '../../src/formats/safetensors.ts';
import { openModelDirectory } from '../../src/formats/sharded.ts';
import { writeRandomModel } from '../support/random_model.ts';
import { temporaryDirectory, weightsErrorOf } from './support.ts';

const DTYPES: readonly FloatDtype[] = ['F32', 'F16', 'BF16'];
/** The largest and the smallest that each type holds: the neighbours of what is refused. */
const EXTREMES: Readonly<Record<FloatDtype, number[]>> = {
  F32: [3.4028234663852886e38, -3.4028234663852886e38, 2 ** -149, -0, 0],
  F16: [65504, -65504, 2 ** -24, -0, 0],
  BF16: [2 ** 127 * (2 - 2 ** -7), -(2 ** 127) * (2 - 2 ** -7), 2 ** -133, -0, 0],
};

async function directoryOf(tensors: readonly TensorToWrite[]): Promise<string> {
  const directory = await temporaryDirectory();
  await writeSafetensors(join(directory, 'model.safetensors'), tensors);
  return directory;
}

async function check(directory: string): Promise<void> {
  const model = await openModelDirectory(directory);
  await checkFiniteWeights(model, model.tensors.keys());
}

describe.for(DTYPES)('weights of type %s', (dtype) => {
  test('that are finite pass, however large or small', async () => {
    await check(await directoryOf([{ name: 'x', dtype, shape: [5], data: Float32Array.from(EXTREMES[dtype]) }]));
  });

  test('a value that is not finite is found wherever it stands', async () => {
    const directory = await temporaryDirectory();
    const path = join(directory, 'model.safetensors');
    const place = fc.record({
      length: fc.integer({ min: 1, max: 40 }),
      at: fc.nat(39),
      value: fc.constantFrom(NaN, Infinity, -Infinity),
    });
    await fc.assert(
      fc.asyncProperty(place, async ({ length, at, value }) => {
        const data = Float32Array.from({ length }, (_, i) => EXTREMES[dtype][i % 5]);
        data[at % length] = value;
        await writeSafetensors(path, [
          { name: 'before', dtype, shape: [3], data: new Float32Array(3).fill(1) },
          { name: 'x', dtype, shape: [length], data },
        ]);
        expect(await weightsErrorOf(check(directory), directory)).toBe(
          `model.safetensors: tensor "x": the value at [${at % length}] is ${value}; 1 of ${length} values are NaN or infinite`,
        );
      }),
      { seed: 1, numRuns: 60 },
    );
  });

  test('a value in the last of several pieces that are read is found', async () => {
    const data = new Float32Array(3 * 2 ** 19 + 1);
    data[data.length - 1] = NaN;
    const directory = await directoryOf([{ name: 'long', dtype, shape: [data.length], data }]);
    expect(await weightsErrorOf(check(directory), directory)).toBe(
      `model.safetensors: tensor "long": the value at [1572864] is NaN; 1 of 1572865 values are NaN or infinite`,
    );
  });
});

test('the first bad value is named by an index for each axis, and all of the tensor are counted', async () => {
  const data = new Float32Array(12);
  data.set([Infinity, NaN], 7);
  data[11] = -Infinity;
  const directory = await directoryOf([{ name: 'x', dtype: 'F32', shape: [2, 3, 2], data }]);
  const error = check(directory);
  await expect(error).rejects.toThrow(
    expect.objectContaining({ hint: expect.stringContaining('take an earlier checkpoint') }),
  );
  expect(await weightsErrorOf(error, directory)).toBe(
    'model.safetensors: tensor "x": the value at [1, 0, 1] is Infinity; 3 of 12 values are NaN or infinite',
  );
});

test('tensors that are not aligned in their file are read all the same', async () => {
  const directory = await directoryOf([{ name: 'x', dtype: 'F32', shape: [2], data: Float32Array.of(1, NaN) }]);
  const path = join(directory, 'model.safetensors');
  const bytes = await readFile(path);
  const header = bytes.readBigUInt64LE();
  const shifted = Buffer.concat([bytes.subarray(0, 8 + Number(header)), Buffer.from(' '), bytes.subarray(-8)]);
  shifted.writeBigUInt64LE(header + 1n);
  await writeFile(path, shifted);
  expect((await openSafetensors(path)).tensors.get('x')?.byteOffset).toSatisfy((offset: number) => offset % 4 === 1);
  expect(await weightsErrorOf(check(directory), directory)).toMatch('the value at [1] is NaN; 1 of 2 values');
});

test('only the named tensors count', async () => {
  const directory = await directoryOf([
    { name: 'x', dtype: 'F32', shape: [1], data: Float32Array.of(NaN) },
    { name: 'y', dtype: 'F32', shape: [0], data: new Float32Array(0) },
  ]);
  await checkFiniteWeights(await openModelDirectory(directory), ['y']);
});

test('each shard is searched, and named', async () => {
  const directory = await temporaryDirectory();
  const tensor = (name: string, value: number): TensorToWrite => {
    return { name, dtype: 'F16', shape: [1], data: Float32Array.of(value) };
  };
  await writeSafetensors(join(directory, 'a.safetensors'), [tensor('x', 1)]);
  await writeSafetensors(join(directory, 'b.safetensors'), [tensor('y', Infinity)]);
  const index = JSON.stringify({ weight_map: { x: 'a.safetensors', y: 'b.safetensors' } });
  await writeFile(join(directory, 'model.safetensors.index.json'), index);
  expect(await weightsErrorOf(check(directory), directory)).toMatch(/^b\.safetensors: tensor "y": the value at \[0\]/);
});

test('a file that is gone, or cut short, after it was opened is an error that names it', async () => {
  const directory = await directoryOf([{ name: 'x', dtype: 'F32', shape: [2], data: new Float32Array(2) }]);
  const path = join(directory, 'model.safetensors');
  const model = await openModelDirectory(directory);
  const bytes = await readFile(path);
  await writeFile(path, bytes.subarray(0, -1));
  expect(await weightsErrorOf(checkFiniteWeights(model, ['x']), directory)).toMatch('it is truncated');
  await rm(path);
  expect(await weightsErrorOf(checkFiniteWeights(model, ['x']), directory)).toMatch('ENOENT');
});

test('values in memory that begin anywhere in it', () => {
  const values = Float32Array.of(NaN, 1, 2, 3).subarray(1);
  expect(() => checkFinite(values, { name: 'x', shape: [3] }, 'f')).not.toThrow();
  values[2] = NaN;
  expect(() => checkFinite(values, { name: 'x', shape: [3] }, 'f')).toThrow('the value at [2] is NaN; 1 of 3 values');
});

describe('opening a model directory', () => {
  /** The random model with one of its tensors changed. */
  async function modelWith(name: string, change: (tensor: TensorToWrite) => TensorToWrite): Promise<string> {
    const directory = await writeRandomModel(await temporaryDirectory());
    const path = join(directory, 'model.safetensors');
    const file = await openSafetensors(path);
    const tensors: TensorToWrite[] = [];
    for (const { name: each, shape } of file.tensors.values()) {
      const tensor: TensorToWrite = { name: each, dtype: 'F32', shape, data: await file.read(each) };
      tensors.push(each === name ? change(tensor) : tensor);
    }
    await writeSafetensors(path, tensors);
    return directory;
  }

  test('refuses weights that are NaN', async () => {
    const directory = await modelWith('model.layers.1.mlp.up_proj.weight', (tensor) => {
      return { ...tensor, data: new Float32Array(24 * 16).fill(NaN, 16 * 5 + 3) };
    });
    expect(await weightsErrorOf(openBaseWeights(directory), directory)).toBe(
      'model.safetensors: tensor "model.layers.1.mlp.up_proj.weight": the value at [5, 3] is NaN; ' +
        '301 of 384 values are NaN or infinite',
    );
  });

  test('refuses weights that are no floating-point numbers', async () => {
    const directory = await modelWith('model.norm.weight', (tensor) => tensor);
    const path = join(directory, 'model.safetensors');
    const bytes = await readFile(path, 'latin1');
    await writeFile(path, bytes.replace(/("model.norm.weight":\{"dtype":)"F32"/, '$1"I32"'), 'latin1');
    expect(await weightsErrorOf(openBaseWeights(directory), directory)).toBe(
      'model.safetensors: tensor "model.norm.weight": values of type I32 cannot be used as weights',
    );
  });
});

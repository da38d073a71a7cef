// Weights of 16 bits become float32 once, in the cache; those that are float32 stay where they are.

import { open, readdir, readFile, realpath, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { type FloatDtype, type TensorToWrite, writeSafetensors } from '../../src/formats/safetensors.ts';
import { openModelDirectory } from '../../src/formats/sharded.ts';
import { float32Weights } from '../../src/hub/float32_weights.ts';
import { WeightsError } from '../../src/util/errors.ts';
import { temporaryDirectory } from '../support/temporary_directory.ts';

const tensor = (name: string, dtype: FloatDtype, ...values: number[]): TensorToWrite => {
  return { name, dtype, shape: [values.length], data: Float32Array.from(values) };
};

/** A model directory of these tensors, and what opens its weights with a cache beside it. */
async function setup(...tensors: TensorToWrite[]) {
  const directory = await temporaryDirectory();
  const path = join(directory, 'model.safetensors');
  await writeSafetensors(path, tensors);
  const cache = join(directory, 'cache/tinker-cookbook/float32');
  const notices: string[] = [];
  const options = { env: { XDG_CACHE_HOME: join(directory, 'cache') }, notify: (text: string) => notices.push(text) };
  const names = tensors.map(({ name }) => name);
  const opened = async (place = directory) => await float32Weights(await openModelDirectory(place), names, options);
  return { directory, path, cache, names, notices, opened };
}

test.for(['F16', 'BF16'] as const)('weights of type %s become the same values in one float32 file', async (dtype) => {
  const { cache, opened, notices } = await setup(tensor('x', dtype, 1.5, -2, 0.3), tensor('y', dtype, 2 ** -14));
  const weights = await opened();
  expect(weights.directory).toMatch(new RegExp(`^${cache}/v1-[0-9a-f]{32}$`));
  expect([...weights.tensors.values()].map(({ path, dtype }) => ({ path, dtype }))).toEqual(
    Array(2).fill({ path: join(weights.directory, 'model.safetensors'), dtype: 'F32' }),
  );
  const rounded = dtype === 'F16' ? 0.300048828125 : 0.30078125;
  expect(await weights.read('x')).toEqual(Float32Array.of(1.5, -2, rounded));
  expect(await weights.read('y')).toEqual(Float32Array.of(2 ** -14));
  expect(notices).toEqual([]);
});

test('float32 weights stay in their files, shards too', async () => {
  const { directory, cache, opened } = await setup(tensor('x', 'F32', 1));
  expect((await opened()).directory).toBe(await realpath(directory));

  const sharded = await temporaryDirectory();
  await writeSafetensors(join(sharded, 'a.safetensors'), [tensor('x', 'F32', 1)]);
  await writeSafetensors(join(sharded, 'b.safetensors'), [tensor('y', 'F32', 2)]);
  const index = { weight_map: { x: 'a.safetensors', y: 'b.safetensors' } };
  await writeFile(join(sharded, 'model.safetensors.index.json'), JSON.stringify(index));
  expect((await opened(sharded)).directory).toBe(await realpath(sharded));
  await expect(stat(cache)).rejects.toThrow('ENOENT');
});

test('links are followed to the one directory that they lead to; links to several become a copy', async () => {
  const { directory, names, opened } = await setup(tensor('x', 'F32', 1));
  const snapshot = await temporaryDirectory();
  await symlink(join(directory, 'model.safetensors'), join(snapshot, 'model.safetensors'));
  expect((await opened(snapshot)).directory).toBe(await realpath(directory));

  names.push('y');
  const [other, sharded] = [await temporaryDirectory(), await temporaryDirectory()];
  await writeSafetensors(join(other, 'b.safetensors'), [tensor('y', 'F32', 2)]);
  await symlink(join(directory, 'model.safetensors'), join(sharded, 'a.safetensors'));
  await symlink(join(other, 'b.safetensors'), join(sharded, 'b.safetensors'));
  const index = { weight_map: { x: 'a.safetensors', y: 'b.safetensors' } };
  await writeFile(join(sharded, 'model.safetensors.index.json'), JSON.stringify(index));
  expect((await opened(sharded)).directory).toMatch(/tinker-cookbook\/float32/);
});

test('a directory of several types is copied as a whole, in shards or not', async () => {
  const { directory, opened } = await setup(tensor('x', 'F32', 0.1), tensor('y', 'BF16', 2));
  const whole = await opened();
  expect(whole.directory).not.toBe(directory);
  expect(await whole.read('x')).toEqual(Float32Array.of(0.1));

  const sharded = await temporaryDirectory();
  await writeSafetensors(join(sharded, 'a.safetensors'), [tensor('x', 'F32', 0.1)]);
  await writeSafetensors(join(sharded, 'b.safetensors'), [tensor('y', 'BF16', 2)]);
  const index = { weight_map: { x: 'a.safetensors', y: 'b.safetensors' } };
  await writeFile(join(sharded, 'model.safetensors.index.json'), JSON.stringify(index));
  const joined = await opened(sharded);
  expect(joined.directory).not.toBe(whole.directory);
  expect(await readFile(join(joined.directory, 'model.safetensors'))).toEqual(
    await readFile(join(whole.directory, 'model.safetensors')),
  );
});

test('only the tensors that are asked for count', async () => {
  const { directory, path, opened } = await setup(tensor('x', 'F32', 1));
  await writeSafetensors(path, [tensor('x', 'F32', 1), tensor('left over', 'BF16', NaN)]);
  expect((await opened()).directory).toBe(await realpath(directory));
});

test('what is in the cache is not made again, under whichever name the model is opened', async () => {
  const { directory, path, cache, opened } = await setup(tensor('x', 'BF16', 1, 2));
  const first = await opened();
  const made = await stat(join(first.directory, 'model.safetensors'), { bigint: true });
  await utimes(first.directory, 1000, 1000);
  const link = join(await temporaryDirectory(), 'link');
  await symlink(directory, link);
  const snapshot = await temporaryDirectory();
  await symlink(path, join(snapshot, 'model.safetensors'));
  for (const place of [directory, link, snapshot]) expect((await opened(place)).directory).toBe(first.directory);
  const again = await stat(join(first.directory, 'model.safetensors'), { bigint: true });
  expect([again.mtimeNs, again.ino]).toEqual([made.mtimeNs, made.ino]);
  expect((await readdir(cache)).length).toBe(1);
  // Marked as used.
  expect((await stat(first.directory)).mtimeMs).toBeGreaterThan(1000 * 1000);
});

test('a copy in use can be marked as used, which asks the disk once an hour', async () => {
  const { opened } = await setup(tensor('x', 'BF16', 1, 2));
  const weights = await opened();
  const marked = async () => {
    await utimes(weights.directory, 1000, 1000);
    await weights.markUsed();
    return (await stat(weights.directory)).mtimeMs > 1000 * 1000;
  };
  vi.useFakeTimers({ toFake: ['Date'] });
  onTestFinished(() => void vi.useRealTimers());
  const [now, minute] = [Date.now(), 60_000];
  const after = async (minutes: number) => {
    vi.setSystemTime(now + minutes * minute);
    return await marked();
  };
  expect([await after(58), await after(61), await after(119), await after(122)]).toEqual([false, true, false, true]);
});

test("a model's own files are left alone", async () => {
  const { directory, opened } = await setup(tensor('x', 'F32', 1));
  const weights = await opened();
  await utimes(directory, 1000, 1000);
  await weights.markUsed();
  expect((await stat(directory)).mtimeMs).toBe(1000 * 1000);
});

test('other contents of the same size are converted anew, whatever their time', async () => {
  const { path, opened } = await setup(tensor('x', 'BF16', 1, 2));
  const { mtime, size } = await stat(path);
  const first = await opened();
  await writeSafetensors(path, [tensor('x', 'BF16', 3, 4)]);
  await utimes(path, mtime, mtime);
  expect((await stat(path)).size).toBe(size);
  const second = await opened();
  expect(second.directory).not.toBe(first.directory);
  expect(await second.read('x')).toEqual(Float32Array.of(3, 4));
});

test('a value changed in place, far from the beginning of its tensor, is converted anew', async () => {
  const { path, opened } = await setup(tensor('x', 'BF16', ...new Array<number>(10_000).fill(1)));
  await utimes(path, 1000, 1000);
  await opened();
  const handle = await open(path, 'r+');
  await handle.write(Uint8Array.of(0, 0x40), 0, 2, (await handle.stat()).size - 2);
  await handle.close();
  expect((await (await opened()).read('x'))[9999]).toBe(2);
});

test('several that convert at the same time get one copy', async () => {
  const { cache, opened } = await setup(tensor('x', 'F16', 1, 2));
  const all = await Promise.all([opened(), opened(), opened()]);
  expect(new Set(all.map(({ directory }) => directory)).size).toBe(1);
  expect(await readdir(cache)).toEqual([expect.stringMatching(/^v1-[0-9a-f]{32}$/)]);
});

test('a conversion deletes the copies that nobody has opened for long', async () => {
  const { path, cache, opened } = await setup(tensor('x', 'F16', 1));
  const first = await opened();
  await utimes(first.directory, 1000, 1000);
  await writeSafetensors(path, [tensor('x', 'F16', 2)]);
  const second = await opened();
  expect((await readdir(cache)).map((name) => join(cache, name))).toEqual([second.directory]);
});

test.for(['F32', 'BF16'] as const)(
  'weights of type %s that are NaN are an error that names the file of the model',
  async (dtype) => {
    const { path, opened, cache } = await setup(tensor('x', dtype, 1, 2), tensor('y', dtype, 1, NaN, 3));
    await expect(opened()).rejects.toThrow(
      `${path}: tensor "y": the value at [1] is NaN; 1 of 3 values are NaN or infinite`,
    );
    if (dtype !== 'F32') expect(await readdir(cache)).toEqual([]);
  },
);

test('a cache that cannot be written is an error that says where, and what to set', async () => {
  const { directory, opened, cache } = await setup(tensor('x', 'BF16', 1));
  await writeFile(join(directory, 'cache'), 'a file, and no directory');
  const error = await opened().catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(WeightsError);
  expect(error).toMatchObject({
    message: expect.stringContaining(
      `${cache}: the weights of ${directory} as float32 (0.0 MB) cannot be written there: ENOTDIR`,
    ),
    hint: expect.stringContaining('XDG_CACHE_HOME'),
  });
});

// Digests: what changes the contents of a path, and what does not.

import { createHash } from 'node:crypto';
import { mkdir, rename, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createDigests } from '../../src/spec/digests.ts';
import { type Files, workspace } from './workspace.ts';

async function digestOf(files: Files, path = '.'): Promise<string> {
  return createDigests().of(join(await workspace(files), path));
}

test('a file has the SHA-256 of its bytes, longer than a buffer too', async () => {
  const bytes = Buffer.alloc(3_000_000, 'some bytes ');
  expect(await digestOf({ a: bytes }, 'a')).toBe(createHash('sha256').update(bytes).digest('hex'));
});

describe('a directory', () => {
  test('has one digest, whatever its own name and the order of its making', async () => {
    const one = await digestOf({ 'b/c': '1', a: '2' });
    const other = await digestOf({ a: '2', 'b/c': '1' });
    expect(one).toBe(other);
  });

  test.each<[string, Files]>([
    ['other contents', { a: '1', 'b/c': '3' }],
    ['another name', { a: '1', 'b/d': '2' }],
    ['one file more', { a: '1', 'b/c': '2', e: '' }],
    ['a file in another directory', { a: '1', c: '2' }],
  ])('has another digest with %s', async (_, files) => {
    expect(await digestOf(files)).not.toBe(await digestOf({ a: '1', 'b/c': '2' }));
  });

  test('has the same digest whatever is written about it', async () => {
    const plain = await digestOf({ a: '1', 'b/c': '2' });
    expect(await digestOf({ a: '1', 'b/c': '2', 'README.md': 'x', LICENSE: 'y', '.gitattributes': 'z' })).toBe(plain);
  });

  test('is read through its links', async () => {
    const directory = await workspace({
      'blobs/x': 'weights',
      'model/config': '{}',
      'plain/config': '{}',
      'plain/weights': 'weights',
    });
    await symlink('../blobs/x', join(directory, 'model/weights'));
    const digests = createDigests();
    expect(digests.of(join(directory, 'model'))).toBe(digests.of(join(directory, 'plain')));
  });

  test('that holds a link to itself is an error, not a loop', async () => {
    const directory = await workspace({ 'model/config': '{}' });
    await symlink('.', join(directory, 'model/again'));
    expect(() => createDigests().of(join(directory, 'model'))).toThrow(/leads back into the directory that holds it/);
  });

  test('that is empty differs from an empty file', async () => {
    const directory = await workspace({ file: '' });
    await mkdir(join(directory, 'empty'));
    const digests = createDigests();
    expect(digests.of(join(directory, 'empty'))).toBe(createHash('sha256').digest('hex'));
  });
});

test('one object sees one state of a path; the next one sees the next', async () => {
  const directory = await workspace({ a: 'before' });
  const path = join(directory, 'a');
  const digests = createDigests();
  const before = digests.of(path);
  await writeFile(join(directory, 'b'), 'after');
  await rename(join(directory, 'b'), path);
  expect(digests.of(path)).toBe(before);
  expect(createDigests().of(path)).not.toBe(before);
});

test('what is not there is named, with what it is to the run', async () => {
  expect(() => createDigests().of('/nowhere/data.jsonl')).toThrow(
    expect.objectContaining({ message: 'there is no such file or directory: /nowhere/data.jsonl', exitCode: 2 }),
  );
  expect(() => createDigests().of('/dev/null')).toThrow('neither a file nor a directory: /dev/null');
});

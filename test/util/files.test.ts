import { existsSync } from 'node:fs';
import { mkdtemp, readFile, realpath, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { DataFormatError } from '../../src/util/errors.ts';
import { explainingFailure, makeDirectory } from '../../src/util/files.ts';
import { readRegularFile } from '../../src/util/regular_file.ts';
import { makeWhole } from '../../src/util/whole_directory.ts';

async function temporaryDirectory(): Promise<string> {
  const directory = await realpath(await mkdtemp(join(tmpdir(), 'cookbook-files-')));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

it('makes a directory with those above it, however many make it at a time', async () => {
  const path = join(await temporaryDirectory(), 'a/b/c');
  await Promise.all([makeDirectory(path), makeDirectory(path), makeDirectory(join(path, 'd'))]);
  expect((await stat(join(path, 'd'))).isDirectory()).toBe(true);
});

it('says what stands in the way of a directory', async () => {
  const directory = await temporaryDirectory();
  await writeFile(join(directory, 'file'), '');
  await expect(makeDirectory(join(directory, 'file'))).rejects.toThrow('file: a file of this name is there');
  await expect(makeDirectory(join(directory, 'file/below'))).rejects.toThrow('a part of the path is a file');
});

it('says that a directory lies where a file should, and what to do', async () => {
  const directory = await temporaryDirectory();
  await expect(explainingFailure('repair', directory, () => readFile(directory))).rejects.toMatchObject({
    message: `cannot repair ${directory}: it is a directory, not a file`,
    hint: 'Move it away and run the same command again.',
  });
});

it('says what to do with a pipe in the place of a file, and of links in a circle', async () => {
  const directory = await temporaryDirectory();
  const loop = join(directory, 'loop');
  await symlink('loop', loop);
  await expect(explainingFailure('read', loop, () => readFile(loop))).rejects.toMatchObject({
    message: `cannot read ${loop}: symbolic links lead to one another in a circle`,
    hint: 'Give a path that you may write to.',
  });
  const device = '/dev/null';
  await expect(explainingFailure('read', device, () => readRegularFile(device))).rejects.toMatchObject({
    message: 'cannot read /dev/null: is not a regular file',
    hint: 'Move it away and run the same command again.',
  });
});

it('leaves an error that says all of this already as it is', async () => {
  const error = new DataFormatError('lines.jsonl:3: is not as it was written', { hint: 'Delete it.' });
  await expect(explainingFailure('read', 'lines.jsonl', () => Promise.reject(error))).rejects.toBe(error);
});

it.runIf(existsSync('/proc/self'))('gives up where a file system takes no directories', async () => {
  const message = 'cannot create /proc/x: its file system holds no directories of ours';
  await expect(makeDirectory('/proc/x/y')).rejects.toThrow(message);
  await expect(makeWhole('/proc/x', async () => undefined)).rejects.toThrow(message);
});

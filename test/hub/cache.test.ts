// Directories of the cache: whole or not there, whoever is killed and however many make the same one.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { deleteOlder, makeOnce } from '../../src/hub/cache.ts';
import { temporaryDirectory } from '../support/temporary_directory.ts';

const fillWith = (text: string) => (partial: string) => writeFile(join(partial, 'file'), text);

test('a directory is made once', async () => {
  const directory = join(await temporaryDirectory(), 'kind', 'entry');
  const entry = { directory, file: 'file', what: 'it' };
  await makeOnce({ ...entry, fill: fillWith('first') });
  await makeOnce({ ...entry, fill: fillWith('second') });
  expect(await readFile(join(directory, 'file'), 'utf8')).toBe('first');
});

test('the first of several that make the same directory gives it its contents, and all are content', async () => {
  const cache = await temporaryDirectory();
  const directory = join(cache, 'entry');
  const made = ['a', 'a', 'a'].map((text) => makeOnce({ directory, file: 'file', what: 'it', fill: fillWith(text) }));
  await Promise.all(made);
  expect(await readdir(cache)).toEqual(['entry']);
  expect(await readdir(directory)).toEqual(['file']);
});

test('a process that is killed half way leaves nothing that is taken for whole, and the next one tidies it', async () => {
  const cache = await temporaryDirectory();
  const directory = join(cache, 'entry');
  const script = `
    const { writeFile } = await import('node:fs/promises');
    const { makeOnce } = await import(${JSON.stringify(pathToFileURL('dist/hub/cache.js'))});
    setInterval(() => {}, 1000);
    await makeOnce({ directory: ${JSON.stringify(directory)}, file: 'file', what: 'it', async fill(partial) {
      await writeFile(partial + '/file', 'half');
      console.log('half way');
      await new Promise(() => {});
    } });`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exit = once(child, 'exit');
  expect(String(await Promise.race([once(child.stdout, 'data'), exit]))).toContain('half way');
  child.kill('SIGKILL');
  await exit;
  expect(await readdir(cache)).toEqual([expect.stringMatching(/^\.entry\..*\.partial$/)]);
  await makeOnce({ directory, file: 'file', what: 'it', fill: fillWith('whole') });
  expect(await readFile(join(directory, 'file'), 'utf8')).toBe('whole');
  expect(await readdir(cache)).toEqual(['entry']);
});

test('what fails leaves nothing behind', async () => {
  const cache = await temporaryDirectory();
  const fill = async (partial: string) => {
    await writeFile(join(partial, 'file'), 'half');
    throw new Error('no more of it');
  };
  const made = makeOnce({ directory: join(cache, 'entry'), file: 'file', what: 'it', fill });
  await expect(made).rejects.toThrow('no more of it');
  expect(await readdir(cache)).toEqual([]);
});

test('what was marked last before a time is deleted', async () => {
  const cache = await temporaryDirectory();
  for (const name of ['old', '.old.1.partial', 'new']) {
    await mkdir(join(cache, name));
    await fillWith('x')(join(cache, name));
    if (name !== 'new') await utimes(join(cache, name), 1000, 1000);
  }
  await deleteOlder(cache, 1001 * 1000);
  expect(await readdir(cache)).toEqual(['new']);
});

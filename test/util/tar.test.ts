import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { unpackTar } from '../../src/util/tar.ts';
import { paxRecord, type TarEntry, tarOf } from '../support/tar.ts';
import { temporaryDirectory } from '../support/temporary_directory.ts';

const LIMITS = { bytes: 10_000, entries: 20 };

async function unpacked(archive: Buffer, limits = LIMITS): Promise<Record<string, string>> {
  const directory = await temporaryDirectory();
  await writeFile(join(directory, 'archive'), archive);
  const into = join(directory, 'above', 'into');
  await mkdir(into, { recursive: true });
  try {
    await unpackTar(join(directory, 'archive'), into, limits);
  } finally {
    expect(await readdir(directory)).toEqual(['above', 'archive']);
    expect(await readdir(join(directory, 'above'))).toEqual(['into']);
  }
  return await filesBelow(into);
}

async function filesBelow(directory: string): Promise<Record<string, string>> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  return Object.fromEntries(
    await Promise.all(
      files.map(async ({ parentPath, name }) => {
        const path = join(parentPath, name);
        return [relative(directory, path), await readFile(path, 'latin1')] as const;
      }),
    ),
  );
}

const file = (name: string, body = 'text'): TarEntry => ({ name, body: Buffer.from(body, 'latin1') });

describe('unpacking', () => {
  it('gives back the files that an archive was made of, also one that gzip has packed', async () => {
    const bodies = fc.uniqueArray(fc.string({ unit: fc.constantFrom('a', '\0', 'ÿ'), maxLength: 1100 }), {
      maxLength: 4,
    });
    await fc.assert(
      fc.asyncProperty(bodies, fc.boolean(), async (texts, packed) => {
        const files = Object.fromEntries(texts.map((text, i) => [`folder/${i}`, text]));
        const archive = tarOf(Object.entries(files).map(([name, text]) => file(name, text)));
        expect(await unpacked(packed ? gzipSync(archive) : archive)).toEqual(files);
      }),
      { numRuns: 10 },
    );
  });

  it('reads longer names and sizes than a header has room for', async () => {
    const long = `${'deep/'.repeat(30)}file`;
    expect(await unpacked(tarOf([paxRecord({ path: long, size: '4' }), file('short'), file('other')]))).toEqual({
      [long]: 'text',
      other: 'text',
    });
    expect(
      await unpacked(tarOf([{ name: '././@LongLink', type: 'L', body: Buffer.from(`${long}\0`) }, file('x')])),
    ).toEqual({
      [long]: 'text',
    });
  });

  it.each<[string, TarEntry[], string]>([
    ['a name that leads out', [file('a/../../b')], '"a/../../b" leads out of the directory that it is unpacked to'],
    ['an absolute name', [file('/etc/passwd')], '"/etc/passwd" leads out of the directory that it is unpacked to'],
    ['a longer name that leads out', [paxRecord({ path: '../b' }), file('b')], '"../b" leads out'],
    ['a symbolic link', [{ name: 'link', type: '2' }], '"link" is neither a file nor a directory'],
    ['a hard link', [{ name: 'link', type: '1' }], '"link" is neither a file nor a directory'],
    ['a device', [{ name: 'tty', type: '3' }], '"tty" is neither a file nor a directory'],
    ['one name twice', [file('a'), file('a')], '"a" is in it twice'],
    ['more files than allowed', Array.from({ length: 21 }, (_, i) => file(`${i}`)), 'it holds more than 20 files'],
    ['more bytes than allowed', [file('a', 'x'.repeat(10_001))], 'its files take more than 10000 bytes'],
    ['a size that is none of its own', [paxRecord({ size: '99999999' }), file('a')], 'its files take more than 10000'],
  ])('refuses %s', async (_, entries, message) => {
    await expect(unpacked(tarOf(entries))).rejects.toThrow(message);
  });

  it('tells an archive that is cut short anywhere, and one that is none', async () => {
    const archive = tarOf([file('a'), file('b')]);
    for (const whole of [archive.subarray(0, -512), gzipSync(archive)]) {
      await fc.assert(
        fc.asyncProperty(fc.integer({ min: 0, max: whole.length - 1 }), async (length) => {
          await expect(unpacked(whole.subarray(0, length))).rejects.toThrow('it is cut short');
        }),
        { numRuns: 10 },
      );
    }
    await expect(unpacked(Buffer.alloc(2000, 'no archive'))).rejects.toThrow('it is no tar archive, or damaged');
    const damaged = gzipSync(archive);
    damaged[20] ^= 0xff;
    await expect(unpacked(damaged)).rejects.toThrow(/damaged|cut short/);
  });
});

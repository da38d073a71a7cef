import { readdirSync, statSync } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { isTemporary } from '../../src/util/files.ts';
import { repairTail, writeLinesAtomic } from '../../src/util/json_lines.ts';
import { temporaryDirectory } from '../support/temporary_directory.ts';

it('what stands behind the last newline is cut off, however far in front that is', async () => {
  const path = join(await temporaryDirectory(), 'log.jsonl');
  const lengths = fc.oneof(
    fc.nat({ max: 5 }),
    fc.nat({ max: 200_000 }),
    fc.constantFrom(65_535, 65_536, 65_537, 131_072),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(lengths, { maxLength: 3 }), lengths, async (lines, rest) => {
      const whole = lines.map((length) => `${'x'.repeat(length)}\n`).join('');
      await writeFile(path, whole + 'y'.repeat(rest));
      await repairTail(path);
      expect((await readFile(path, 'utf8')) === whole).toBe(true);
    }),
    { numRuns: 50 },
  );
});

it('a file that is not there needs no repair', async () => {
  await expect(repairTail(join(await temporaryDirectory(), 'none.jsonl'))).resolves.toBeUndefined();
});

it('each line is asked for when those before it are written, so that all of them need not fit in memory', async () => {
  const directory = await temporaryDirectory();
  const path = join(directory, 'lines.jsonl');
  const written: number[] = [];
  function* lines() {
    for (const line of ['ab', 'é', '']) {
      written.push(
        ...readdirSync(directory).map((name) => (isTemporary(name) ? statSync(join(directory, name)).size : -1)),
      );
      yield line;
    }
  }
  await writeLinesAtomic(path, lines());
  expect(written).toEqual([0, 3, 6]);
  expect(await readFile(path, 'utf8')).toBe('ab\né\n\n');
});

it('lines that break off leave the file as it was', async () => {
  const directory = await temporaryDirectory();
  const path = join(directory, 'lines.jsonl');
  await writeLinesAtomic(path, ['before']);
  function* lines() {
    yield 'after';
    throw new Error('no more');
  }
  await expect(writeLinesAtomic(path, lines())).rejects.toThrow('no more');
  expect(await readFile(path, 'utf8')).toBe('before\n');
  expect(await readdir(directory)).toEqual(['lines.jsonl']);
});

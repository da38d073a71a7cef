import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { repairTail } from '../../src/util/json_lines.ts';
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

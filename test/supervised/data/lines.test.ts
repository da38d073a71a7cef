// Lines of files as they come: any line break, any size, any bytes.

import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MAX_LINE_BYTES, readLines } from '../../../src/supervised/data/lines.ts';
import { ConfigurationError } from '../../../src/util/errors.ts';

const directory = await mkdtemp(join(tmpdir(), 'lines-'));

async function linesOf(bytes: string | Buffer): Promise<string[]> {
  const file = join(directory, 'file.txt');
  await writeFile(file, bytes);
  const lines = [];
  for await (const { number, text, problem } of readLines(file)) lines.push(`${number}:${problem ?? text}`);
  return lines;
}

test.each([
  ['line feeds', 'a\nb\n', ['1:a', '2:b']],
  ['no line break at the end', 'a\nb', ['1:a', '2:b']],
  ['carriage returns', 'a\r\nb\r\n', ['1:a', '2:b']],
  ['empty lines', '\n\na\n\n', ['1:', '2:', '3:a', '4:']],
  ['a byte order mark', '\uFEFFa\nb', ['1:a', '2:b']],
  ['a mark that is no first thing', 'a\n\uFEFFb', ['1:a', '2:\uFEFFb']],
  ['separators that are no line breaks', 'a\u2028b\x85c', ['1:a\u2028b\x85c']],
  ['nothing', '', []],
])('%s', async (_, text, expected) => {
  expect(await linesOf(text)).toEqual(expected);
});

test('bytes that are no UTF-8 are a problem of their line alone', async () => {
  const bytes = Buffer.concat([Buffer.from('a\n'), Buffer.from([0xff, 0x0a]), Buffer.from('é\n')]);
  expect(await linesOf(bytes)).toEqual(['1:a', '2:not valid UTF-8', '3:é']);
});

test('a line that is too long is a problem of its own, and the next is read', async () => {
  const long = 'x'.repeat(MAX_LINE_BYTES);
  expect(await linesOf(`${long}y\nb\n${long}y`)).toEqual([
    '1:the line is 8.0 MiB long; more than 8 MiB is taken for a mistake',
    '2:b',
    '3:the line is 8.0 MiB long; more than 8 MiB is taken for a mistake',
  ]);
  expect((await linesOf(`${long}\nb`)).map((line) => line.length)).toEqual([MAX_LINE_BYTES + 2, 3]);
});

test('lines that cross the chunks of the stream are whole', async () => {
  const line = fc.string({ unit: fc.constantFrom('é', 'a', '日'), minLength: 20_000, maxLength: 60_000 });
  await fc.assert(
    fc.asyncProperty(fc.array(line, { minLength: 1, maxLength: 4 }), async (lines) => {
      expect(await linesOf(lines.join('\n'))).toEqual(lines.map((text, index) => `${index + 1}:${text}`));
    }),
    { numRuns: 10 },
  );
});

test('a file that is not there is named', async () => {
  const missing = join(directory, 'missing.jsonl');
  await expect(readLines(missing).next()).rejects.toThrow(new ConfigurationError(`${missing}: no such file`));
  await expect(readLines(directory).next()).rejects.toThrow(/: is a directory$/);
});

// Rows in every kind of file that people have: what is read, what is refused with which words.

import { execFileSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { errorAt, readRows, sourceRows } from '../../../src/supervised/data/rows.ts';
import { CookbookError } from '../../../src/util/errors.ts';
import { writeParquet } from '../../support/parquet.ts';
import { temporaryDirectory } from '../../support/temporary_directory.ts';

/** Each row with its place, or the message of its error. */
async function read(file: string, notices: string[] = []): Promise<string[]> {
  const rows: string[] = [];
  for await (const row of sourceRows(file, (message) => notices.push(message))) {
    rows.push(
      row.problem === null
        ? `${row.unit} ${row.number} ${JSON.stringify(row.value)}`
        : errorAt('FILE', row, row.problem).message,
    );
  }
  return rows;
}

async function readBytes(bytes: string | Buffer, notices: string[] = []): Promise<string[]> {
  const file = join(await temporaryDirectory(), 'rows.data');
  await writeFile(file, bytes);
  return (await read(file, notices)).map((line) => line.replaceAll(file, 'FILE'));
}

async function refusal(file: string): Promise<string> {
  const error = await read(file).then(
    (rows) => new Error(`read: ${rows.join()}`),
    (thrown) => thrown,
  );
  if (!(error instanceof CookbookError)) throw error;
  return [error.message.replaceAll(file, 'FILE'), error.hint ?? ''].join(' | ');
}

const LINES = '{"a":1}\n\n{"b":"é"}\n';
const utf16 = (text: string) => Buffer.from(`\uFEFF${text}`, 'utf16le');

describe('one JSON object a row', () => {
  test.each([
    ['JSON Lines', LINES, ['line 1 {"a":1}', 'line 3 {"b":"é"}']],
    ['JSON Lines with a byte order mark', `\uFEFF${LINES}`, ['line 1 {"a":1}', 'line 3 {"b":"é"}']],
    ['JSON Lines in gzip', gzipSync(LINES), ['line 1 {"a":1}', 'line 3 {"b":"é"}']],
    [
      'two gzips in one',
      Buffer.concat([gzipSync('{"a":1}\n'), gzipSync('{"a":2}')]),
      ['line 1 {"a":1}', 'line 2 {"a":2}'],
    ],
    ['UTF-16 with its mark', utf16(LINES), ['line 1 {"a":1}', 'line 3 {"b":"é"}']],
    ['UTF-16, the larger byte first', utf16(LINES).swap16(), ['line 1 {"a":1}', 'line 3 {"b":"é"}']],
    ['UTF-16 in gzip', gzipSync(utf16(LINES)), ['line 1 {"a":1}', 'line 3 {"b":"é"}']],
    ['a list', '[{"a":1},{"a":2}]', ['line 1 {"a":1}', 'line 1 {"a":2}']],
    [
      'a list over lines',
      '\n[\n  {\n    "a": "],{"\n  },\n\n  {"a": 2}\n]\n',
      ['line 3 {"a":"],{"}', 'line 7 {"a":2}'],
    ],
    ['a list in gzip, with a mark', gzipSync('\uFEFF[{"a":1}]'), ['line 1 {"a":1}']],
    ['an empty list', '[ ]\n', []],
    ['an empty file', '', []],
  ])('%s', async (_, bytes, rows) => {
    expect(await readBytes(bytes)).toEqual(rows);
  });

  test('UTF-16 is told of', async () => {
    const notices: string[] = [];
    await readBytes(utf16(LINES), notices);
    expect(notices).toEqual([expect.stringMatching(/rows\.data: read as UTF-16, as its byte order mark says$/)]);
  });
});

describe('a row that is none', () => {
  test.each([
    [
      'in a list',
      '[{"a":1},\n7, {"a":}]',
      ['line 1 {"a":1}', 'FILE:2: each element of the list must be a JSON object', /^FILE:2: not valid JSON: /],
    ],
    [
      'a list of nothing between commas',
      '[{"a":1},,{"a":2}]',
      ['line 1 {"a":1}', 'FILE:1: a comma without a row beside it', 'line 1 {"a":2}'],
    ],
    ['a list with a comma at its end', '[{"a":1},\n]', ['line 1 {"a":1}', 'FILE:2: a comma without a row beside it']],
    [
      'a list that is cut short',
      '[{"a":1},\n{"a"',
      ['line 1 {"a":1}', 'FILE:2: the list has no end: the file is cut short'],
    ],
    ['text behind a list', '[{"a":1}]\n{"a":2}', ['line 1 {"a":1}', 'FILE:2: text after the end of the list']],
    ['braces that close nothing', '[}]', ['FILE:1: not valid JSON: a brace that closes nothing']],
    [
      'a row of 9 MiB in a list',
      `[{"a":"${'x'.repeat(9 * 2 ** 20)}"},{"a":2}]`,
      ['FILE:1: the row is 9.0 MiB long; more than 8 MiB is taken for a mistake', 'line 1 {"a":2}'],
    ],
  ])('%s', async (_, bytes, rows) => {
    expect(await readBytes(bytes)).toEqual(
      rows.map((row) => (typeof row === 'string' ? row : expect.stringMatching(row))),
    );
  });

  test('one object over several lines is told what it should be', async () => {
    const file = join(await temporaryDirectory(), 'file.json');
    await writeFile(file, '{\n  "train": []\n}\n');
    for await (const { problem } of sourceRows(file, () => undefined)) {
      expect(problem?.hint).toBe(
        'One JSON object over several lines holds no rows: write one row a line, or a list [ … ] of rows.',
      );
      break;
    }
  });
});

test('a list of any rows, written in any way and cut anywhere, is those rows', async () => {
  const directory = await temporaryDirectory();
  const file = join(directory, 'list.json');
  const value = fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 3 }), { maxKeys: 4 });
  await fc.assert(
    fc.asyncProperty(fc.array(value, { maxLength: 8 }), fc.constantFrom(undefined, 1, '\t'), async (rows, indent) => {
      // Longer than a chunk of the stream.
      const all = [{ pad: 'é"[{\\'.repeat(9000) }, ...rows];
      await writeFile(file, JSON.stringify(all, null, indent));
      const found: unknown[] = [];
      for await (const row of sourceRows(file, () => undefined)) found.push(row.value);
      expect(found).toEqual(JSON.parse(JSON.stringify(all)));
    }),
    { numRuns: 40 },
  );
});

describe('Parquet', () => {
  test('holds rows, in order; a null is a field that is left out', async () => {
    const directory = await temporaryDirectory();
    const file = await writeParquet(
      directory,
      'a.parquet',
      `SELECT i AS n, [{'role': 'user', 'content': 'q' || i, 'name': NULL}] AS messages, 'nan'::DOUBLE AS score,
       CASE WHEN i = 1 THEN NULL ELSE 'x' END AS tag FROM range(3) t(i)`,
    );
    expect(await read(file)).toEqual([
      'row 1 {"n":"0","messages":[{"role":"user","content":"q0"}],"score":"NaN","tag":"x"}',
      'row 2 {"n":"1","messages":[{"role":"user","content":"q1"}],"score":"NaN"}',
      'row 3 {"n":"2","messages":[{"role":"user","content":"q2"}],"score":"NaN","tag":"x"}',
    ]);
  });

  test('is the file of that name, whatever the name', async () => {
    const directory = join(await temporaryDirectory(), 'a=[1] *');
    await mkdir(directory);
    const names = [
      '*.parquet',
      'a[1].parquet',
      'a1.parquet',
      '[!a].parquet',
      `it's "q".parquet`,
      'q?',
      '**',
      '{a,b}',
      'b\\s',
      '$1',
    ];
    for (const [index, name] of names.entries()) await writeParquet(directory, name, `SELECT '${index}' AS i`);
    for (const [index, name] of names.entries())
      expect([name, await read(join(directory, name))]).toEqual([name, [`row 1 {"i":"${index}"}`]]);
  });

  test('that is damaged is one line', async () => {
    const file = join(await temporaryDirectory(), 'a.parquet');
    await writeFile(file, `PAR1${'x'.repeat(100)}PAR1`);
    expect(await refusal(file)).toMatch(
      /^FILE: not a Parquet file that can be read: [^\n]+ \| Download or write it again\.$/,
    );
  });

  test('is known by its bytes, not by its name', async () => {
    const directory = await temporaryDirectory();
    const file = await writeParquet(directory, 'rows.jsonl', 'SELECT 1::INTEGER AS a');
    expect(await read(file)).toEqual(['row 1 {"a":1}']);
  });
});

describe('what is refused', () => {
  test.each([
    ['Zstandard', Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0])],
    ['xz', Buffer.from('\xfd7zXZ\0', 'latin1')],
    ['bzip2', Buffer.from('BZh91AY')],
    ['zip', Buffer.from('PK\x03\x04..')],
    ['tar', Buffer.concat([Buffer.alloc(257, 'x'), Buffer.from('ustar\x0000')])],
    ['tar in gzip', gzipSync(Buffer.concat([Buffer.alloc(257, 'x'), Buffer.from('ustar\x0000')]))],
    ['gzip in gzip', gzipSync(gzipSync('{}'))],
    ['gzip that is cut short', gzipSync(Buffer.alloc(9999, '{}\n')).subarray(0, 30)],
    ['Arrow', Buffer.from('ARROW1\0\0')],
    ['UTF-32', Buffer.from([0xff, 0xfe, 0, 0, 0x7b, 0, 0, 0])],
    ['UTF-16 without a mark', Buffer.from('{"a":1}', 'utf16le')],
    ['UTF-16 with half of a pair', Buffer.from('\uFEFF{"a":"\ud83d"}', 'utf16le')],
  ])('%s', async (name, bytes) => {
    const file = join(await temporaryDirectory(), 'file');
    await writeFile(file, bytes);
    expect({ [name]: await refusal(file) }).toMatchSnapshot();
  });

  test('a directory, a device, a pipe without a writer, and nothing at all', async () => {
    const directory = await temporaryDirectory();
    const pipe = join(directory, 'pipe');
    execFileSync('mkfifo', [pipe]);
    expect(await Promise.all([directory, '/dev/zero', pipe, join(directory, 'none')].map(refusal))).toEqual([
      'FILE: is a directory | Name a file.',
      'FILE: is a device | Name a file.',
      'FILE: is a pipe, which can be read only once | Name a file.',
      'FILE: no such file | ',
    ]);
  });
});

test('nothing more is read once nobody waits for it', async () => {
  const file = join(await temporaryDirectory(), 'rows.jsonl');
  await writeFile(file, '{}\n'.repeat(9));
  const stop = new AbortController();
  let read = 0;
  const reading = readRows(file, { onBadRow: 'error', warn: () => undefined, signal: stop.signal }, () => {
    read += 1;
    if (read === 3) stop.abort();
  });
  await expect(reading).rejects.toThrow(stop.signal.reason);
  expect(read).toBe(3);
});

// W&B's files: the framing of blocks and pieces, and a run in them after attempts that were cut short.

import { cp, mkdir, readdir, readFile, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodePieces, encodePieces, FILE_HEADER } from '../../src/sinks/wandb/log_file.ts';
import { OfflineRun } from '../../src/sinks/wandb/offline_run.ts';
import { decoded } from '../../src/sinks/wandb/records.ts';
import type { LoggedRun } from '../../src/training/sink.ts';
import { objectOf } from '../../src/util/json.ts';
import { temporaryDirectory } from '../support/temporary_directory.ts';
import { loggedRun, rowsUpTo } from './support.ts';

const BLOCK = 32_768;

function fileOf(records: readonly Uint8Array[]): Buffer {
  return records.reduce<Buffer>(
    (file, record) => Buffer.concat([file, encodePieces(record, file.length)]),
    FILE_HEADER,
  );
}

describe('the framing', () => {
  it('gives records back, however they lie across blocks', () => {
    const sizes = fc.oneof(fc.nat(100), fc.integer({ min: BLOCK - 40, max: BLOCK + 40 }), fc.constant(3 * BLOCK));
    fc.assert(
      fc.property(fc.array(sizes, { maxLength: 6 }), (lengths) => {
        const given = lengths.map((length, i) => Buffer.alloc(length, i + 1));
        const { records, damaged, problem } = decodePieces(fileOf(given));
        expect(records.map((record, i) => given[i]?.equals(record))).toEqual(given.map(() => true));
        expect([damaged, problem]).toEqual([0, null]);
      }),
      { numRuns: 50, examples: [[[BLOCK - 21, 5]], [[0]]] },
    );
  });

  it('a last record that is not whole is none', () => {
    const whole = fileOf([Buffer.from('one'), Buffer.alloc(2 * BLOCK, 7)]);
    for (const cut of [1, 100, BLOCK, BLOCK + 50]) {
      const { records, damaged } = decodePieces(whole.subarray(0, whole.length - cut));
      expect(records.map((record) => Buffer.from(record).toString())).toEqual(['one']);
      expect(damaged).toBe(0);
    }
  });

  it('damage costs the rest of its block', () => {
    const file = fileOf([Buffer.from('one'), Buffer.from('two'), Buffer.alloc(BLOCK, 7), Buffer.from('last')]);
    file[FILE_HEADER.length + 7] ^= 1;
    const { records, damaged } = decodePieces(file);
    expect(records.map((record) => Buffer.from(record).toString())).toEqual(['last']);
    expect(damaged).toBeGreaterThan(0);
  });

  it('a record of more pieces than any needs is damaged', () => {
    const nothing = encodePieces(Buffer.alloc(0), FILE_HEADER.length);
    const [begin, more] = [nothing, nothing].map((piece, i) => Buffer.from(piece).fill(i + 2, 6));
    for (const [i, piece] of [begin, more].entries()) piece?.writeUInt32LE(crc32(Buffer.from([i + 2])));
    const pieces = [begin, ...Array.from({ length: 1_000 }, () => more)];
    const { records, damaged } = decodePieces(Buffer.concat([FILE_HEADER, ...pieces]));
    expect([records, damaged]).toEqual([[], 1]);
  });

  it('another file is told from one of W&B', () => {
    expect(decodePieces(Buffer.from('{"a": 1}')).problem).toBe('it does not begin as a file of W&B does');
  });

  it('any bytes are read to an end', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2_000 }), (bytes) => {
        decodePieces(Buffer.concat([FILE_HEADER, bytes]));
      }),
    );
  });
});

it('a run has each step once after an attempt whose file was cut short, in the same directory', async () => {
  const directory = await temporaryDirectory();
  const { signal } = new AbortController();
  const told: string[] = [];
  const options = {
    run: loggedRun(directory),
    signal,
    directory,
    project: 'p',
    entity: null,
    tell: (text: string) => told.push(text),
  };
  const first = new OfflineRun(options);
  await first.open([]);
  await first.log(rowsUpTo(6, 1_000_000_000_000));
  const [offline = ''] = await readdir(join(directory, 'wandb'));
  const path = join(directory, 'wandb', offline, 'run-0123456789ab.wandb');
  await truncate(path, (await readFile(path)).length - 3);
  const second = new OfflineRun(options);
  await second.open(rowsUpTo(4, null));
  await second.log(rowsUpTo(8).slice(4));
  await second.close('done');
  expect(await readdir(join(directory, 'wandb'))).toEqual([offline]);
  const records = decodePieces(await readFile(path)).records.map(decoded);
  const rows = records.flatMap(({ history }) => (history === undefined ? [] : [objectOf(history)]));
  expect(rows.map(({ step }) => objectOf(step).num)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  expect(JSON.stringify(rows[1])).toContain('"1000000000"');
  expect(records.map(({ num }) => num)).toEqual(records.map((_, i) => i + 1));
  expect(records.at(-1)).toMatchObject({ exit: { exit_code: 0 } });
  expect(told[0]).toContain(`wandb sync ${join(directory, 'wandb', offline)}`);
});

it('a copy of a run has a directory of its own in the place of the one that was copied along, with its times', async () => {
  const parent = await temporaryDirectory();
  const [original, copy] = [join(parent, 'original'), join(parent, 'copy')];
  await mkdir(original);
  const { signal } = new AbortController();
  const of = (directory: string, fields: Partial<LoggedRun>, place = directory) =>
    new OfflineRun({
      run: loggedRun(directory, fields),
      signal,
      directory: place,
      project: 'p',
      entity: null,
      tell: () => undefined,
    });
  const first = of(original, {});
  await first.open(rowsUpTo(3, 1_000_000_000_000));
  await first.close('interrupted');
  await cp(original, copy, { recursive: true });
  const own = { id: 'fedcba9876543210fedcba9876543210', copyOf: loggedRun(original).id };
  const going = of(copy, own);
  await going.open(rowsUpTo(3, null));
  await going.close('done');
  const [offline = '', ...others] = await readdir(join(copy, 'wandb'));
  expect([offline, others]).toEqual([expect.stringMatching(/-fedcba987654$/), []]);
  const { records } = decodePieces(await readFile(join(copy, 'wandb', offline, 'run-fedcba987654.wandb')));
  expect(JSON.stringify(records.map(decoded))).toContain('"1000000000"');
  // Outside of the copy it is the original's.
  const beside = of(copy, own, original);
  await beside.open([]);
  await beside.close('done');
  expect(await readdir(join(original, 'wandb'))).toHaveLength(2);
});

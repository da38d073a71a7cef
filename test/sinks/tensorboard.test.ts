// Event files: their framing as the format's authors document it, and what a directory holds after attempts that were cut short.

import { readdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { crc32c, maskedCrc32c } from '../../src/sinks/tensorboard/crc32c.ts';
import { EventFile } from '../../src/sinks/tensorboard/event_file.ts';
import { events } from '../../src/sinks/tensorboard/events.ts';
import { decodeRecords, encodeRecord } from '../../src/sinks/tensorboard/records.ts';
import { temporaryDirectory } from '../support/temporary_directory.ts';
import { loggedRun, rowsUpTo } from './support.ts';

describe('the checksum', () => {
  // Of RFC 3720, appendix B.4.
  it.each([
    ['32 zeros', Buffer.alloc(32), 0x8a9136aa],
    ['32 ones', Buffer.alloc(32, 0xff), 0x62a8ab43],
    ['ascending bytes', Buffer.from(Array.from({ length: 32 }, (_, i) => i)), 0x46dd794e],
    ['descending bytes', Buffer.from(Array.from({ length: 32 }, (_, i) => 31 - i)), 0x113fdb5c],
    ['the check of the catalogue', Buffer.from('123456789'), 0xe3069283],
  ])('%s', (_, bytes, expected) => {
    expect(crc32c(bytes)).toBe(expected);
  });

  it('is masked as LevelDB documents it', () => {
    const crc = crc32c(Buffer.from('foo'));
    const rotated = (crc >>> 15) | (crc << 17);
    expect(maskedCrc32c(Buffer.from('foo'))).toBe((rotated + 0xa282ead8) >>> 0);
    expect(maskedCrc32c(Buffer.from('foo'))).not.toBe(crc);
  });
});

describe('records', () => {
  it('come back as they were written', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 300 })), (given) => {
        const { records, damaged, problem } = decodeRecords(Buffer.concat(given.map(encodeRecord)));
        expect(records.map((record) => [...record])).toEqual(given.map((record) => [...record]));
        expect([damaged, problem]).toEqual([0, null]);
      }),
    );
  });

  const file = () => Buffer.concat(['one', 'two', 'three'].map((text) => encodeRecord(Buffer.from(text))));
  const texts = (buffer: Buffer) => decodeRecords(buffer).records.map((record) => Buffer.from(record).toString());

  it('a torn last one is none, whatever is left of it', () => {
    const whole = file();
    const last = encodeRecord(Buffer.from('three')).length;
    for (let cut = 1; cut <= last; cut++) {
      expect(texts(whole.subarray(0, whole.length - cut))).toEqual(['one', 'two']);
      expect(decodeRecords(whole.subarray(0, whole.length - cut))).toMatchObject({ damaged: 0, problem: null });
    }
  });

  it('one whose contents are damaged is counted, and the next are read', () => {
    const buffer = file();
    buffer[encodeRecord(Buffer.from('one')).length + 13] ^= 1;
    expect(texts(buffer)).toEqual(['one', 'three']);
    expect(decodeRecords(buffer)).toMatchObject({ damaged: 1, problem: null });
  });

  it('behind a damaged length nothing is read', () => {
    const buffer = file();
    const at = encodeRecord(Buffer.from('one')).length;
    buffer[at] ^= 1;
    expect(decodeRecords(buffer)).toMatchObject({
      damaged: 0,
      problem: `byte ${at}: the length of a record is damaged`,
    });
    expect(texts(buffer)).toEqual(['one']);
  });

  it('a length beyond the file takes no memory', () => {
    const buffer = encodeRecord(Buffer.from('one'));
    buffer.writeBigUInt64LE(2n ** 62n);
    buffer.writeUInt32LE(maskedCrc32c(buffer.subarray(0, 8)), 8);
    expect(decodeRecords(buffer)).toEqual({ records: [], damaged: 0, problem: null });
  });
});

async function stepsIn(directory: string): Promise<number[]> {
  const steps: number[] = [];
  for (const name of (await readdir(directory)).sort()) {
    for (const record of decodeRecords(await readFile(join(directory, name))).records) {
      const { step, summary } = events.decode('Event', record);
      if (summary !== undefined && JSON.stringify(summary).includes('"loss"')) steps.push(Number(step));
    }
  }
  return steps;
}

describe('a directory', () => {
  it('holds each step once after an attempt whose file was cut short', async () => {
    const directory = await temporaryDirectory();
    const { signal } = new AbortController();
    const first = new EventFile(directory, { run: loggedRun(directory), signal });
    await first.open([]);
    await first.log(rowsUpTo(6));
    const [name = ''] = await readdir(directory);
    await truncate(join(directory, name), (await readFile(join(directory, name))).length - 5);
    await writeFile(join(directory, `.cookbook-partial-${loggedRun(directory).id}-000000000000`), 'half');
    const second = new EventFile(directory, { run: loggedRun(directory), signal });
    await second.open(rowsUpTo(4, null));
    await second.log(rowsUpTo(8).slice(4));
    await second.close('done');
    expect(await stepsIn(directory)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(await readdir(directory)).toHaveLength(1);
    expect((await readdir(directory))[0] ?? '').not.toBe(name);
  });

  it('keeps the times of rows that an earlier attempt logged', async () => {
    const directory = await temporaryDirectory();
    const { signal } = new AbortController();
    for (const time of [1_000_000_000_000, null]) {
      const file = new EventFile(directory, { run: loggedRun(directory), signal });
      await file.open(rowsUpTo(2, time));
      await file.close('interrupted');
    }
    const [name = ''] = await readdir(directory);
    const { records } = decodeRecords(await readFile(join(directory, name)));
    const times = records.map((record) => events.decode('Event', record)).filter(({ step }) => step === 1);
    expect(times).toMatchObject([{ wall_time: 1_000_000_000 }]);
  });

  it('leaves the files of others alone', async () => {
    const directory = await temporaryDirectory();
    await writeFile(join(directory, 'events.out.tfevents.1.host.1.0'), 'theirs');
    const { signal } = new AbortController();
    const file = new EventFile(directory, { run: loggedRun(directory), signal });
    await file.open([]);
    await file.open([]);
    await file.close('done');
    expect(await readFile(join(directory, 'events.out.tfevents.1.host.1.0'), 'utf8')).toBe('theirs');
    expect(await readdir(directory)).toHaveLength(2);
  });
});

// TFRecord files: each record has its length before it, and a checksum behind either.

import { maskedCrc32c } from './crc32c.ts';

const LENGTH_BYTES = 8;
const CRC_BYTES = 4;
const HEADER_BYTES = LENGTH_BYTES + CRC_BYTES;

/** More than any event holds but pictures and graphs, which nobody here reads. */
const MOST_BYTES = 8 * 2 ** 20;

export function encodeRecord(data: Uint8Array): Buffer {
  const record = Buffer.alloc(HEADER_BYTES + data.length + CRC_BYTES);
  record.writeBigUInt64LE(BigInt(data.length));
  record.writeUInt32LE(maskedCrc32c(record.subarray(0, LENGTH_BYTES)), LENGTH_BYTES);
  record.set(data, HEADER_BYTES);
  record.writeUInt32LE(maskedCrc32c(data), HEADER_BYTES + data.length);
  return record;
}

export interface Damage {
  /** Records whose contents are not what their checksum says, or too large to be read. */
  damaged: number;
  /** Why the rest of the file is not read; null where all of it was. A last record that is not whole is no reason: a writer may be at it. */
  problem: string | null;
}

/**
 * Hands over the records of a file, as views of its bytes. Never throws. One by one: a list of as many as a file may have of them
 * takes ten times its size.
 */
export function takeRecords(file: Buffer, take: (record: Uint8Array) => void): Damage {
  let damaged = 0;
  let at = 0;
  while (at + HEADER_BYTES <= file.length) {
    const header = file.subarray(at, at + LENGTH_BYTES);
    // Behind a length that is wrong nobody knows where the next record begins.
    if (file.readUInt32LE(at + LENGTH_BYTES) !== maskedCrc32c(header)) {
      return { damaged, problem: `byte ${at}: the length of a record is damaged` };
    }
    const length = header.readBigUInt64LE();
    const begin = at + HEADER_BYTES;
    if (length > BigInt(file.length - begin - CRC_BYTES)) break;
    const end = begin + Number(length);
    const data = file.subarray(begin, end);
    if (data.length > MOST_BYTES || file.readUInt32LE(end) !== maskedCrc32c(data)) damaged += 1;
    else take(data);
    at = end + CRC_BYTES;
  }
  return { damaged, problem: null };
}

/** The records of a file of ours, and the damage. */
export function decodeRecords(file: Buffer): Damage & { records: Uint8Array[] } {
  const records: Uint8Array[] = [];
  const damage = takeRecords(file, (record) => records.push(record));
  return { records, ...damage };
}

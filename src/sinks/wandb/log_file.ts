// The framing of W&B's files, which is that of LevelDB's logs: blocks of 32 KiB, in which a record lies whole or in pieces, each
// piece with its length and a checksum.

import { crc32 } from 'node:zlib';

const BLOCK_BYTES = 32_768;
const PIECE_HEADER_BYTES = 7;

/** ":W&B", a magic number, and the version of the framing. */
export const FILE_HEADER = Buffer.from([0x3a, 0x57, 0x26, 0x42, 0xe1, 0xbe, 0x00]);

const FULL = 1;
const FIRST = 2;
const MIDDLE = 3;
const LAST = 4;

/** More than any row of a run holds. */
const MOST_BYTES = 8 * 2 ** 20;
/** Of a record: each fills the rest of a block, and the first and the last may be short. */
const MOST_PIECES = Math.ceil(MOST_BYTES / (BLOCK_BYTES - PIECE_HEADER_BYTES)) + 2;

/** Nothing behind the type leaves its checksum as it is; asked about no bytes, zlib may begin anew. */
function checksum(type: number, data: Uint8Array): number {
  const ofType = crc32(Buffer.from([type]));
  return data.length === 0 ? ofType : crc32(data, ofType);
}

/** A record as it is written from a place in a file on. */
export function encodePieces(record: Uint8Array, offset: number): Buffer {
  const parts: Buffer[] = [];
  let at = offset;
  let done = 0;
  let isFirst = true;
  do {
    const left = BLOCK_BYTES - (at % BLOCK_BYTES);
    if (left < PIECE_HEADER_BYTES) {
      parts.push(Buffer.alloc(left));
      at += left;
      continue;
    }
    const data = record.subarray(done, done + left - PIECE_HEADER_BYTES);
    done += data.length;
    const isLast = done === record.length;
    const type = isFirst ? (isLast ? FULL : FIRST) : isLast ? LAST : MIDDLE;
    const header = Buffer.alloc(PIECE_HEADER_BYTES);
    header.writeUInt32LE(checksum(type, data));
    header.writeUInt16LE(data.length, 4);
    header.writeUInt8(type, 6);
    parts.push(header, Buffer.from(data));
    at += PIECE_HEADER_BYTES + data.length;
    isFirst = false;
  } while (isFirst || done < record.length);
  return Buffer.concat(parts);
}

export interface Damage {
  /** Records that are not what their checksums say, not whole in the midst of the file, or too large to be read. */
  damaged: number;
  /** Why nothing is read; null where something is. */
  problem: string | null;
}

/**
 * Hands over the records of a file. Never throws. After damage it goes on with the next block. One by one: a list of as many as a
 * file may have of them takes twenty times its size.
 */
export function takePieces(file: Buffer, take: (record: Uint8Array) => void): Damage {
  if (!file.subarray(0, FILE_HEADER.length).equals(FILE_HEADER)) {
    return { damaged: 0, problem: 'it does not begin as a file of W&B does' };
  }
  let damaged = 0;
  let pieces: Uint8Array[] | null = null;
  let size = 0;
  const drop = () => {
    damaged += 1;
    pieces = null;
  };
  for (let at = FILE_HEADER.length; at + PIECE_HEADER_BYTES <= file.length; ) {
    const left = BLOCK_BYTES - (at % BLOCK_BYTES);
    if (left < PIECE_HEADER_BYTES) {
      at += left;
      continue;
    }
    const length = file.readUInt16LE(at + 4);
    const type = file.readUInt8(at + 6);
    const end = at + PIECE_HEADER_BYTES + length;
    // The last piece may be one that a writer is at.
    if (end > file.length && length <= left - PIECE_HEADER_BYTES) break;
    const data = file.subarray(at + PIECE_HEADER_BYTES, end);
    const isKnown = type >= FULL && type <= LAST && length <= left - PIECE_HEADER_BYTES;
    if (!isKnown || file.readUInt32LE(at) !== checksum(type, data)) {
      drop();
      at += left;
      continue;
    }
    at = end;
    const begins: boolean = type === FULL || type === FIRST;
    if (begins && pieces !== null) drop();
    if (begins) {
      pieces = [];
      size = 0;
    }
    if (pieces === null) {
      if (type === LAST) damaged += 1;
      continue;
    }
    size += data.length;
    if (size > MOST_BYTES || pieces.length === MOST_PIECES) {
      drop();
      continue;
    }
    pieces.push(data);
    if (type === FULL || type === LAST) {
      take(pieces.length === 1 ? data : Buffer.concat(pieces));
      pieces = null;
    }
  }
  return { damaged, problem: null };
}

/** The records of a file of ours, and the damage. */
export function decodePieces(file: Buffer): Damage & { records: Uint8Array[] } {
  const records: Uint8Array[] = [];
  const damage = takePieces(file, (record) => records.push(record));
  return { records, ...damage };
}

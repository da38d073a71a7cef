// The bytes of a file that another tool has written: a regular one of bounded size.

import { open } from 'node:fs/promises';
import { LOG_LIMIT_BYTES, READ_FLAGS, refuseIrregular } from '../util/regular_file.ts';

/** As much of a file as it begins with. @throws as below */
export async function readForeignStart(path: string, most: number): Promise<Buffer> {
  const file = await open(path, READ_FLAGS);
  try {
    refuseIrregular(await file.stat(), LOG_LIMIT_BYTES);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(most), 0, most, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

/** @throws an error with the code ENOTREG or E2BIG, or that of the system call that failed */
export async function readForeignBytes(path: string): Promise<Buffer> {
  const file = await open(path, READ_FLAGS);
  try {
    refuseIrregular(await file.stat(), LOG_LIMIT_BYTES);
    return await file.readFile();
  } finally {
    await file.close();
  }
}

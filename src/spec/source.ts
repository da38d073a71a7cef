// A spec file's bytes to text: everything that can be wrong with a file before it is YAML.

import { readFile, stat } from 'node:fs/promises';
import { errorCode, reasonOf } from '../util/files.ts';

const MAX_BYTES = 4_000_000;

/** The text of a file, or one sentence about why it cannot be opened, or about what is wrong with its bytes and where. */
export type Source =
  | { text: string }
  | { missing: string }
  | { damage: { line: number; column: number; message: string } };

export async function readSource(path: string): Promise<Source> {
  let bytes: Buffer;
  try {
    const stats = await stat(path);
    if (stats.isDirectory()) return { missing: 'this is a directory; name a YAML file' };
    if (!stats.isFile()) return { missing: 'this is no regular file' };
    if (stats.size > MAX_BYTES) {
      const sizes = `${megabytes(stats.size)}; a spec has at most ${megabytes(MAX_BYTES)}`;
      return { missing: `the file has ${sizes}. Is it a data file?` };
    }
    bytes = await readFile(path);
  } catch (error) {
    return { missing: reason(error) };
  }
  try {
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) };
  } catch {
    return { damage: { ...firstBadByte(bytes), message: 'the file is not UTF-8 text' } };
  }
}

function reason(error: unknown): string {
  const code = errorCode(error);
  if (code === 'ENOENT' || code === 'ENOTDIR') return 'there is no such file';
  if (code === 'EACCES' || code === 'EPERM') return 'no permission to read this file';
  return `the file cannot be read: ${reasonOf(error)}`;
}

/** The decoder does not say where; the first replacement character of a lenient one does. */
function firstBadByte(bytes: Buffer): { line: number; column: number } {
  const before = bytes.toString('utf8').split('\uFFFD', 1)[0] ?? '';
  const lines = before.split('\n');
  return { line: lines.length, column: (lines.at(-1)?.length ?? 0) + 1 };
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

// The digest of a file, read as a stream: models do not fit in memory twice.

import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';

/** In hex. `hash`: SHA-256 unless another one is given. */
export async function digestOfFile(path: string, hash: Hash = createHash('sha256')): Promise<string> {
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}

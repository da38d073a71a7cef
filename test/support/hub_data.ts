// Data sets on a hub on this machine, with conversations that say their number.

import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { vi } from 'vitest';
import { type HubRepository, LocalHub } from '../hub/local_hub.ts';
import { writeParquet } from './parquet.ts';
import { temporaryDirectory } from './temporary_directory.ts';

export const DATASET = 'acme/chats';
export const SHA = '0123456789abcdef0123456789abcdef01234567';

/** Rows `from` … `to` − 1 as Parquet: "question 7" is answered by "answer 7". */
export async function parquetOf(from: number, to: number, rowGroup = 2048): Promise<Buffer> {
  const directory = await mkdtemp(join(tmpdir(), 'hub-data-'));
  const messages = `[{'role': 'user', 'content': 'question ' || i}, {'role': 'assistant', 'content': 'answer ' || i}]`;
  const select = `SELECT i AS id, ${messages} AS messages FROM range(${from}, ${to}) t(i)`;
  return await readFile(await writeParquet(directory, 'rows.parquet', select, rowGroup));
}

export function jsonlOf(from: number, to: number): Buffer {
  const rows = Array.from({ length: to - from }, (_, i) => ({
    messages: [
      { role: 'user', content: `question ${from + i}` },
      { role: 'assistant', content: `answer ${from + i}` },
    ],
  }));
  return Buffer.from(rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
}

/** A hub that has the files, and an environment in which it is the one that is asked. */
export async function hubWith(files: Record<string, Buffer | string>, changes: Partial<HubRepository> = {}) {
  const hub = await LocalHub.start({
    name: DATASET,
    type: 'datasets',
    sha: SHA,
    files: new Map(Object.entries(files).map(([path, content]) => [path, Buffer.from(content)])),
    ...changes,
  });
  const home = await temporaryDirectory();
  const env = { HF_ENDPOINT: hub.endpoint, HF_HUB_CACHE: join(home, 'hub'), HF_HOME: home, XDG_CACHE_HOME: home };
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
  for (const name of ['HF_TOKEN', 'HF_HUB_OFFLINE']) vi.stubEnv(name, '');
  return { hub, home, cache: env.HF_HUB_CACHE };
}

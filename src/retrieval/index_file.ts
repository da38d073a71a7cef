// An index over a corpus as a DuckDB file: made once, kept in the cache under its contents, and read without loading all of it.

import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import pLimit from 'p-limit';
import { cacheOf, makeOnce } from '../hub/cache.ts';
import { DUCKDB_SETTINGS } from '../util/duckdb.ts';
import { messageOf, WeightsError } from '../util/errors.ts';
import { type JsonValue, textOf } from '../util/json.ts';
import { printable } from '../util/printable.ts';
import type { Corpus, Passage, RetrieverContext } from './types.ts';

export interface IndexDefinition {
  /** Which kind of index, and the version of how it is made. */
  kind: string;
  /** What it is made of beside the corpus. */
  settings: JsonValue;
  /** Makes the tables of the index beside `passages(passage, id, title, text)`, which is filled; `passage` counts from 0. */
  fill(connection: DuckDBConnection): Promise<void>;
  /** A query with the parameters $query and $count, whose rows have the columns id, title and text. */
  search: string;
}

/** What fits `query`, at most `count` passages. */
export type SearchIndex = (query: string, count: number) => Promise<Passage[]>;

const FILE = 'index.duckdb';

/** One index for all who ask for it in this process: two instances of DuckDB would not share a file. */
const opened = new Map<string, Promise<SearchIndex>>();

/** @throws WeightsError where the cache cannot be written, and what reading the corpus throws */
export function openIndex(definition: IndexDefinition, context: RetrieverContext): Promise<SearchIndex> {
  const { kind, settings } = definition;
  const key = createHash('sha256')
    .update(JSON.stringify([kind, settings, context.corpus.digest]))
    .digest('hex');
  const directory = join(cacheOf('retrieval', process.env), `${kind}-${key.slice(0, 32)}`);
  const known = opened.get(directory);
  if (known !== undefined) return known;
  const opening = open(directory, definition, context);
  opened.set(directory, opening);
  opening.catch(() => opened.delete(directory));
  return opening;
}

async function open(
  directory: string,
  definition: IndexDefinition,
  { corpus, notify, signal }: RetrieverContext,
): Promise<SearchIndex> {
  const { DuckDBInstance } = await import('@duckdb/node-api');
  await makeOnce({
    directory,
    file: FILE,
    what: 'the index of a corpus',
    async fill(partial) {
      notify?.(`making an index of the corpus (${definition.kind}), which is kept`);
      // A corpus may be larger than memory: what does not fit spills beside the index.
      const settings = { ...DUCKDB_SETTINGS, temp_directory: join(partial, 'spilled') };
      const instance = await DuckDBInstance.create(join(partial, FILE), settings);
      const connection = await instance.connect();
      try {
        await fillPassages(connection, corpus, signal);
        await definition.fill(connection);
        await connection.run('CHECKPOINT');
      } finally {
        connection.closeSync();
        instance.closeSync();
      }
    },
  });
  // One thread: a query is small, and the cores are the trainer's.
  const settings = { ...DUCKDB_SETTINGS, access_mode: 'READ_ONLY', threads: '1' };
  const prepared = await ofWhole(directory, async () => {
    const instance = await DuckDBInstance.create(join(directory, FILE), settings);
    const connection = await instance.connect();
    return await connection.prepare(definition.search);
  });
  const inTurn = pLimit(1);
  return async (query, count) => {
    const reader = await inTurn(() =>
      ofWhole(directory, async () => {
        prepared.bind({ query, count });
        return await prepared.runAndReadAll();
      }),
    );
    return reader.getRowObjectsJson().map(({ id, title, text }) => ({
      id: textOf(id) ?? '',
      title: textOf(title) ?? '',
      text: textOf(text) ?? '',
    }));
  };
}

/** What a disk or somebody else has damaged in the cache is told as that. */
async function ofWhole<T>(directory: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    const [reason = ''] = messageOf(error).split('\n');
    throw new WeightsError(`${directory}: the index of a corpus cannot be read: ${printable(reason)}`, {
      hint: 'Delete it: it is made again.',
      cause: error,
    });
  }
}

/** Answers that are kept. The tries of a group ask for much the same. */
const REMEMBERED = 4096;

export function remembering(search: SearchIndex): SearchIndex {
  const answers = new Map<string, Promise<Passage[]>>();
  return (query, count) => {
    const key = JSON.stringify([query, count]);
    const answer = answers.get(key) ?? search(query, count);
    // Those that were asked for last come last.
    answers.delete(key);
    answers.set(key, answer);
    answer.catch(() => answers.delete(key));
    const [oldest] = answers.size > REMEMBERED ? answers.keys() : [];
    if (oldest !== undefined) answers.delete(oldest);
    return answer;
  };
}

async function fillPassages(connection: DuckDBConnection, corpus: Corpus, signal?: AbortSignal): Promise<void> {
  await connection.run('CREATE TABLE passages (passage INTEGER, id VARCHAR, title VARCHAR, text VARCHAR)');
  // One transaction: each of its own would wait for the disk.
  await connection.run('BEGIN TRANSACTION');
  const appender = await connection.createAppender('passages');
  let count = 0;
  for await (const { id, title, text } of corpus.passages()) {
    signal?.throwIfAborted();
    appender.appendInteger(count++);
    for (const value of [id, title, text]) appender.appendVarchar(value);
    appender.endRow();
  }
  appender.closeSync();
  await connection.run('COMMIT');
}

// Passages by words and by meaning, over corpora in files: real indexes in DuckDB, and a small model of texts in the real runtime.

import { appendFile, cp, mkdir, readdir, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { bm25Retriever } from '../../src/retrieval/bm25.ts';
import { corpusFile } from '../../src/retrieval/corpus_file.ts';
import { type EmbeddingOptions, embeddingRetriever } from '../../src/retrieval/embeddings.ts';
import type { Corpus, Passage } from '../../src/retrieval/types.ts';
import { writeParquet } from '../support/parquet.ts';
import { temporaryDirectory } from '../support/temporary_directory.ts';
import { writeTextModel } from '../support/text_model.ts';

let corpora = 0;
const corpusOf = (...texts: string[]): Corpus => ({
  digest: `test ${corpora++}`,
  passages: () => texts.map((text, i): Passage => ({ id: `p${i}`, title: '', text })),
});
const idsOf = (passages: readonly Passage[]) => passages.map(({ id }) => id);
const STANDARD = { k1: 1.2, b: 0.75 };

describe('BM25', () => {
  it('scores as the formula says', async () => {
    const texts = ['red harbor', 'red red lake', 'blue lake at the old harbor of the north', 'nothing'];
    const retriever = await bm25Retriever(STANDARD, { corpus: corpusOf(...texts) });
    const documents = texts.map((text) => text.split(' '));
    const mean = documents.reduce((sum, words) => sum + words.length, 0) / documents.length;
    const scoreOf = (query: string[], words: string[]) =>
      query.reduce((sum, word) => {
        const holders = documents.filter((other) => other.includes(word)).length;
        const frequency = words.filter((other) => other === word).length;
        const idf = Math.log(1 + (documents.length - holders + 0.5) / (holders + 0.5));
        return sum + (idf * frequency * 2.2) / (frequency + 1.2 * (0.25 + (0.75 * words.length) / mean));
      }, 0);
    for (const query of ['red harbor', 'lake', 'old lake', 'north red', 'the']) {
      const best = documents
        .map((words, i) => ({ id: `p${i}`, score: scoreOf(query.split(' '), words) }))
        .filter(({ score }) => score > 0)
        .sort((a, b) => b.score - a.score);
      expect([query, idsOf(await retriever.search(query, 9))]).toEqual([
        query,
        idsOf(best.map(({ id }) => ({ id, title: '', text: '' }))),
      ]);
    }
  });

  it('finds words whatever their case, accents and marks are, and nothing where nothing fits', async () => {
    const retriever = await bm25Retriever(STANDARD, { corpus: corpusOf('Čapek’s CAFÉ (1920)', 'a bare hill') });
    expect(idsOf(await retriever.search('cafe, 1920!', 3))).toEqual(['p0']);
    expect(await retriever.search('elephants', 3)).toEqual([]);
    expect(await retriever.search('', 3)).toEqual([]);
    expect(await retriever.search("'; DROP TABLE passages; --", 3)).toEqual([]);
  });

  it('gives as many as asked for, of equals the first of the corpus first', async () => {
    const retriever = await bm25Retriever(STANDARD, { corpus: corpusOf('a fox', 'a fox', 'a fox', 'a dog') });
    expect(idsOf(await retriever.search('fox', 2))).toEqual(['p0', 'p1']);
  });

  it('counts a word that comes again less, and long passages less, as its settings say', async () => {
    const texts = ['fox', 'fox fox in a long long story about all that is old'];
    const short = await bm25Retriever({ k1: 1.2, b: 1 }, { corpus: corpusOf(...texts) });
    expect(idsOf(await short.search('fox', 1))).toEqual(['p0']);
    const often = await bm25Retriever({ k1: 1.2, b: 0 }, { corpus: corpusOf(...texts) });
    expect(idsOf(await often.search('fox', 1))).toEqual(['p1']);
  });
});

describe('an index', () => {
  it('is made once for the same contents, and again for others', async () => {
    const directory = await temporaryDirectory();
    const file = join(directory, 'corpus.jsonl');
    await writeFile(file, '{"id": 7, "title": "red harbor", "text": "Its baker is brave Nora."}\n');
    const told: string[] = [];
    const open = async () =>
      bm25Retriever(STANDARD, { corpus: await corpusFile(file), notify: (message) => told.push(message) });
    expect(await (await open()).search('brave', 3)).toEqual([
      { id: '7', title: 'red harbor', text: 'Its baker is brave Nora.' },
    ]);
    await open();
    expect(told).toEqual(['making an index of the corpus (bm25-1), which is kept']);
    await appendFile(file, '{"title": "brave Nora", "text": "Her animal is the fox."}\n');
    expect(idsOf(await (await open()).search('fox', 3))).toEqual(['1']);
    expect(told).toHaveLength(2);
  });
});

describe('an index in the cache', () => {
  afterEach(() => vi.unstubAllEnvs());

  it.each([
    ['empty', (file: string) => truncate(file, 0)],
    ['cut', (file: string) => truncate(file, 20_000)],
    ['something else', (file: string) => writeFile(file, 'no index at all')],
    ['of another table', (file: string) => otherIndex(file)],
    ['a directory', (file: string) => rm(file).then(() => mkdir(file))],
  ])('that is %s is told, with what to delete', async (_, spoil) => {
    const [home, other] = [await temporaryDirectory(), await temporaryDirectory()];
    const corpus = corpusOf('a fox');
    vi.stubEnv('XDG_CACHE_HOME', home);
    await bm25Retriever(STANDARD, { corpus });
    // The same in a place where this process has none of it open.
    await cp(home, other, { recursive: true });
    vi.stubEnv('XDG_CACHE_HOME', other);
    const indexes = join(other, 'tinker-cookbook/retrieval');
    const [directory = ''] = (await readdir(indexes)).map((name) => join(indexes, name));
    await spoil(join(directory, 'index.duckdb'));
    const search = async () => (await bm25Retriever(STANDARD, { corpus })).search('fox', 1);
    await expect(search()).rejects.toMatchObject({
      message: expect.stringContaining(`${directory}: the index of a corpus cannot be read: `),
      hint: 'Delete it: it is made again.',
    });
    await rm(directory, { recursive: true });
    expect(idsOf(await search())).toEqual(['p0']);
  });
});

async function otherIndex(file: string): Promise<void> {
  await rm(file);
  const instance = await DuckDBInstance.create(file);
  const connection = await instance.connect();
  await connection.run('CREATE TABLE passages (passage INTEGER, id VARCHAR, title VARCHAR, text VARCHAR)');
  connection.closeSync();
  instance.closeSync();
}

describe('a corpus in a file', () => {
  const read = async (file: string) => {
    const passages: Passage[] = [];
    for await (const passage of (await corpusFile(file)).passages()) passages.push(passage);
    return passages;
  };

  it('is JSON Lines, a list, or Parquet, in the fields of the public ones', async () => {
    const directory = await temporaryDirectory();
    const parquet = await writeParquet(directory, 'corpus.parquet', `SELECT 'a' AS id, 'T' AS title, 'text' AS text`);
    expect(await read(parquet)).toEqual([{ id: 'a', title: 'T', text: 'text' }]);
    const wiki = join(directory, 'wiki.jsonl');
    await writeFile(wiki, `${JSON.stringify({ id: '0', contents: '"Red harbor"\nA village.\nBy the sea.' })}\n`);
    expect(await read(wiki)).toEqual([{ id: '0', title: 'Red harbor', text: 'A village.\nBy the sea.' }]);
  });

  it.each([
    ['{"title": "x"}', 'corpus.jsonl:1: text: is missing; a passage is {"id", "title", "text"}'],
    ['{"text": 5}', 'corpus.jsonl:1: text: must be text, not the number 5'],
    ['{"text": "x", "title": ["y"]}', 'corpus.jsonl:1: title: must be text, not a list'],
    ['', 'corpus.jsonl: the file is empty'],
  ])('%s is told', async (row, message) => {
    const file = join(await temporaryDirectory(), 'corpus.jsonl');
    await writeFile(file, `${row}\n`);
    await expect(read(file)).rejects.toThrow(message);
  });

  it('that is not there is told', async () => {
    await expect(corpusFile('/nowhere/corpus.jsonl')).rejects.toThrow('/nowhere/corpus.jsonl');
  });
});

describe('embeddings', () => {
  const VECTORS = { dog: [1, 0.1], puppy: [0.9, 0.2], car: [0, 1], truck: [0.1, 0.9], red: [0.1, 0.1] };
  const options = async (more: Partial<EmbeddingOptions> = {}): Promise<EmbeddingOptions> => ({
    model_path: await writeTextModel(VECTORS),
    pooling: 'mean',
    query_prefix: '',
    passage_prefix: '',
    max_length: null,
    threads: 1,
    ...more,
  });
  const corpus = () => corpusOf('red truck', 'red puppy', 'car');

  it('find what means the same in other words', async () => {
    const retriever = await embeddingRetriever(await options(), { corpus: corpus() });
    expect(idsOf(await retriever.search('dog', 1))).toEqual(['p1']);
    expect(idsOf(await retriever.search('red car', 3))).toEqual(['p2', 'p0', 'p1']);
  });

  it('are one token where the model says so, and end where it stops reading', async () => {
    // The first token is the mark, whose vector is nothing: no passage is nearer than another.
    const first = await embeddingRetriever(await options({ pooling: 'cls' }), { corpus: corpus() });
    expect(idsOf(await first.search('dog', 3))).toEqual(['p0', 'p1', 'p2']);
    const cut = await embeddingRetriever(await options({ max_length: 3 }), {
      corpus: corpusOf('dog car car car', 'car'),
    });
    expect(idsOf(await cut.search('dog', 1))).toEqual(['p0']);
  });

  it('have prefixes where the model wants them', async () => {
    const retriever = await embeddingRetriever(await options({ query_prefix: 'car ' }), { corpus: corpus() });
    expect(idsOf(await retriever.search('red', 1))).toEqual(['p2']);
  });

  it('are made again for a model that reads the same texts as other tokens', async () => {
    const context = { corpus: corpusOf('dog', 'car') };
    const models = [
      { dog: [1, 0.1], car: [0, 1] },
      { car: [1, 0.1], dog: [0, 1] },
    ];
    for (const vectors of models) {
      const model_path = await writeTextModel(vectors);
      const retriever = await embeddingRetriever(await options({ model_path }), context);
      expect(idsOf(await retriever.search('dog', 1))).toEqual(['p0']);
    }
  });

  it('say what is wrong with a model', async () => {
    const directory = await temporaryDirectory();
    await expect(embeddingRetriever(await options({ model_path: directory }), { corpus: corpus() })).rejects.toThrow(
      'model.onnx: no such file',
    );
    const classifier = await writeTextModel(VECTORS, 'logits');
    await expect(embeddingRetriever(await options({ model_path: classifier }), { corpus: corpus() })).rejects.toThrow(
      'the graph gives no "last_hidden_state" or "token_embeddings"',
    );
  });
});

// Passages by what they mean: each has a vector, and those fit a query best whose vectors point most in its direction.
//
// The models are those that transformers.js runs, read by the runtime and the tokenizers that the engine has already: the library
// itself would bring another version of both.

import { readdir } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { isFile } from '../formats/files.ts';
import { openTextGraph, positionsOf, requiredJson, textReaderOf, valuesOf } from '../hub/onnx_text.ts';
import { WeightsError } from '../util/errors.ts';
import { digestOfFile } from '../util/file_digest.ts';
import { textOf } from '../util/json.ts';
import { openIndex, remembering } from './index_file.ts';
import type { Retriever, RetrieverContext } from './types.ts';

export interface EmbeddingOptions {
  /** A directory with config.json, tokenizer.json and onnx/model.onnx. */
  model_path: string;
  /** What a vector is made of: the mean of all tokens, or the first. */
  pooling: 'mean' | 'cls';
  /** In front of a query, and of a passage, where the model was trained with such words. */
  query_prefix: string;
  passage_prefix: string;
  max_length: number | null;
  threads: number;
}

type Encode = (text: string) => Promise<number[]>;

export async function embeddingRetriever(options: EmbeddingOptions, context: RetrieverContext): Promise<Retriever> {
  const { model_path, pooling, query_prefix, passage_prefix, max_length } = options;
  const graph = await modelFile(model_path);
  const encode = await encoderOf(options);
  const { length } = await encode('');
  const search = await openIndex(
    {
      kind: 'embeddings-1',
      settings: { model: await modelDigests(model_path, graph), pooling, passage_prefix, max_length },
      fill: (connection) =>
        fillVectors(connection, length, (text) => encode(`${passage_prefix}${text}`), context.signal),
      search: `
        SELECT id, title, text FROM vectors JOIN passages USING (passage)
        ORDER BY array_cosine_similarity(vector, CAST($query AS FLOAT[${length}])) DESC, passage LIMIT $count`,
    },
    context,
  );
  return {
    search: remembering(async (query, count) => search(JSON.stringify(await encode(`${query_prefix}${query}`)), count)),
  };
}

async function modelFile(directory: string): Promise<string> {
  const places = [join(directory, 'onnx', 'model.onnx'), join(directory, 'model.onnx')];
  for (const place of places) if (await isFile(place)) return place;
  throw new WeightsError(`${places[0]}: no such file`, {
    hint: 'An embedding model is a directory with config.json, tokenizer.json and onnx/model.onnx, as transformers.js takes it.',
  });
}

/** Of all that decides a vector: the graph, weights that it keeps in files beside it, and how texts become tokens. */
async function modelDigests(directory: string, graph: string): Promise<Record<string, string>> {
  const beside = (await readdir(dirname(graph))).filter((name) => name.startsWith(basename(graph))).sort();
  const files = [
    ...beside.map((name) => join(dirname(graph), name)),
    ...['config.json', 'tokenizer.json', 'tokenizer_config.json'].map((name) => join(directory, name)),
  ];
  const digests: Record<string, string> = {};
  for (const file of files) if (await isFile(file)) digests[relative(directory, file)] = await digestOfFile(file);
  return digests;
}

const GRAPH = { outputs: ['last_hidden_state', 'token_embeddings'], what: 'a model of texts' };

async function encoderOf({ model_path, pooling, max_length, threads }: EmbeddingOptions): Promise<Encode> {
  const config = await requiredJson(join(model_path, 'config.json'));
  const read = await textReaderOf(model_path, { asked: max_length, positions: positionsOf(config) });
  const graph = await openTextGraph(model_path, { ...GRAPH, threads });
  return async (text) => {
    const states = await graph.run(read(text, null));
    const [batch, tokens, width] = states.dims;
    if (states.dims.length !== 3 || batch !== 1 || width === 0 || tokens === 0)
      throw new WeightsError(
        `${model_path}: the graph gives no vector for each token, but ${states.dims.join(' × ')} numbers`,
      );
    const values = valuesOf(states);
    if (pooling === 'cls') return values.slice(0, width);
    return Array.from({ length: width }, (_, i) => {
      let sum = 0;
      for (let token = 0; token < tokens; token++) sum += values[token * width + i];
      return sum / tokens;
    });
  };
}

/** Passages that are read at a time. */
const CHUNK = 256;

async function fillVectors(
  connection: DuckDBConnection,
  width: number,
  encode: Encode,
  signal?: AbortSignal,
): Promise<void> {
  await connection.run(`CREATE TABLE vectors (passage INTEGER, vector FLOAT[${width}])`);
  const insert = await connection.prepare(`INSERT INTO vectors VALUES ($passage, CAST($vector AS FLOAT[${width}]))`);
  for (let first = 0; ; first += CHUNK) {
    const reader = await connection.runAndReadAll(
      `SELECT title || ' ' || text AS said FROM passages WHERE passage BETWEEN ${first} AND ${first + CHUNK - 1} ORDER BY passage`,
    );
    const rows = reader.getRowObjectsJson();
    if (rows.length === 0) return;
    for (const [i, { said }] of rows.entries()) {
      signal?.throwIfAborted();
      insert.bind({ passage: first + i, vector: JSON.stringify(await encode(textOf(said) ?? '')) });
      await insert.run();
    }
  }
}

// Passages by what they mean: each has a vector, and those fit a query best whose vectors point most in its direction.
//
// The models are those that transformers.js runs, read by the runtime and the tokenizers that the engine has already: the library
// itself would bring another version of both.

import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import {
  openTextGraph,
  positionsOf,
  requiredJson,
  textModelDigests,
  textReaderOf,
  valuesOf,
} from '../hub/onnx_text.ts';
import { WeightsError } from '../util/errors.ts';
import { canonicalJson, textOf } from '../util/json.ts';
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
  const model = await textModelDigests(model_path);
  const encode = await encoderOf(options);
  const { length } = await encode('');
  const search = await openIndex(
    {
      kind: 'embeddings-1',
      settings: { model, pooling, passage_prefix, max_length },
      fill: (connection) =>
        fillVectors(connection, length, (text) => encode(`${passage_prefix}${text}`), context.signal),
      search: `
        SELECT id, title, text FROM vectors JOIN passages USING (passage)
        ORDER BY array_cosine_similarity(vector, CAST($query AS FLOAT[${length}])) DESC, passage LIMIT $count`,
    },
    context,
  );
  return {
    digest: canonicalJson(model),
    search: remembering(async (query, count) => search(JSON.stringify(await encode(`${query_prefix}${query}`)), count)),
  };
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

// Retrievers under the names that specs use.

import { Type } from '@sinclair/typebox';
import { defineBuilder } from '../registry/builder.ts';
import { contents, nullable, oneOf, runtime, semantic } from '../registry/fields.ts';
import { retrieverSlot } from './types.ts';

const bm25 = defineBuilder({
  slot: retrieverSlot,
  name: 'bm25',
  version: 1,
  doc: 'By the words that a passage shares with the query, the rare ones first (BM25).',
  params: Type.Object({
    k1: semantic(
      Type.Number({ minimum: 0, default: 1.2, description: 'How soon a word that comes again counts less.' }),
    ),
    b: semantic(
      Type.Number({
        minimum: 0,
        maximum: 1,
        default: 0.75,
        description: 'How much long passages pay for their length.',
      }),
    ),
  }),
  async build(options, context) {
    const { bm25Retriever } = await import('./bm25.ts');
    return await bm25Retriever(options, context);
  },
});

const embeddings = defineBuilder({
  slot: retrieverSlot,
  name: 'embeddings',
  version: 1,
  doc: 'By the meaning of a passage: cosine similarity of vectors, made by a model of texts in ONNX as transformers.js takes it.',
  params: Type.Object({
    model_path: contents(
      Type.String({ format: 'path', description: 'A directory with config.json, tokenizer.json and onnx/model.onnx.' }),
    ),
    pooling: semantic(
      oneOf(['mean', 'cls'], {
        default: 'mean',
        description: 'A vector is the mean of all tokens, or that of the first.',
      }),
    ),
    query_prefix: semantic(
      Type.String({ default: '', description: 'In front of a query, such as "query: ", where the model wants it.' }),
    ),
    passage_prefix: semantic(
      Type.String({
        default: '',
        description: 'In front of a passage, such as "passage: ", where the model wants it.',
      }),
    ),
    max_length: nullable(
      semantic(
        Type.Integer({
          minimum: 2,
          default: null,
          description: 'Tokens a text is cut to; null = what the model takes.',
        }),
      ),
    ),
    threads: runtime(Type.Integer({ minimum: 1, default: 1, description: 'Threads that it computes with.' })),
  }),
  async build(options, context) {
    const { embeddingRetriever } = await import('./embeddings.ts');
    return await embeddingRetriever(options, context);
  },
});

export const retrievers = [bm25, embeddings];

// Retrievers under the names that specs use.

import { Type } from '@sinclair/typebox';
import { defineBuilder } from '../registry/builder.ts';
import { semantic } from '../registry/fields.ts';
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

export const retrievers = [bm25];

// Spec fields of the tiny corpus and of its tokenizer.

import { type Static, semantic, Type } from 'tinker-cookbook';

const count = (description: string, value?: number) =>
  semantic(Type.Integer({ minimum: 1, description, ...(value === undefined ? {} : { default: value }) }));
const corpusSeed = semantic(Type.Integer({ default: 0, description: 'Which corpus: apart from the seed of the run.' }));

export const tinyCorpusParams = Type.Object({
  documents: count('Documents to train on; about 46 tokens each.'),
  test_documents: semantic(
    Type.Integer({
      minimum: 0,
      default: 1000,
      description: 'Documents that are held out, from another stretch of the corpus.',
    }),
  ),
  unfamiliar_percent: semantic(
    Type.Number({
      minimum: 0,
      maximum: 100,
      default: 2,
      description: 'Share of the sums that are of the kind which the model is to find hard.',
    }),
  ),
  corpus_seed: corpusSeed,
  batch_size: count('Blocks in an optimizer step.'),
  max_length: count('Tokens in a block.', 256),
});
export type TinyCorpusParams = Static<typeof tinyCorpusParams>;

export const tokenizerParams = Type.Object({
  vocab_size: count('Tokens, special ones included.', 2048),
  documents: count('Documents of the corpus that it is trained on.', 20000),
  corpus_seed: corpusSeed,
});
export type TokenizerParams = Static<typeof tokenizerParams>;

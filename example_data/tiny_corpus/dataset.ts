// The tiny corpus as blocks of tokens, and its tokenizer.

import {
  CHATML_SPECIAL_TOKENS,
  ConfigurationError,
  type DatasetContext,
  packedDataset,
  type SupervisedDatasets,
  type Tokenizer,
  trainBpe,
  writeTokenizer,
} from 'tinker-cookbook';
import { generateTinyCorpus, type TinyDocument } from './corpus.ts';
import type { TinyCorpusParams, TokenizerParams } from './params.ts';

const END = '<|endoftext|>';

export function tinyCorpusDatasets(params: TinyCorpusParams, { tokenizer, seed }: DatasetContext): SupervisedDatasets {
  const {
    documents,
    test_documents,
    unfamiliar_percent: unfamiliarPercent,
    corpus_seed,
    batch_size,
    max_length,
  } = params;
  const corpus = generateTinyCorpus({ seed: corpus_seed, documents: test_documents + documents, unfamiliarPercent });
  const next = (count: number) => tokensOf(corpus, count, tokenizer);
  const packed = (tokens: Int32Array, shuffleSeeds: readonly number[] | null) =>
    packedDataset(tokens, { blockLength: max_length, batchSize: batch_size, reduction: 'mean', shuffleSeeds });
  // The held-out documents come first, so that a longer run is measured on the same ones.
  const test = test_documents === 0 ? null : packed(next(test_documents), null);
  return { train: packed(next(documents), [seed]), test };
}

export async function trainTinyCorpusTokenizer(
  directory: string,
  { vocab_size, documents, corpus_seed }: TokenizerParams,
  modelMaxLength: number,
): Promise<void> {
  const texts = Array.from(generateTinyCorpus({ seed: corpus_seed, documents }), markup);
  const { tokenizerJson } = trainBpe(texts, { vocabSize: vocab_size, specialTokens: CHATML_SPECIAL_TOKENS });
  await writeTokenizer(directory, { tokenizerJson, modelMaxLength });
}

/** A document as the model reads it: conversations in the markup of the chat template that the tokenizer carries. */
function markup(document: TinyDocument): string {
  if ('text' in document) return document.text + END;
  const turns = document.messages.map(({ role, content }) => {
    if (typeof content !== 'string') throw new Error('the tiny corpus has only text');
    return `<|im_start|>${role}\n${content}<|im_end|>\n`;
  });
  return turns.join('') + END;
}

/** The next `count` documents of a corpus, end to end. */
function tokensOf(corpus: Iterator<TinyDocument>, count: number, tokenizer: Tokenizer): Int32Array {
  if (tokenizer.tokenId(END) === null) {
    throw new ConfigurationError(`the tokenizer has no ${END}, which separates the documents of the tiny corpus`);
  }
  let tokens = new Int32Array(count * 64);
  let length = 0;
  for (let i = 0; i < count; i++) {
    const { value, done } = corpus.next();
    if (done === true) break;
    const encoded = tokenizer.encode(markup(value));
    if (length + encoded.length > tokens.length) {
      const grown = new Int32Array(2 * tokens.length);
      grown.set(tokens);
      tokens = grown;
    }
    tokens.set(encoded, length);
    length += encoded.length;
  }
  return tokens.slice(0, length);
}

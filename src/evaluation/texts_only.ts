// In the place of a renderer and a tokenizer, where a service takes and gives texts: benchmarks are built with them, and must not
// use them.

import type { Renderer } from '../renderers/types.ts';
import type { Tokenizer } from '../tokenizers/types.ts';
import { ConfigurationError } from '../util/errors.ts';

function refuse(): never {
  throw new ConfigurationError('this benchmark works on tokens, and the service takes and gives texts', {
    hint: 'Ask a run, a model, or one at a Tinker service (--service tinker): those are sampled token by token.',
  });
}

const tokenizer: Tokenizer = {
  vocabSize: 0,
  bosTokenId: null,
  eosTokenId: null,
  padTokenId: null,
  endTokenIds: [],
  chatTemplate: null,
  specialTokens: [],
  encode: refuse,
  encodePieces: refuse,
  decode: refuse,
  tokenId: refuse,
  tokenText: refuse,
  isSpecial: refuse,
};

/** Its functions throw ConfigurationError. */
export const textsOnlyRenderer: Renderer = {
  name: 'texts_only',
  tokenizer,
  hasExtensionProperty: false,
  supportsStreaming: false,
  disablesThinking: false,
  getStopSequences: refuse,
  buildGenerationPrompt: refuse,
  buildSupervisedExample: refuse,
  buildSupervisedExamples: refuse,
  parseResponse: refuse,
  parseResponseStreaming: refuse,
  createConversationPrefixWithTools: refuse,
};
